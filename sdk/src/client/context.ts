import { ZeroAddress, type ContractRunner, type Provider, type Signer } from "ethers";
import type { TokenInfo } from "../amounts/token-info.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { ChainReader } from "../internal/chain-reader.ts";
import { Mutex } from "../internal/mutex.ts";
import { httpModelSource } from "../models/http-model-source.ts";
import { loadTokenizer } from "../models/load-tokenizer.ts";
import type { ModelSource } from "../models/model-source.ts";
import type { Tokenizer } from "../models/tokenizer.ts";
import { connectContracts, connectToken, type AthanorContracts } from "../protocol/connect-contracts.ts";
import { deploymentOf, type Deployment } from "../protocol/deployment.ts";
import type { RequestStore } from "../private/request-store.ts";
import type { SendOptions } from "../transactions/send.ts";
import { validateAddress } from "./arguments.ts";
import type { ConnectOptions } from "./types.ts";

/** What all verbs of a client share. */
export interface ClientContext {
  readonly reader: ChainReader;
  /** Connected for reading. */
  readonly contracts: AthanorContracts;
  readonly signer: Signer | undefined;
  /** Address of the signer. */
  readonly account: string | undefined;
  readonly chainId: bigint;
  /** Approval bit of the job escrow in the vault. */
  readonly moduleBit: bigint;
  readonly confirmations: number;
  readonly transactionTimeout: number;
  readonly modelSource: ModelSource;
  readonly requestStore: RequestStore | undefined;
  readonly tokens: Map<string, TokenInfo>;
  readonly tokenizers: Map<string, Tokenizer>;
  readonly offerScans: Map<string, { providers: Set<string>; scannedTo: number }>;
  readonly sending: Mutex;
}

const contractNames = [
  "ath",
  "vault",
  "providerRegistry",
  "modelRegistry",
  "jobEscrow",
  "channelEscrow",
  "receiptResults",
  "resultSources",
  "disputeGame",
] as const;

/** Connects and checks that the contracts are there and belong together. */
export async function createContext(options: ConnectOptions): Promise<ClientContext> {
  const runner = options.signer ?? options.runner;
  const provider = runner?.provider;
  if (!runner || !provider) {
    const found = runner ? "a signer without a provider" : "missing";
    throw athanorError("InvalidArgument", {
      name: "signer",
      found,
      expected: "an ethers signer connected to a provider",
    });
  }
  const reader = new ChainReader(provider, {
    pollInterval: options.pollingInterval ?? 2_000,
    requestTimeout: options.requestTimeout ?? 30_000,
    requestAttempts: 5,
  });
  const chainId = await reader.chainId();
  const deployment = options.deployment ?? deploymentOf(chainId);
  const contracts = connectContracts(reader.runner, deployment);
  const moduleBit = await checkDeployment(reader, contracts, deployment, chainId);
  const signer = isSigner(runner) ? runner : undefined;
  const account = await signer?.getAddress();
  return {
    reader,
    contracts,
    signer,
    account,
    chainId,
    moduleBit,
    confirmations: options.confirmations ?? 1,
    transactionTimeout: options.transactionTimeout ?? 600_000,
    modelSource: options.modelSource ?? httpModelSource(),
    requestStore: options.requestStore,
    tokens: new Map(),
    tokenizers: new Map(),
    offerScans: new Map(),
    sending: account === undefined ? new Mutex() : sendingOf(provider, account),
  };
}

const sendings = new WeakMap<Provider, Map<string, Mutex>>();

/** Of one account all transactions by one provider go one after the other, whichever client or party sends them, with whichever signer. */
function sendingOf(provider: Provider, account: string): Mutex {
  const known = sendings.get(provider) ?? new Map<string, Mutex>();
  sendings.set(provider, known);
  const sending = known.get(account) ?? new Mutex();
  known.set(account, sending);
  return sending;
}

async function checkDeployment(
  reader: ChainReader,
  contracts: AthanorContracts,
  deployment: Deployment,
  chainId: bigint,
): Promise<bigint> {
  for (const contract of contractNames) {
    const address = deployment[contract];
    validateAddress(`deployment.${contract}`, address);
    const code = await reader.read("eth_getCode", () => reader.provider.getCode(address));
    if (code === "0x") throw athanorError("ContractsMissing", { contract, address, chainId });
  }
  const { vault } = deployment;
  const [ath, escrowVault, channelVault, registryVault, moduleBit] = await Promise.all([
    contracts.vault.ath(),
    contracts.jobEscrow.vault(),
    contracts.channelEscrow.vault(),
    contracts.providerRegistry.vault(),
    contracts.vault.moduleBit(deployment.jobEscrow),
  ]);
  const belongs = {
    ath: sameAddress(ath, deployment.ath),
    jobEscrow: sameAddress(escrowVault, vault) && moduleBit !== 0n,
    channelEscrow: sameAddress(channelVault, vault),
    providerRegistry: sameAddress(registryVault, vault),
  };
  for (const [contract, fits] of Object.entries(belongs)) {
    const address = deployment[contract as keyof typeof belongs];
    if (!fits) throw athanorError("DeploymentInconsistent", { contract, address, vault });
  }
  return moduleBit;
}

/** Symbol and decimals of a token, asked for once. */
export async function tokenInfo(context: ClientContext, address: string): Promise<TokenInfo> {
  const known = context.tokens.get(address.toLowerCase());
  if (known) return known;
  const contract = connectToken(context.reader.runner, address);
  const [symbol, decimals] = await Promise.all([contract.symbol(), contract.decimals()]);
  const token = { address, symbol, decimals: Number(decimals) };
  context.tokens.set(address.toLowerCase(), token);
  return token;
}

/** The verified tokenizer of a model, loaded once. */
export async function tokenizerOf(
  context: ClientContext,
  model: string,
  signal?: AbortSignal,
): Promise<Tokenizer> {
  const known = context.tokenizers.get(model.toLowerCase());
  if (known) return known;
  const { contracts, modelSource: source } = context;
  const { tokenizerHash } = await contracts.modelRegistry.modelOf(model);
  const tokenizer = await loadTokenizer({ contracts, source, model, tokenizerHash, signal });
  context.tokenizers.set(model.toLowerCase(), tokenizer);
  return tokenizer;
}

/** What sending needs, or the refusal of a client that only reads. */
export function sendOptions(context: ClientContext, action: string): SendOptions {
  const { signer, reader, chainId, confirmations, transactionTimeout: timeout } = context;
  if (!signer) throw athanorError("SignerRequired", { action });
  return { reader, signer, chainId, confirmations, timeout, context: { tokens: context.tokens.values() } };
}

/** Sender of calls that only simulate. */
export function simulatedSender(context: ClientContext): string {
  return context.account ?? ZeroAddress;
}

export function sameAddress(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function isSigner(runner: ContractRunner): runner is Signer {
  return "getAddress" in runner && "signTransaction" in runner;
}
