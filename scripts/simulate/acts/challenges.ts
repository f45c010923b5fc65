import { decodeGeneration, encodeGeneration, outputRoot, tokensRoot } from "@athanor/engine/commitments";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { challengerMove } from "../../../sdk/src/disputes/challenger.ts";
import { createDisputeContext, ownOf, type DisputeContext } from "../../../sdk/src/disputes/context.ts";
import { defenderMove } from "../../../sdk/src/disputes/defender.ts";
import type { Dispute } from "../../../sdk/src/disputes/dispute.ts";
import type { Move } from "../../../sdk/src/disputes/moves.ts";
import { readChallenge } from "../../../sdk/src/disputes/state.ts";
import { AthanorError } from "../../../sdk/src/errors/athanor-error.ts";
import type { JobTerms } from "../../../sdk/src/protocol/job.ts";
import type { ModelChallenge } from "../model/disputes.ts";
import { MAX_TOKENS, PROMPT } from "./computation.ts";
import type { Day, ProviderState } from "./day.ts";
import type { Kind } from "./kinds.ts";
import { deploymentOf } from "./setup.ts";

/** A result that somebody doubts: of a job, or a receipt that was presented. */
export interface DoubtedResult {
  readonly id: string;
  readonly terms: JobTerms;
  readonly provider: ProviderState;
  readonly tokens: readonly number[];
  /** No move of its disputes is older. */
  readonly block: number;
  /** Seconds in which it can be challenged, as the specification has them. */
  readonly window: number;
  /** The most that it costs, if it is paid in ATH; 0 otherwise. */
  readonly priceInAth: bigint;
  /** What its provider computes with. */
  readonly executor: Executor;
}

/** A challenge with both sides' programs. */
export interface PlayedChallenge {
  readonly id: string;
  readonly salt: string;
  readonly model: ModelChallenge;
  readonly result: DoubtedResult;
  /** What the challenger computes with. */
  readonly executor: Executor;
}

const contexts = new WeakMap<Day, Map<string, DisputeContext>>();

/** Commits to a challenge: more than the bond, so that some comes back. */
export async function commit(
  day: Day,
  result: DoubtedResult,
  challenger: string,
  executor: Executor = referenceExecutor,
): Promise<PlayedChallenge> {
  const { chain, model } = day;
  const salt = day.lots.bytes32(`challenge of ${result.id} by ${challenger}`);
  const [id] = await chain.read("dispute game", "challengeIdOf", [
    chain.addressOf(challenger),
    result.id,
    salt,
  ]);
  const own: ModelChallenge = {
    ...{
      name: `challenge ${String(model.disputes.all.length + 1)}`,
      challenger,
      provider: result.provider.name,
    },
    ...{ window: result.window, priceInAth: result.priceInAth, spent: 0n, reserved: 0n, status: "Committed" },
    bond: model.disputes.bondOf(result.window) + 12_345n,
  };
  const call = ["dispute game", "commit", [id]] as const;
  await day.act("challenge committed", challenger, call, () => model.disputes.commit(own), own.bond);
  return { id: id as string, salt, model: own, result, executor };
}

export async function open(day: Day, challenge: PlayedChallenge): Promise<void> {
  const { result, salt, model } = challenge;
  const output = { count: result.tokens.length, tokensRoot: tokensRoot(result.tokens) };
  const call = ["dispute game", "open", [result.terms, output, salt]] as const;
  const isLate = day.model.stakes.of(result.provider.name).jailed;
  await day.act(
    isLate ? "challenge opened after the conviction" : "challenge opened",
    model.challenger,
    call,
    () => (isLate ? day.model.disputes.openTooLate(model) : day.model.disputes.open(model)),
  );
}

/** Both sides move in turn, each as the SDK does, until the chain has executed the step. */
export async function playToVerdict(
  day: Day,
  challenge: PlayedChallenge,
  verdict: "Lost" | "Convicted",
  kind: Kind,
): Promise<void> {
  for (let moves = 0; moves < 60; moves++) {
    const state = await stateOf(day, challenge);
    if (state.status !== "Live" || state.convicted) {
      throw new Error(`${challenge.model.name}, seed ${day.seed}: it ended before its step`);
    }
    const { move, by } = await nextMove(day, challenge, state);
    if (move.kind !== "step") {
      await makeMove(day, challenge, move, by);
      continue;
    }
    const { disputes } = day.model;
    await day.act(kind, by, ["dispute game", "step", move.args], () =>
      verdict === "Lost" ? disputes.lose(challenge.model) : disputes.convict(challenge.model),
    );
    return;
  }
  throw new Error(`${challenge.model.name}, seed ${day.seed}: there is no step after 60 moves`);
}

/** The provider posts its trace, and nothing more. */
export async function postTrace(day: Day, challenge: PlayedChallenge): Promise<void> {
  const state = await stateOf(day, challenge);
  const { move, by } = await nextMove(day, challenge, state);
  await makeMove(day, challenge, move, by);
}

/** The last second of whoever's turn it is. */
export async function deadlineOf(day: Day, challenge: PlayedChallenge): Promise<number> {
  return (await stateOf(day, challenge)).turn!.deadline;
}

/** Whoever had to move did not. */
export async function timeOut(
  day: Day,
  challenge: PlayedChallenge,
  by: string,
  verdict: "Lost" | "Convicted",
): Promise<void> {
  const { disputes } = day.model;
  const kind = verdict === "Lost" ? "challenge lost for its silence" : "provider convicted for its silence";
  await day.act(kind, by, ["dispute game", "timeout", [challenge.id]], () =>
    verdict === "Lost" ? disputes.lose(challenge.model) : disputes.convict(challenge.model),
  );
}

export async function reclaim(day: Day, { id, model }: PlayedChallenge, kind: Kind): Promise<void> {
  await day.act(kind, model.challenger, ["dispute game", "reclaim", [id]], () =>
    day.model.disputes.reclaim(model),
  );
}

async function stateOf(day: Day, { id, result, model }: PlayedChallenge) {
  const context = await contextOf(day, model.challenger, referenceExecutor);
  return readChallenge(context, id, { id: result.id, provider: day.chain.addressOf(result.provider.name) });
}

async function nextMove(
  day: Day,
  challenge: PlayedChallenge,
  state: Awaited<ReturnType<typeof stateOf>>,
): Promise<{ move: Move; by: string }> {
  const { result, model, salt } = challenge;
  const { operator } = result.provider;
  if (state.turn!.side === "Provider") {
    const context = await contextOf(day, operator, result.executor);
    try {
      const move = await defenderMove(context, await disputeOf(day, context, result), state);
      if (move) return { move, by: operator };
    } catch (error) {
      // A liar has nothing to say to the step: whoever doubts it sends it.
      if (!(error instanceof AthanorError) || error.code !== "StepUnexpected") throw error;
    }
  }
  const context = await contextOf(day, model.challenger, challenge.executor);
  const dispute = { ...(await disputeOf(day, context, result)), salt, maximumBond: undefined };
  const move = await challengerMove(context, dispute, state);
  if (!move) throw new Error(`${model.name}, seed ${day.seed}: neither side has a move`);
  return { move, by: model.challenger };
}

async function makeMove(day: Day, challenge: PlayedChallenge, move: Move, by: string): Promise<void> {
  const call = ["dispute game", move.kind, move.args] as const;
  if (move.kind === "postTrace") {
    await day.act("trace posted", by, call, () => day.model.disputes.trace(challenge.model, by));
  } else {
    await day.chain.send(by, ...call);
  }
}

/** A result in the form in which the SDK's players take a job's. */
async function disputeOf(
  day: Day,
  context: DisputeContext,
  { id, terms, tokens, block }: DoubtedResult,
): Promise<Dispute> {
  const position = { block, blockHash: "", transactionHash: "", logIndex: 0 };
  const generation = {
    ...decodeGeneration(encodeGeneration({ maxTokens: MAX_TOKENS })),
    stopSequences: [],
    seed: 7n,
  };
  const job = { id, terms, promptTokens: PROMPT, generation, created: position };
  const submitted = { tokens, outputRoot: outputRoot(tokens, true), finalizableAt: day.chain.time, position };
  return { job, submitted, answer: tokens, own: await ownOf(context, job) };
}

/** One program for each party that computes in one way. */
async function contextOf(day: Day, name: string, executor: Executor): Promise<DisputeContext> {
  let known = contexts.get(day);
  if (!known) contexts.set(day, (known = new Map<string, DisputeContext>()));
  const key = `${name}/${numberOf(executor)}`;
  let context = known.get(key);
  if (!context) {
    context = await createDisputeContext({
      signer: day.chain.walletOf(name),
      deployment: deploymentOf(day.chain),
      model: () => day.computed,
      executor,
      pollingInterval: 15,
    });
    known.set(key, context);
  }
  return context;
}

const executors: Executor[] = [];

function numberOf(executor: Executor): number {
  const index = executors.indexOf(executor);
  return index < 0 ? executors.push(executor) - 1 : index;
}
