import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { formatAmount, type TokenInfo } from "@athanor/sdk";
import { connectContracts, mockStablecoinAbi } from "@athanor/sdk/protocol";
import { Contract, type ContractTransactionResponse, type Wallet } from "ethers";
import { type LocalChain, newAccount, startChain } from "./local-chain.ts";
import type { Screen } from "./screen.ts";
import { athanor } from "./worker-process.ts";

export interface StageOptions {
  /** Folder of the model. Default: the bundled one. */
  readonly model?: string;
  /** Whether the provider takes private requests. */
  readonly private?: boolean;
  /** Address of a development node to play on. Default: a chain of its own. */
  readonly rpc?: string;
  /** Port at which the provider serves channels. Default: it serves none. */
  readonly channelPort?: number;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Runs one named step: shows it, and throws a `DemoError` with its name when it fails. */
export type RunStep = <Result>(
  name: string,
  run: () => Promise<Result>,
  detail?: (result: Result) => string,
) => Promise<Result>;

/** What every demonstration needs: a chain with the contracts, a funded client, a registered provider. */
export interface Stage {
  readonly step: RunStep;
  readonly chain: LocalChain;
  readonly client: Wallet;
  readonly provider: ProviderAccount;
  /** Its folder, relative to the working directory. */
  readonly modelName: string;
  readonly model: Model;
  /** Tokens by symbol. */
  readonly currencies: Readonly<Record<"ATH" | "mUSD", TokenInfo>>;
  /** Runs when the demonstration ends, last added first. */
  readonly cleanup: (() => Promise<void>)[];
}

export interface ProviderAccount {
  /** Where its keys and configuration lie. */
  readonly folder: string;
  readonly password: string;
  /** Name of the configuration file. */
  readonly config: string;
  readonly owner: string;
  readonly operator: string;
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

export const BUNDLED_MODEL = fileURLToPath(new URL("../../models/bard/", import.meta.url));
const ATH = 10n ** 18n;
const USD = 10n ** 6n;
const CLIENT_FUNDS = { ATH: 1_000n * ATH, mUSD: 500n * USD };
/** Hardware, fraud deposit, and room for open jobs. */
const PROVIDER_STAKE = 20_000n * ATH;
/** US cents for a million tokens: 2,000 and 8,000 ATH of 2.5 cents, or 50 and 200 stablecoins. */
export const OFFER = { inputCents: "5000", outputCents: "20000" };

/** Sets the stage, plays on it, and cleans up whatever happens. */
export async function onStage<Result>(
  options: StageOptions,
  play: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const cleanup: (() => Promise<void>)[] = [];
  try {
    return await play(await setStage(options, cleanup));
  } finally {
    for (const undo of cleanup.reverse()) await undo();
  }
}

/** Runs steps that are shown on a screen, until the signal. */
export function stepsOn(screen: Screen, signal: AbortSignal): RunStep {
  return async (name, run, detail) => {
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
}

async function setStage(
  { model: path, rpc, channelPort, screen, signal, private: isPrivate = false }: StageOptions,
  cleanup: (() => Promise<void>)[],
): Promise<Stage> {
  // A folder's address ends in a slash, or its files would be looked for beside it.
  const folder = resolve(path ?? BUNDLED_MODEL) + sep;
  const modelName = relative(process.cwd(), folder);
  const step = stepsOn(screen, signal);

  const model = await step(
    "check the model against its committed root",
    () => loadModel(folder),
    ({ commitment }) => `${modelName}, root ${short(commitment.modelRoot)}`,
  );
  const chain = await step(
    "start a chain and deploy the contracts",
    async () => {
      const started = await startChain(rpc);
      cleanup.push(() => started.close());
      return started;
    },
    ({ url, chainId }) => `${url}, chain ${chainId}`,
  );
  const currencies = {
    ATH: { address: chain.deployment.ath, symbol: "ATH", decimals: 18 },
    mUSD: { address: chain.deployment.stablecoin, symbol: "mUSD", decimals: 6 },
  };
  const client = await step(
    "fund a client",
    () => fundClient(chain),
    () =>
      `${formatAmount(currencies.ATH, CLIENT_FUNDS.ATH)}, ${formatAmount(currencies.mUSD, CLIENT_FUNDS.mUSD)}`,
  );
  const provider = await step(
    "register the model and a provider",
    () => registerProvider(chain, folder, model.commitment.modelRoot, { channelPort, isPrivate }, cleanup),
    () => `stake ${formatAmount(currencies.ATH, PROVIDER_STAKE)}`,
  );
  return { step, chain, client, provider, modelName, model, currencies, cleanup };
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
  modelRoot: string,
  { channelPort, isPrivate }: { channelPort: number | undefined; isPrivate: boolean },
  cleanup: (() => Promise<void>)[],
): Promise<ProviderAccount> {
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
  const text = configuration(chain, owner, modelFolder, modelRoot) + channelsConfiguration(channelPort);
  let yaml =
    channelPort === undefined
      ? text
      : text.replace(/^provider:$/m, `provider:\n  endpoint: http://127.0.0.1:${channelPort}`);
  if (isPrivate) {
    await athanor(["key", "create-encryption", "--out", "encryption.json"], environment);
    yaml = yaml.replace(/^keys:$/m, "keys:\n  encryptionKeystore: encryption.json");
  }
  await writeFile(join(folder, config), yaml);
  await athanor(["provider", "register", "--config", config, "--yes"], environment);
  return { ...environment, config, owner, operator };
}

function configuration(
  { url, chainId, deployment }: LocalChain,
  owner: string,
  folder: string,
  modelRoot: string,
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
    programRegistry: "${deployment.programRegistry}"
    providerRegistry: "${deployment.providerRegistry}"
    jobEscrow: "${deployment.jobEscrow}"
    channelEscrow: "${deployment.channelEscrow}"
    receiptResults: "${deployment.receiptResults}"
    resultSources: "${deployment.resultSources}"
    disputeGame: "${deployment.disputeGame}"
keys:
  operatorKeystore: operator.json
  ownerKeystore: owner.json
provider:
  owner: "${owner}"
hardware:
  - class: cpu
    count: 1
models:
  - path: ${JSON.stringify(folder)}
    root: "${modelRoot}"
    uri: "${pathToFileURL(folder).href}"
    offers:
      - token: ATH
        inputCents: "${OFFER.inputCents}"
        outputCents: "${OFFER.outputCents}"
      - token: "${deployment.stablecoin}"
        inputCents: "${OFFER.inputCents}"
        outputCents: "${OFFER.outputCents}"
`;
}

function channelsConfiguration(port: number | undefined): string {
  return port === undefined ? "" : `channels:\n  port: ${port}\n`;
}

/** A TCP port of this machine that nobody listens at now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export async function mined(sending: Promise<ContractTransactionResponse>): Promise<void> {
  await (await sending).wait();
}

/** The beginning of a hash. */
export function short(hash: string): string {
  return `${hash.slice(0, 10)}…`;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = "remedy" in error && typeof error.remedy === "string" ? `\n${error.remedy}` : "";
  return error.message.includes(remedy.trim()) ? error.message : error.message + remedy;
}
