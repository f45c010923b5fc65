import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@athanor/engine";
import { referenceExecutor } from "@athanor/engine/trace";
import {
  AthanorClient,
  AthanorError,
  type InferenceResult,
  type QuoteRequest,
  type TokenInfo,
} from "@athanor/sdk";
import { type ChallengeOutcome, Disputes, type MoveMade } from "@athanor/sdk/disputes";
import { nodeModelSource } from "@athanor/sdk/node";
import { connectContracts, decodeJobState, tokenBytes } from "@athanor/sdk/protocol";
import { Wallet } from "ethers";
import { generateRandom } from "../../engine/src/testing/random.ts";
import { type Balances, readBalances } from "./balances.ts";
import { type WrongComputation, wrongComputation } from "./fault.ts";
import { generationOptions, type GenerationFlags } from "./generation.ts";
import { newAccount } from "./local-chain.ts";
import { onStage, type Stage, type StageOptions } from "./stage.ts";

export interface DisputeDemoOptions extends StageOptions, GenerationFlags {
  /** Who lies: the provider about the answer, or the challenger about its own computation. */
  readonly liar: "provider" | "challenger";
  readonly prompt: string;
  readonly token: "ATH" | "mUSD";
}

export interface DisputeDemoResult {
  readonly liar: "provider" | "challenger";
  readonly seed: number;
  readonly jobId: string;
  /** What the liar changed. */
  readonly fault: WrongComputation["fault"];
  /** Names of the program's operators. */
  readonly operators: readonly string[];
  readonly prompt: string;
  readonly honestText: string;
  readonly wrongText: string;
  readonly moves: readonly MoveMade[];
  readonly outcome: ChallengeOutcome;
  /** The element that the chain executed; undefined when a clock decided. */
  readonly executed: Executed | undefined;
  /** Of the job, at the end. */
  readonly status: string;
  readonly currencies: Readonly<Record<string, TokenInfo>>;
  readonly balances: { readonly before: Balances; readonly after: Balances };
  /** Wei that each player and the game gained or lost in the dispute, and wei of it that were paid for gas. */
  readonly coins: Readonly<Record<string, { readonly change: bigint; readonly gas: bigint }>>;
  /** ATH units that no longer exist. */
  readonly burned: bigint;
}

export interface Executed {
  readonly part: "Trace" | "Output";
  readonly position: number;
  readonly operator: number;
  readonly tile: number;
  readonly element: number;
}

/** More than any request that fits the model costs; the client pays what its request costs. */
const MAX_PRICE = { ATH: 10n * 10n ** 18n, mUSD: 10n ** 6n };
const POLLING_INTERVAL = 50;
/** Seconds after a window within which others may earn the bounty before the client takes it. */
const CLIENT_FINALIZES_AFTER = 120;

/** One request whose answer is disputed, down to the element that the chain executes. Cleans up after itself. */
export function runDispute(options: DisputeDemoOptions): Promise<DisputeDemoResult> {
  return onStage(options, (stage) => dispute(options, stage));
}

async function dispute(options: DisputeDemoOptions, stage: Stage): Promise<DisputeDemoResult> {
  const { liar, prompt, signal, screen } = options;
  const { step, chain, client, provider, model, currencies } = stage;
  const tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
  const operator = await operatorOf(stage);
  const challenger = await newAccount(chain);
  const accounts = {
    client: client.address,
    provider: provider.owner,
    challenger: challenger.address,
    protocol: chain.deployment.jobEscrow,
    game: chain.deployment.disputeGame,
  };
  const symbols = { ATH: currencies.ATH.address, mUSD: currencies.mUSD.address };
  const before = await readBalances(chain, accounts, symbols);
  const { ath, jobEscrow, disputeGame } = connectContracts(chain.provider, chain.deployment);
  const supply = await ath.totalSupply();

  const { promptTokens, generation } = await (await clientOf(stage)).quote(inferenceOf(options, stage));
  const request = { prompt: promptTokens, ...generation };
  const operators = model.program.operators.map(({ name }) => name);
  const { honest, wrong } = await step(
    "compute the answer, honestly and with one element changed",
    async () => ({
      honest: await referenceExecutor(model, request),
      wrong: await wrongComputation(model, request, generateRandom(options.seed)),
    }),
    ({ wrong: { fault } }) => `position ${fault.position}, ${operators[fault.operator]!}`,
  );
  const answer = await step(
    `send the prompt; the provider answers ${liar === "provider" ? "wrongly" : "rightly"}`,
    () => ask(options, stage, operator, (liar === "provider" ? wrong : honest).tokens),
    ({ text }) => JSON.stringify(text.slice(0, 40)),
  );

  const players = { operator: operator.address, ...accounts };
  const coinsBefore = await coinsOf(stage, players);
  const moves: MoveMade[] = [];
  const onMove = (move: MoveMade) => {
    moves.push(move);
    screen.update(`${moves.length} moves, last: ${move.by} ${move.kind}`);
  };
  const play = (signer: Wallet, lies: boolean) =>
    Disputes.connect({
      ...{ signer, model: () => model, pollingInterval: POLLING_INTERVAL },
      ...{ executor: lies ? wrong.executor : referenceExecutor, deployment: chain.deployment },
    });
  const outcome = await step(
    "challenge the answer, and defend it",
    async () => {
      const attack = await play(challenger, liar === "challenger");
      const defence = await play(operator, liar === "provider");
      return settle(attack, defence, answer.job.id, { onMove, signal });
    },
    ({ status }) => `${moves.length} moves: ${status === "won" ? "convicted" : "the challenge is lost"}`,
  );
  if (outcome.status === "lost") {
    await step("close the challenge window and pay", async () => {
      const now = (await chain.provider.getBlock("latest"))!.timestamp;
      // The provider has no worker here that would finalise: the client does, a while after the window.
      await chain.advance(Math.max(0, answer.finalizableAt - now) + CLIENT_FINALIZES_AFTER);
      return (await clientOf(stage)).resume(answer.job.id, { waitFor: "finalized", signal });
    });
  }
  const coinsAfter = await coinsOf(stage, players);
  const gas = await gasOf(stage, moves);
  const named = moves.some(({ kind }) => kind === "step")
    ? (await disputeGame.challengeOf(moves[0]!.challengeId)).target
    : undefined;
  return {
    ...{ liar, prompt, seed: options.seed, jobId: answer.job.id, fault: wrong.fault },
    ...{ operators, moves, outcome, currencies },
    honestText: tokenizer.decode(honest.tokens),
    wrongText: tokenizer.decode(wrong.tokens),
    executed: named && {
      part: named.part === 0n ? "Trace" : "Output",
      position: Number(named.position),
      operator: Number(named.operator),
      tile: Number(named.tile),
      element: Number(named.element),
    },
    status: decodeJobState(await jobEscrow.jobState(answer.job.id)).status,
    balances: { before, after: await readBalances(chain, accounts, symbols) },
    coins: Object.fromEntries(
      (["challenger", "operator", "provider", "game"] as const).map((name) => [
        name,
        { change: coinsAfter[name]! - coinsBefore[name]!, gas: gas[name] ?? 0n },
      ]),
    ),
    burned: supply - (await ath.totalSupply()),
  };
}

/**
 * Both sides play at the same time, as they would on machines of their own, until the challenge is over. A liar that finds that the chain would
 * decide against it has nothing left to do but to wait; everything else that stops a side fails the demonstration.
 */
async function settle(
  attack: Disputes,
  defence: Disputes,
  jobId: string,
  options: { readonly onMove: (move: MoveMade) => void; readonly signal: AbortSignal },
): Promise<ChallengeOutcome> {
  const failed = new AbortController();
  let defending: Promise<unknown> | undefined;
  const defend = async () => {
    const outcome = await unlessCaught(defence.defend(jobId, options));
    // The attack would wait for moves that nobody makes.
    if (outcome instanceof Error) failed.abort(outcome);
    return outcome;
  };
  const onMove = (move: MoveMade) => {
    options.onMove(move);
    if (move.kind === "open") defending ??= defend();
  };
  const play = { onMove, signal: AbortSignal.any([options.signal, failed.signal]) };
  const outcome = await unlessCaught(attack.challenge(jobId, play));
  const failure = await defending;
  if (failure instanceof Error) throw failure;
  if (outcome instanceof Error) throw outcome;
  // Caught: the defence has had the last move. Looking again tells what became of it.
  return outcome ?? attack.challenge(jobId, play);
}

/** What it resolves to, its error, or undefined if the player found that the chain would decide against it. */
async function unlessCaught<Result>(playing: Promise<Result>): Promise<Result | Error | undefined> {
  try {
    return await playing;
  } catch (error) {
    if (error instanceof AthanorError && error.code === "StepUnexpected") return undefined;
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The client asks; the provider submits the tokens it is told to. */
async function ask(
  options: DisputeDemoOptions,
  stage: Stage,
  operator: Wallet,
  tokens: readonly number[],
): Promise<InferenceResult> {
  const { jobEscrow } = connectContracts(operator, stage.chain.deployment);
  const submitted: Promise<unknown>[] = [];
  const client = await clientOf(stage);
  const answer = await client.infer({
    ...inferenceOf(options, stage),
    maxPrice: MAX_PRICE[options.token],
    onProgress(progress) {
      if (progress.stage !== "created") return;
      const submission = client
        .job(progress.jobId)
        .then(({ terms }) => jobEscrow.submit(terms, tokenBytes([...tokens])));
      submitted.push(submission);
    },
  });
  await Promise.all(submitted);
  return answer;
}

/** What the client asks for. */
function inferenceOf(options: DisputeDemoOptions, { model, currencies }: Stage): QuoteRequest {
  const { prompt, token, signal } = options;
  const { modelRoot } = model.commitment;
  return {
    ...generationOptions(options),
    model: modelRoot,
    prompt,
    token: currencies[token].address,
    signal,
  };
}

function clientOf({ client, chain }: Stage): Promise<AthanorClient> {
  return AthanorClient.connect({
    ...{ signer: client, deployment: chain.deployment },
    ...{ modelSource: nodeModelSource(), pollingInterval: POLLING_INTERVAL },
  });
}

async function operatorOf({ chain, provider }: Stage): Promise<Wallet> {
  const keystore = await readFile(join(provider.folder, "operator.json"), "utf8");
  const { privateKey } = await Wallet.fromEncryptedJson(keystore, provider.password);
  return new Wallet(privateKey, chain.provider);
}

async function coinsOf(
  { chain }: Stage,
  accounts: Readonly<Record<string, string>>,
): Promise<Record<string, bigint>> {
  const read = Object.entries(accounts).map(
    async ([name, account]) => [name, await chain.provider.getBalance(account)] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

/** Wei that the moves cost their senders. */
async function gasOf({ chain }: Stage, moves: readonly MoveMade[]): Promise<Record<string, bigint>> {
  const paid: Record<string, bigint> = { challenger: 0n, operator: 0n };
  const hashes = new Map(moves.map((move) => [move.transactionHash, move]));
  for (const [hash, { by }] of hashes) {
    const receipt = await chain.provider.getTransactionReceipt(hash);
    paid[by === "challenger" ? "challenger" : "operator"]! += receipt!.fee;
  }
  return paid;
}
