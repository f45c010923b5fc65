import {
  Checkers,
  connectCheckers,
  reportsTip,
  secretCommitment,
  type CheckerContracts,
  type QualityReport,
} from "@athanor/sdk/checkers";
import { connectContracts } from "@athanor/sdk/protocol";
import { MaxUint256, solidityPackedKeccak256, Wallet, ZeroHash } from "ethers";
import { Registry } from "prom-client";
import { connectChain } from "../chain/connect.ts";
import { openRpc, type RpcProvider } from "../chain/rpc.ts";
import { CheckerMetrics } from "../checker/checker-metrics.ts";
import type { CheckerContext } from "../checker/context.ts";
import type { Duty } from "../checker/duty.ts";
import { ReplacingWallet } from "../checker/replacing-wallet.ts";
import { Rounds } from "../checker/run-checker.ts";
import { secretsOf } from "../checker/secrets.ts";
import { openCheckerStorage } from "../checker/storage.ts";
import { systemClock } from "../clock.ts";
import { LazyModels } from "../disputes/models.ts";
import type { TestChain } from "./chain.ts";
import type { CheckerKillSwitch } from "./checker-kill-switch.ts";
import { recordingLog, type RecordingLog } from "./recording-log.ts";

const ATH = 10n ** 18n;

/** A checker's accounts. */
export interface Member {
  readonly owner: Wallet;
  readonly operator: Wallet;
}

/** A checker with everything real but the process around it; rounds are made when the test says so. */
export interface TestChecker extends Member {
  readonly context: CheckerContext;
  readonly log: RecordingLog;
  readonly rounds: Rounds;
  readonly registry: Registry;
  /** Rounds until nothing is done any more; a block goes by between them. */
  settle(): Promise<void>;
  stop(): void;
}

export interface TestCheckerOptions {
  readonly chain: TestChain;
  readonly member: Member;
  readonly duties: (context: CheckerContext) => readonly Duty[] | Promise<readonly Duty[]>;
  /** Folders of models that answers are recomputed with. */
  readonly models?: readonly string[];
  /** A file, to be opened again after a crash. */
  readonly database?: string;
  readonly settings?: Partial<CheckerContext["settings"]>;
  /** Default: 1. */
  readonly confirmations?: number;
  /** Milliseconds after which a transaction counts as stuck. */
  readonly transactionTimeout?: number;
  /** Dies at an instant, as a killed process would. */
  readonly kill?: CheckerKillSwitch;
}

const known = new WeakMap<TestChain, Promise<CheckerContracts>>();

/** The contracts of checkers; the deployer sends, who governs. */
export function checkersOf(chain: TestChain): Promise<CheckerContracts> {
  const { vault, deployment } = chain.contracts;
  const found = known.get(chain) ?? connectCheckers(vault.runner!, deployment);
  known.set(chain, found);
  return found;
}

/** An account that has staked and joined. */
export async function joinAsChecker(chain: TestChain): Promise<Member> {
  const { deployment } = chain.contracts;
  const { provider } = chain.connection.ethers;
  const owner = new Wallet(Wallet.createRandom().privateKey);
  const operator = new Wallet(Wallet.createRandom().privateKey);
  await chain.fund(owner.address);
  await chain.fund(operator.address);
  await chain.ath(owner.address, 20_000);
  const own = connectContracts(owner.connect(provider), deployment);
  const { checkers } = await connectCheckers(owner.connect(provider), deployment);
  const bit = await own.vault.moduleBit(await checkers.getAddress());
  await own.ath.approve(deployment.vault, MaxUint256);
  await own.vault.deposit(deployment.ath, 10_000n * ATH, owner.address);
  await own.vault.stake(10_000n * ATH);
  await own.vault.approveStakeModules(bit);
  await checkers.join(operator.address);
  return { owner, operator };
}

/** Moves the chain's clock into an epoch, so many seconds after its beginning. */
export async function toEpoch(chain: TestChain, epoch: number, seconds = 10): Promise<void> {
  const { checkers } = await checkersOf(chain);
  const at = Number(await checkers.startOf(epoch)) + seconds;
  const now = await chain.now();
  if (now < at) await chain.pass(at - now);
}

/** What was reported of a provider that never answered. */
export const absent = (provider: string): QualityReport => ({
  provider,
  ...{ latency: 0, throughput: 0, uptime: 0, evidence: "0x" },
});

/** A checker that does its duty by calls that the test makes. */
export interface ScriptedChecker {
  /** Commits to its secret of the next epoch. */
  commit(): Promise<void>;
  /** Commits to reports of the current epoch. */
  report(reports: readonly QualityReport[]): Promise<void>;
  /** Reveals its secret of the epoch before the current one. */
  revealSecret(): Promise<void>;
  /** The same, and its reports. */
  reveal(reports: readonly QualityReport[]): Promise<void>;
}

export async function scriptedChecker(
  chain: TestChain,
  { owner, operator }: Member,
): Promise<ScriptedChecker> {
  const { provider } = chain.connection.ethers;
  const { checkers, qualityReports } = await connectCheckers(
    operator.connect(provider),
    chain.contracts.deployment,
  );
  const secretOf = (epoch: number) => solidityPackedKeccak256(["address", "uint256"], [owner.address, epoch]);
  const current = async () => Number(await checkers.currentEpoch());
  const revealSecret = async () => {
    await checkers.reveal(owner.address, secretOf((await current()) - 1));
  };
  return {
    async commit() {
      const epoch = (await current()) + 1;
      const place = { chainId: BigInt(chain.chainId), checkers: await checkers.getAddress(), epoch };
      const secret = secretOf(epoch);
      await checkers.commit(epoch, secretCommitment({ ...place, checker: owner.address, secret }));
    },
    async report(reports) {
      await qualityReports.commitReports(await current(), reportsTip(reports));
    },
    revealSecret,
    async reveal(reports) {
      await revealSecret();
      await qualityReports.revealReports(
        owner.address,
        ZeroHash,
        reports.map((report) => ({ ...report })),
      );
    },
  };
}

/** The SDK waits after each transaction for ethers' providers to forget their last answers; the worker's forget at once. */
function uncached(real: RpcProvider): RpcProvider {
  return new Proxy({} as RpcProvider, {
    get(_, name: keyof RpcProvider) {
      const value = Reflect.get(real, name) as unknown;
      return typeof value === "function" ? (value.bind(real) as unknown) : value;
    },
  });
}

export async function startChecker(options: TestCheckerOptions): Promise<TestChecker> {
  const { chain, member, kill, confirmations = 1, settings = {} } = options;
  const { owner, operator } = member;
  const rpc = openRpc(chain.rpc.url, chain.chainId);
  const provider = uncached(kill?.provider(rpc) ?? rpc);
  const log = recordingLog();
  const opened = openCheckerStorage(options.database ?? ":memory:");
  const controller = new AbortController();
  const registry = new Registry();
  const config = { rpcUrl: chain.rpc.url, chainId: chain.chainId, confirmations, pollInterval: 20 };
  const sender = new ReplacingWallet(operator.signingKey, provider);
  const context: CheckerContext = {
    chain: await connectChain(provider, config),
    checkers: await Checkers.connect({
      signer: sender,
      transactionTimeout: options.transactionTimeout,
      deployment: chain.contracts.deployment,
      pollingInterval: 20,
    }),
    operator: {
      address: operator.address,
      derive: secretsOf(operator),
      replaceStuck: () => sender.replaceStuck(options.transactionTimeout ?? 600_000),
    },
    checker: owner.address,
    settings: {
      ...{
        owner: owner.address,
        tokens: ["ATH"],
        budgetPerEpoch: [],
        prompts: [],
        measuredAtOnce: 4,
        commitBefore: null,
      },
      ...{ faults: "always", coinInAth: null, maximumBond: 10n ** 20n, leaving: false },
      ...settings,
    },
    tokens: [chain.contracts.deployment.ath],
    storage: kill?.storage(opened) ?? opened,
    log,
    metrics: new CheckerMetrics(registry),
    clock: systemClock,
    signal: controller.signal,
    models: new LazyModels((options.models ?? []).map((path) => ({ path, root: null }))),
  };
  const rounds = new Rounds(context, await options.duties(context));
  return {
    ...{ owner, operator, context, log, rounds, registry },
    async settle() {
      const done = () => log.of("checker.move").length + log.of("checker.measured").length;
      for (let before = -1; before !== done();) {
        before = done();
        await rounds.advance();
        await chain.mine(1);
      }
    },
    stop() {
      if (controller.signal.aborted) return;
      controller.abort();
      opened.close();
      rpc.destroy();
    },
  };
}
