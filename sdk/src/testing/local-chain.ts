import { BrowserProvider, Contract, HDNodeWallet, type Eip1193Provider } from "ethers";
import { network } from "hardhat";
import type {} from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { programParts } from "../../../engine/src/program/encode.ts";
import { workPerPosition } from "../../../engine/src/program/work.ts";
import { minimalProgram } from "../../../engine/src/testing/minimal-program.ts";
import localAthanor from "../../../ignition/modules/LocalAthanor.ts";
import type { TokenInfo } from "../amounts/token-info.ts";
import { AthanorClient } from "../client/athanor-client.ts";
import type { ConnectOptions } from "../client/types.ts";
import type { ModelSource } from "../models/model-source.ts";
import { mockStablecoinAbi } from "../generated/abi.ts";
import { connectContracts, connectToken, type AthanorContracts } from "../protocol/connect-contracts.ts";
import { type OfferPrices } from "../protocol/rates.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { uploadProgram } from "../protocol/upload-program.ts";
import { BYTE_VOCABULARY, byteTokenizerHash, byteTokenizerJson } from "./byte-tokenizer.ts";

/** Answers one request of a client in front of the node: by itself, or by asking on. */
export type Interceptor = (
  method: string,
  params: unknown[],
  ask: () => Promise<unknown>,
) => Promise<unknown>;

/** A fresh in-process chain with the contracts, a registered model and funded accounts. */
export interface LocalChain {
  readonly deployment: Deployment;
  readonly contracts: AthanorContracts;
  readonly provider: BrowserProvider;
  readonly ath: TokenInfo;
  readonly stablecoin: TokenInfo;
  /** Root of the registered model. */
  readonly model: string;
  readonly accounts: {
    readonly administrator: HDNodeWallet;
    readonly owner: HDNodeWallet;
    readonly operator: HDNodeWallet;
    readonly client: HDNodeWallet;
    readonly stranger: HDNodeWallet;
  };
  /** Set `intercept` to stand between the clients and the node. */
  readonly hooks: { intercept: Interceptor | undefined };
  /** How the node is asked directly. */
  rpc(method: string, params?: unknown[]): Promise<unknown>;
  connect(options?: ConnectOptions): Promise<AthanorClient>;
  /** Moves the clock and mines a block. */
  advance(seconds: number): Promise<void>;
  /** A wallet of its own with coins for gas, but no tokens. */
  newWallet(): Promise<HDNodeWallet>;
  close(): Promise<void>;
}

/** About 0.1 and 0.2 ATH a token; crooked, so that rounding shows. */
export const OFFER: OfferPrices = {
  inputMicrocents: 250_000_308_641n,
  outputMicrocents: 500_002_469_137n,
};

export const CONTEXT_LENGTH = 64;
/** Where the model says its files are; `tokenizerSource` reads it. */
export const MODEL_URI = "https://models.example/bytes";

const MNEMONIC = "test test test test test test test test test test test junk";
const CLIENT_INDEX = 3;
const ONE = 10n ** 18n;

/** The model's tokenizer, unless a test passes other bytes. */
export function tokenizerSource(json: string = byteTokenizerJson()): ModelSource {
  return { readFile: (_uri) => Promise.resolve(new TextEncoder().encode(json)) };
}

/**
 * @param options.modelUri where the registered model says its files are
 * @param options.athMicrocents what an ATH costs; crooked by default
 * @param options.checkers parameters of the module ignition/modules/Checkers.ts, where they differ from its own
 */
export async function startLocalChain(
  options: {
    modelUri?: string;
    athMicrocents?: bigint;
    checkers?: Readonly<Record<string, number | bigint>>;
  } = {},
): Promise<LocalChain> {
  // Otherwise it begins when this process read its configuration, many tests ago.
  const connection = await network.create({ override: { initialDate: new Date() } });
  const parameters = {
    Athanor: { athMicrocents: options.athMicrocents ?? 2_500_003n },
    Checkers: { ...options.checkers },
  };
  const deployed = await connection.ignition.deploy(localAthanor, { parameters });
  const addressOf = async (name: keyof typeof deployed) => deployed[name].getAddress();
  const deployment: Deployment = {
    ath: await addressOf("ath"),
    vault: await addressOf("vault"),
    providerRegistry: await addressOf("providerRegistry"),
    modelRegistry: await addressOf("modelRegistry"),
    programRegistry: await addressOf("programRegistry"),
    jobEscrow: await addressOf("jobEscrow"),
    channelEscrow: await addressOf("channelEscrow"),
    receiptResults: await addressOf("receiptResults"),
    resultSources: await addressOf("resultSources"),
    disputeGame: await addressOf("disputeGame"),
    delegationPools: await addressOf("delegationPools"),
    qualityReports: await addressOf("qualityReports"),
    resultAudits: await addressOf("resultAudits"),
  };

  const rpc = (method: string, params: unknown[] = []): Promise<unknown> =>
    connection.provider.request({ method, params });
  const hooks: { intercept: Interceptor | undefined } = { intercept: undefined };
  const eip1193: Eip1193Provider = {
    request: ({ method, params }) => {
      const list = (params ?? []) as unknown[];
      const ask = () => rpc(method, list);
      return hooks.intercept ? hooks.intercept(method, list, ask) : ask();
    },
  };
  // Neither remembers answers as ethers' providers do by default, so that a test sees what it has just done.
  const provider = new BrowserProvider(
    { request: ({ method, params }) => rpc(method, params as unknown[]) },
    undefined,
    {
      cacheTimeout: -1,
    },
  );
  const clientProvider = new BrowserProvider(eip1193, undefined, { cacheTimeout: -1 });
  const wallet = (index: number) =>
    HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`).connect(
      index === CLIENT_INDEX ? clientProvider : provider,
    );
  const [administrator, owner, operator, client, stranger] = [0, 1, 2, 3, 4].map(wallet) as [
    HDNodeWallet,
    HDNodeWallet,
    HDNodeWallet,
    HDNodeWallet,
    HDNodeWallet,
  ];

  const stablecoin = await addressOf("stablecoin");
  const chain: LocalChain = {
    deployment,
    contracts: connectContracts(provider, deployment),
    provider,
    ath: { address: deployment.ath, symbol: "ATH", decimals: 18 },
    stablecoin: { address: stablecoin, symbol: "mUSD", decimals: 6 },
    model: await registerModel(connectContracts(administrator, deployment), options.modelUri ?? MODEL_URI),
    accounts: { administrator, owner, operator, client, stranger },
    hooks,
    rpc,
    connect: (options = {}) =>
      AthanorClient.connect({
        signer: client,
        deployment,
        modelSource: tokenizerSource(),
        pollingInterval: 20,
        ...options,
      }),
    advance: async (seconds) => {
      await rpc("evm_increaseTime", [seconds]);
      await rpc("evm_mine");
    },
    newWallet: async () => {
      const fresh = HDNodeWallet.createRandom().connect(clientProvider);
      await rpc("hardhat_setBalance", [fresh.address, "0x56bc75e2d63100000"]);
      return fresh;
    },
    close: async () => {
      provider.destroy();
      clientProvider.destroy();
      await connection.close();
    },
  };
  await fundClient(chain, client.address);
  return chain;
}

/** Gives an account 1,000 ATH and 1,000 mUSD. */
export async function fundClient(chain: LocalChain, address: string): Promise<void> {
  const { administrator } = chain.accounts;
  await mined(connectContracts(administrator, chain.deployment).ath.transfer(address, 1_000n * ONE));
  await mint(chain, address, 1_000_000_000n);
}

async function mint(chain: LocalChain, address: string, amount: bigint): Promise<void> {
  const { administrator } = chain.accounts;
  const contract = new Contract(chain.stablecoin.address, mockStablecoinAbi, administrator);
  await mined(contract.getFunction("mint")(address, amount) as Promise<Sent>);
}

async function registerModel(contracts: AthanorContracts, uri: string): Promise<string> {
  const program = minimalProgram({ vocabulary: BYTE_VOCABULARY, context: CONTEXT_LENGTH, width: 4_000 });
  const model = {
    vocabularySize: BYTE_VOCABULARY,
    contextLength: CONTEXT_LENGTH,
    workPerPosition: workPerPosition(program),
    programRoot: await uploadProgram(contracts, programParts(program)),
    weightsRoot: `0x${"22".repeat(32)}`,
    tokenizerHash: byteTokenizerHash(),
  };
  await mined(contracts.modelRegistry.register(model, uri));
  return contracts.modelRegistry.rootOf(model);
}

interface Sent {
  wait(): Promise<unknown>;
}

/** Sends a transaction and waits until it is mined. */
export async function mined(sending: Promise<Sent>): Promise<void> {
  await (await sending).wait();
}

/** Registers a provider that offers the chain's model in ATH and in the stablecoin. */
export async function registerProvider(
  chain: LocalChain,
  keys: { owner: HDNodeWallet; operator: string } = {
    owner: chain.accounts.owner,
    operator: chain.accounts.operator.address,
  },
  offer: OfferPrices = OFFER,
  encryptionKey = `0x${"00".repeat(32)}`,
): Promise<void> {
  const { administrator } = chain.accounts;
  const { operator } = keys;
  const owner = keys.owner.connect(chain.provider);
  const stake = 10_000n * ONE;
  const { vault, providerRegistry, ath } = connectContracts(owner, chain.deployment);
  await mined(connectContracts(administrator, chain.deployment).ath.transfer(owner.address, stake));
  await mined(ath.approve(chain.deployment.vault, stake));
  const both =
    (await vault.moduleBit(chain.deployment.jobEscrow)) |
    (await vault.moduleBit(chain.deployment.providerRegistry));
  await mined(vault.deposit(chain.deployment.ath, stake, owner.address));
  await mined(vault.stake(stake));
  await mined(vault.approveStakeModules(both));
  const profile = {
    operator,
    watchtower: `0x${"00".repeat(20)}`,
    encryptionKey,
    endpoint: "",
    hardware: [{ hardwareClass: 0, count: 1 }],
  };
  await mined(providerRegistry.register(profile));
  for (const { address } of [chain.ath, chain.stablecoin]) {
    await mined(
      providerRegistry.setOffer(chain.model, address, offer.inputMicrocents, offer.outputMicrocents),
    );
  }
}

/** What an account has of a token altogether: wallet, vault, free and escrowed. */
export async function holdings(chain: LocalChain, token: string, owner: string): Promise<bigint> {
  const { available, escrowed } = await chain.contracts.vault.accountOf(token, owner);
  return available + escrowed + (await connectToken(chain.provider, token).balanceOf(owner));
}
