import { AthanorClient, type InferenceReceipt, type InferenceResult, type TokenInfo } from "@athanor/sdk";
import { nodeModelSource } from "@athanor/sdk/node";
import { memoryRequestStore, type Privacy } from "@athanor/sdk/private";
import { connectContracts, readOutcome, type JobTerms } from "@athanor/sdk/protocol";
import { type Balances, readBalances } from "./balances.ts";
import { generationOptions, type GenerationFlags } from "./generation.ts";
import type { LocalChain } from "./local-chain.ts";
import { progressBar, type Screen } from "./screen.ts";
import { onStage, type Stage, type StageOptions } from "./stage.ts";
import { type RunningWorker, startProvider } from "./worker-process.ts";

export interface DemoOptions extends StageOptions, GenerationFlags {
  readonly prompt: string;
  readonly token: "ATH" | "mUSD";
  readonly private?: boolean;
}

export interface DemoResult {
  readonly model: string;
  readonly modelRoot: string;
  readonly prompt: string;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly generation: InferenceResult["generation"];
  readonly jobId: string;
  readonly terms: JobTerms;
  readonly status: string;
  /** What others learn; of a private request only. */
  readonly privacy?: Privacy;
  /** What stands on chain as the answer; of a private request only. */
  readonly published?: readonly number[];
  readonly receipt: InferenceReceipt;
  /** Tokens by symbol. */
  readonly currencies: Readonly<Record<string, TokenInfo>>;
  /** Names of the accounts, by address. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly balances: { readonly before: Balances; readonly after: Balances };
}

/** More than any request that fits the model costs; the client pays what its request costs. */
const MAX_PRICE = { ATH: 10n * 10n ** 18n, mUSD: 10n ** 6n };

/** One prompt from the client to the payment of its answer, every part the real one. Cleans up after itself. */
export function runDemo(options: DemoOptions): Promise<DemoResult> {
  return onStage(options, (stage) => demonstrate(options, stage));
}

async function demonstrate(options: DemoOptions, stage: Stage): Promise<DemoResult> {
  const { screen, signal } = options;
  const { step, chain, client, provider, modelName, currencies, cleanup } = stage;
  const { modelRoot } = stage.model.commitment;
  const worker = await step("start the provider's worker", async () => {
    const running = startProvider(provider.config, provider);
    cleanup.push(() => running.stop());
    await running.next("ready");
    return running;
  });

  const accounts = {
    client: client.address,
    provider: provider.owner,
    operator: provider.operator,
    protocol: chain.deployment.jobEscrow,
  };
  const symbols = { ATH: currencies.ATH.address, mUSD: currencies.mUSD.address };
  const before = await readBalances(chain, accounts, symbols);

  const athanorClient = await AthanorClient.connect({
    signer: client,
    deployment: chain.deployment,
    modelSource: nodeModelSource(),
    pollingInterval: 100,
    requestStore: memoryRequestStore(),
  });
  let privacy: Privacy | undefined;
  const answer = await step(
    "send the prompt and generate the answer",
    () => {
      showProgress(worker, screen);
      return athanorClient.infer({
        model: modelRoot,
        prompt: options.prompt,
        ...generationOptions(options),
        private: options.private,
        maxPrice: MAX_PRICE[options.token],
        token: symbols[options.token],
        signal,
        onProgress: (progress) => {
          if (progress.stage === "quoted") privacy = progress.quote.privacy;
        },
      });
    },
    ({ tokens }) => `${tokens.length} tokens`,
  );
  const final = await step(
    "close the challenge window and pay",
    async () => {
      const now = (await chain.provider.getBlock("latest"))!.timestamp;
      await chain.advance(Math.max(0, answer.finalizableAt - now));
      return athanorClient.resume(answer.job.id, { waitFor: "finalized", signal });
    },
    ({ status }) => status,
  );
  return {
    model: modelName,
    modelRoot,
    prompt: options.prompt,
    text: answer.text,
    tokens: answer.tokens,
    generation: answer.generation,
    jobId: answer.job.id,
    terms: answer.job.terms,
    status: final.status,
    ...(options.private && { privacy: privacy!, published: await publishedAnswer(chain, answer.job.id) }),
    receipt: { ...final.receipt, steps: withFunding(answer.receipt, final.receipt) },
    currencies,
    accounts: Object.fromEntries(
      Object.entries(accounts).map(([name, address]) => [address.toLowerCase(), name]),
    ),
    balances: { before, after: await readBalances(chain, accounts, symbols) },
  };
}

/** The tokens as everybody sees them on chain. */
async function publishedAnswer(chain: LocalChain, jobId: string): Promise<readonly number[]> {
  const contracts = connectContracts(chain.provider, chain.deployment);
  const { submitted } = await readOutcome(contracts, jobId, 0, await chain.provider.getBlockNumber());
  return submitted!.tokens;
}

/** A resumed job knows its own transactions, but not the one that funded it. */
function withFunding(first: InferenceReceipt, last: InferenceReceipt): InferenceReceipt["steps"] {
  const known = new Set(last.steps.map(({ transactionHash }) => transactionHash));
  return [...first.steps.filter(({ transactionHash }) => !known.has(transactionHash)), ...last.steps];
}

function showProgress(worker: RunningWorker, screen: Screen): void {
  worker.onEvent(({ event, tokens, maxTokens }) => {
    if (event === "job.seen") screen.update("the provider has seen the job");
    if (event === "job.progress") screen.update(progressBar(Number(tokens), Number(maxTokens)));
    if (event === "job.computed") screen.update("the provider submits");
  });
}
