import { MemoryContentStore, type ContentStore } from "@athanor/sdk/contents";
import type { EncryptionKey } from "@athanor/sdk/private";
import { Wallet } from "ethers";
import { connectChain } from "../chain/connect.ts";
import { openRpc } from "../chain/rpc.ts";
import { ChainTime } from "../chain/time.ts";
import { systemClock, type Clock } from "../clock.ts";
import { Archive } from "../contents/archive.ts";
import type { Config } from "../config/schema.ts";
import type { ModelRunner } from "../model/runner.ts";
import type { ProviderContext } from "../provider/context.ts";
import { runProvider } from "../provider/run-provider.ts";
import { openSqlite } from "../storage/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { Waker } from "../provider/waker.ts";
import { Desk, type ChannelSettings } from "../serve/desk.ts";
import type { TestChain } from "./chain.ts";
import type { KillSwitch } from "./kill-switch.ts";
import { recordingLog, type RecordingLog } from "./recording-log.ts";

export const testLimits: Config["limits"] = {
  maxConcurrentJobs: 2,
  maxQueuedJobs: 16,
  maxOpenJobs: 10,
  maxTokensPerJob: 1_000,
  minimumSecondsLeft: 5,
  declinesPerHour: 30,
};

const testChannels: ChannelSettings = {
  ...{ host: "127.0.0.1", port: 1, certificate: null, key: null, origins: "*" },
  ...{
    maxOpen: 10,
    maxConcurrent: 4,
    maxQueued: 16,
    longestDays: 31,
    keepGenerations: 30_000,
    chainSilence: 300_000,
  },
  ...{ bodyBytes: 1_048_576, minimumDeposits: [], settleAbove: [] },
};

export interface TestDaemon {
  readonly context: ProviderContext;
  readonly log: RecordingLog;
  readonly storage: Storage;
  /** Ends it as SIGTERM does. May be repeated. */
  stop(): Promise<void>;
}

export interface TestDaemonOptions {
  readonly chain: TestChain;
  readonly owner: Wallet;
  readonly operator: Wallet;
  readonly runners: readonly ModelRunner[];
  /** A file, to be opened again after a crash. */
  readonly database?: string;
  /** Default: the memory of this process, which a crash does not outlive. */
  readonly contents?: ContentStore;
  /** Milliseconds. Default: a day. */
  readonly keepAfterEnd?: number;
  readonly limits?: Partial<Config["limits"]>;
  readonly confirmations?: number;
  readonly encryptionKeys?: readonly EncryptionKey[];
  readonly clock?: Clock;
  /** Serves channels in ATH, without a server; the operator's key signs receipts. */
  readonly channels?: Partial<ChannelSettings>;
  /** Dies at an instant, as a killed process would. */
  readonly kill?: KillSwitch;
}

/** A provider daemon with everything real but the process around it. */
export async function startDaemon(options: TestDaemonOptions): Promise<TestDaemon> {
  const { chain, owner, operator, runners, confirmations = 1, clock = systemClock, kill } = options;
  const rpc = openRpc(chain.rpc.url, chain.chainId);
  const provider = kill?.provider(rpc) ?? rpc;
  const log = recordingLog();
  const opened = openSqlite(options.database ?? ":memory:", clock);
  const storage = kill?.storage(opened) ?? opened;
  const archive = new Archive(options.contents ?? new MemoryContentStore(), storage);
  const waker = new Waker(clock);
  const config = { rpcUrl: chain.rpc.url, chainId: chain.chainId, confirmations, pollInterval: 20 };
  const serving: Omit<ProviderContext, "desk"> = {
    chain: await connectChain(provider, config),
    time: new ChainTime(clock),
    clock,
    storage,
    archive,
    log,
    operator: new Wallet(operator.signingKey),
    owner: owner.address,
    limits: { ...testLimits, ...options.limits },
    models: new Map(
      runners.map((runner) => [
        runner.commitment.modelRoot,
        { folder: "", runner, positionsPerSecond: 1_000 },
      ]),
    ),
    wake: () => waker.wake(),
    running: new Map(),
    encryptionKeys: options.encryptionKeys ?? [],
    opened: new Map(),
    tokens: new Map(),
  };
  const desk =
    options.channels === undefined
      ? null
      : new Desk({
          context: serving,
          settings: { ...testChannels, ...options.channels },
          signer: serving.operator,
          ...{ minimumDeposits: new Map(), settleAbove: new Map() },
          tokens: [chain.contracts.deployment.ath],
        });
  const context: ProviderContext = { ...serving, desk };
  const controller = new AbortController();
  const ended = runProvider(context, {
    pollInterval: config.pollInterval,
    keepAfterEnd: options.keepAfterEnd ?? 86_400_000,
    signal: controller.signal,
    awaited: (milliseconds) => waker.sleep(milliseconds),
  }).catch((error: unknown) => {
    // A killed one cannot even note that it ended.
    if (kill === undefined) throw error;
  });
  return {
    context,
    log,
    storage,
    async stop() {
      if (controller.signal.aborted) return;
      controller.abort();
      waker.wake();
      await ended;
      opened.close();
      rpc.destroy();
    },
  };
}
