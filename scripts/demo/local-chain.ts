import { rm } from "node:fs/promises";
import { join } from "node:path";
import { JsonRpcProvider, NonceManager, type Signer, Wallet } from "ethers";
import hre, { network } from "hardhat";
import type {} from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import localAthanor from "../../ignition/modules/LocalAthanor.ts";
import type { Deployment } from "@athanor/sdk";

/** A local chain behind a JSON-RPC address, with the contracts on it. */
export interface LocalChain {
  readonly url: string;
  readonly chainId: number;
  readonly provider: JsonRpcProvider;
  readonly deployment: Deployment & { readonly stablecoin: string };
  /** Contracts that no deployment names: the other contracts know them. */
  readonly addresses: Readonly<Record<OtherContract, string>>;
  /** Holds the genesis supply of ATH and governs. */
  readonly administrator: Signer;
  /** Moves the clock and makes a block. */
  advance(seconds: number): Promise<void>;
  /** Gives an account the chain's coin, for gas. */
  fund(address: string): Promise<void>;
  close(): Promise<void>;
}

const OTHER_CONTRACTS = [
  "checkers",
  "checkerPay",
  "qualityCourt",
  "feeDistributor",
  "insuranceFund",
] as const;
type OtherContract = (typeof OTHER_CONTRACTS)[number];

/** Values of the modules' parameters, by module; default: their own. */
export type DeploymentParameters = Readonly<Record<string, Readonly<Record<string, number | bigint>>>>;

const HOST = "127.0.0.1";
const TEN_COINS = "0x8ac7230489e80000";

/**
 * Deploys the contracts on a chain of its own, on a free port so that other chains on this machine do not matter, or on the
 * development node that answers at `rpcUrl`: unlocked accounts, a clock that can be moved.
 */
export async function startChain(
  rpcUrl?: string,
  parameters: DeploymentParameters = {},
): Promise<LocalChain> {
  const server = rpcUrl === undefined ? await startServer() : undefined;
  const url = server?.url ?? rpcUrl!;
  const provider = new JsonRpcProvider(url, undefined, {
    cacheTimeout: -1,
    polling: true,
    pollingInterval: 100,
  });
  const chainId = Number((await provider.getNetwork()).chainId);

  const connection = await network.create({ network: "localhost", override: { url } });
  // Ignition keeps a journal a deployment, and would take a new chain with an old one's id for the old one.
  const deploymentId = `demo-${process.pid}`;
  const journal = join(hre.config.paths.ignition, "deployments", deploymentId);
  await rm(journal, { recursive: true, force: true });
  const deployed = await connection.ignition.deploy(localAthanor, {
    deploymentId,
    parameters,
    config: { requiredConfirmations: 1 },
  });
  await rm(journal, { recursive: true, force: true });
  const addressOf = (name: keyof typeof deployed) => deployed[name].getAddress();
  const deployment = {
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
    qualityReports: await addressOf("qualityReports"),
    resultAudits: await addressOf("resultAudits"),
    stablecoin: await addressOf("stablecoin"),
  };
  const addresses = Object.fromEntries(
    await Promise.all(OTHER_CONTRACTS.map(async (name) => [name, await addressOf(name)] as const)),
  ) as LocalChain["addresses"];
  return {
    ...{ url, chainId, provider, deployment, addresses },
    administrator: new NonceManager(await provider.getSigner(0)),
    async advance(seconds) {
      await provider.send("evm_increaseTime", [seconds]);
      await provider.send("evm_mine", []);
    },
    async fund(address) {
      await provider.send("hardhat_setBalance", [address, TEN_COINS]);
    },
    async close() {
      provider.destroy();
      await connection.close();
      await server?.close();
    },
  };
}

async function startServer(): Promise<{ url: string; close(): Promise<void> }> {
  const server = await network.createServer("default", HOST, 0);
  const { port } = await server.listen();
  return { url: `http://${HOST}:${port}`, close: () => server.close() };
}

/** A new key with the chain's coin on it. */
export async function newAccount(chain: LocalChain): Promise<Wallet> {
  const wallet = new Wallet(Wallet.createRandom().privateKey, chain.provider);
  await chain.fund(wallet.address);
  return wallet;
}
