import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ModelCommitment } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { AthanorClient, formatAmount, type InferenceReceipt, type TokenInfo } from "@athanor/sdk";
import { nodeModelSource } from "@athanor/sdk/node";
import { connectContracts, mockStablecoinAbi, type JobTerms } from "@athanor/sdk/protocol";
import { Contract, type ContractTransactionResponse, type Wallet } from "ethers";
import { type Balances, readBalances } from "./balances.ts";
import { type LocalChain, newAccount, startChain } from "./local-chain.ts";
import { progressBar, type Screen } from "./screen.ts";
import { athanor, type RunningWorker, startProvider } from "./worker-process.ts";

export interface DemoOptions {
  readonly prompt: string;
  readonly maxTokens: number;
  readonly token: "ATH" | "mUSD";
  /** Folder of the model. Default: the bundled one. */
  readonly model?: string;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly model: string;
  readonly modelRoot: string;
  readonly prompt: string;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly jobId: string;
  readonly terms: JobTerms;
  readonly status: string;
  readonly receipt: InferenceReceipt;
  /** Tokens by symbol. */
  readonly currencies: Readonly<Record<string, TokenInfo>>;
  /** Names of the accounts, by address. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly balances: { readonly before: Balances; readonly after: Balances };
}

/** A step that failed, by its name; the message says why and what to do. */
export class DemoError extends Error {
  readonly step: string;

  constructor(step: string, cause: unknown) {
    super(explain(cause), { cause });
    this.name = "DemoError";
    this.step = step;
  }
}

const BUNDLED_MODEL = fileURLToPath(new URL("../../models/bard/", import.meta.url));
const ATH = 10n ** 18n;
const USD = 10n ** 6n;
const CLIENT_FUNDS = { ATH: 1_000n * ATH, mUSD: 500n * USD };
/** Hardware, fraud deposit, and room for open jobs. */
const PROVIDER_STAKE = 20_000n * ATH;
const OWNER_PRICES = { ATH: ["2,000 ATH", "8,000 ATH"], mUSD: ["50 mUSD", "200 mUSD"] } as const;
/** More than any request that fits the model costs; the client pays what its request costs. */
const MAX_PRICE = { ATH: 10n * ATH, mUSD: 1n * USD };

/** One prompt from the client to the payment of its answer, every part the real one. Cleans up after itself. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const cleanup: (() => Promise<void>)[] = [];
  try {
    return await demonstrate(options, cleanup);
  } finally {
    for (const undo of cleanup.reverse()) await undo();
  }
}

async function demonstrate(options: DemoOptions, cleanup: (() => Promise<void>)[]): Promise<DemoResult> {
  const { screen, signal } = options;
  // A folder's address ends in a slash, or its files would be looked for beside it.
  const folder = resolve(options.model ?? BUNDLED_MODEL) + sep;
  const step = async <Result>(
    name: string,
    run: () => Promise<Result>,
    detail?: (result: Result) => string,
  ) => {
    screen.begin(name);
    try {
      signal.throwIfAborted();
      const result = await run();
      signal.throwIfAborted();
      screen.done(detail?.(result));
      return result;
    } catch (error) {
      throw new DemoError(name, error);
    }
  };

  const model = await step(
    "check the model against its committed root",
    async () => (await loadModel(folder)).commitment,
    ({ modelRoot }) => `${relative(process.cwd(), folder)}, root ${short(modelRoot)}`,
  );
  const chain = await step(
    "start a chain and deploy the contracts",
    async () => {
      const started = await startChain();
      cleanup.push(() => started.close());
      return started;
    },
    ({ url, chainId }) => `${url}, chain ${chainId}`,
  );
  const ath: TokenInfo = { address: chain.deployment.ath, symbol: "ATH", decimals: 18 };
  const stablecoin: TokenInfo = { address: chain.deployment.stablecoin, symbol: "mUSD", decimals: 6 };
  const currencies = { ATH: ath, mUSD: stablecoin };

  const client = await step(
    "fund a client",
    () => fundClient(chain),
    () => `${formatAmount(ath, CLIENT_FUNDS.ATH)}, ${formatAmount(stablecoin, CLIENT_FUNDS.mUSD)}`,
  );
  const provider = await step(
    "register the model and a provider",
    () => registerProvider(chain, folder, model, cleanup),
    () => `stake ${formatAmount(ath, PROVIDER_STAKE)}`,
  );
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
  const symbols = { ATH: ath.address, mUSD: stablecoin.address };
  const before = await readBalances(chain, accounts, symbols);

  const athanorClient = await AthanorClient.connect({
    signer: client,
    deployment: chain.deployment,
    modelSource: nodeModelSource(),
    pollingInterval: 100,
  });
  const answer = await step(
    "send the prompt and generate the answer",
    () => {
      showProgress(worker, screen);
      return athanorClient.infer({
        model: model.modelRoot,
        prompt: options.prompt,
        maxTokens: options.maxTokens,
        maxPrice: MAX_PRICE[options.token],
        token: symbols[options.token],
        signal,
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
    model: relative(process.cwd(), folder),
    modelRoot: model.modelRoot,
    prompt: options.prompt,
    text: answer.text,
    tokens: answer.tokens,
    jobId: answer.job.id,
    terms: answer.job.terms,
    status: final.status,
    receipt: { ...final.receipt, steps: withFunding(answer.receipt, final.receipt) },
    currencies,
    accounts: Object.fromEntries(
      Object.entries(accounts).map(([name, address]) => [address.toLowerCase(), name]),
    ),
    balances: { before, after: await readBalances(chain, accounts, symbols) },
  };
}

/** A resumed job knows its own transactions, but not the one that funded it. */
function withFunding(first: InferenceReceipt, last: InferenceReceipt): InferenceReceipt["steps"] {
  const known = new Set(last.steps.map(({ transactionHash }) => transactionHash));
  return [...first.steps.filter(({ transactionHash }) => !known.has(transactionHash)), ...last.steps];
}

async function fundClient(chain: LocalChain): Promise<Wallet> {
  const client = await newAccount(chain);
  const { ath } = connectContracts(chain.administrator, chain.deployment);
  await mined(ath.transfer(client.address, CLIENT_FUNDS.ATH));
  const coin = new Contract(chain.deployment.stablecoin, mockStablecoinAbi, chain.administrator);
  await mined(
    coin.getFunction("mint")(client.address, CLIENT_FUNDS.mUSD) as Promise<ContractTransactionResponse>,
  );
  return client;
}

/** Does what a provider does, with the provider's own commands: keys, configuration, stake, offers. */
async function registerProvider(
  chain: LocalChain,
  modelFolder: string,
  model: ModelCommitment,
  cleanup: (() => Promise<void>)[],
) {
  const folder = await mkdtemp(join(tmpdir(), "athanor-demo-"));
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  const environment = { folder, password: randomBytes(24).toString("base64url") };
  const [owner, operator] = (
    await Promise.all(
      ["owner.json", "operator.json"].map((file) => athanor(["key", "create", "--out", file], environment)),
    )
  ).map((output) => output.trim()) as [string, string];
  for (const account of [owner, operator]) await chain.fund(account);
  const { ath } = connectContracts(chain.administrator, chain.deployment);
  await mined(ath.transfer(owner, PROVIDER_STAKE));
  const config = "provider.yaml";
  await writeFile(join(folder, config), configuration(chain, owner, modelFolder, model));
  await athanor(["provider", "register", "--config", config, "--yes"], environment);
  return { ...environment, config, owner, operator };
}

function configuration(
  { url, chainId, deployment }: LocalChain,
  owner: string,
  folder: string,
  { modelRoot }: ModelCommitment,
): string {
  return `
chain:
  rpcUrl: ${url}
  chainId: ${chainId}
  pollInterval: 200ms
  deployment:
    ath: "${deployment.ath}"
    vault: "${deployment.vault}"
    modelRegistry: "${deployment.modelRegistry}"
    providerRegistry: "${deployment.providerRegistry}"
    jobEscrow: "${deployment.jobEscrow}"
keys:
  operatorKeystore: operator.json
  ownerKeystore: owner.json
provider:
  owner: "${owner}"
hardware:
  class: any
  count: 1
models:
  - path: ${JSON.stringify(folder)}
    root: "${modelRoot}"
    uri: "${pathToFileURL(folder).href}"
    offers:
      - token: ATH
        inputPrice: ${OWNER_PRICES.ATH[0]}
        outputPrice: ${OWNER_PRICES.ATH[1]}
      - token: "${deployment.stablecoin}"
        inputPrice: ${OWNER_PRICES.mUSD[0]}
        outputPrice: ${OWNER_PRICES.mUSD[1]}
`;
}

function showProgress(worker: RunningWorker, screen: Screen): void {
  worker.onEvent(({ event, tokens, maxTokens }) => {
    if (event === "job.seen") screen.update("the provider has seen the job");
    if (event === "job.progress") screen.update(progressBar(Number(tokens), Number(maxTokens)));
    if (event === "job.computed") screen.update("the provider submits");
  });
}

async function mined(sending: Promise<ContractTransactionResponse>): Promise<void> {
  await (await sending).wait();
}

export function short(hash: string): string {
  return `${hash.slice(0, 10)}…`;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = "remedy" in error && typeof error.remedy === "string" ? `\n${error.remedy}` : "";
  return error.message.includes(remedy.trim()) ? error.message : error.message + remedy;
}
