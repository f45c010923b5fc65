import { parseCents } from "@athanor/sdk";
import { MemoryContentStore } from "@athanor/sdk/contents";
import { connectContracts } from "@athanor/sdk/protocol";
import { Disputes } from "@athanor/sdk/disputes";
import type { Model } from "@athanor/engine";
import type { Executor } from "@athanor/engine/trace";
import { MaxUint256, type Wallet, ZeroHash } from "ethers";
import { Registry } from "prom-client";
import { connectChain } from "../../../worker/src/chain/connect.ts";
import { openRpc } from "../../../worker/src/chain/rpc.ts";
import { ChainTime } from "../../../worker/src/chain/time.ts";
import type { Clock } from "../../../worker/src/clock.ts";
import { Archive } from "../../../worker/src/contents/archive.ts";
import { DisputeMetrics } from "../../../worker/src/disputes/dispute-metrics.ts";
import { runWatchtower } from "../../../worker/src/disputes/watchtower.ts";
import type { EventLog } from "../../../worker/src/log/event-log.ts";
import type { ModelRunner } from "../../../worker/src/model/runner.ts";
import type { ProviderContext } from "../../../worker/src/provider/context.ts";
import { runProvider } from "../../../worker/src/provider/run-provider.ts";
import { Waker } from "../../../worker/src/provider/waker.ts";
import { Desk, type ChannelSettings } from "../../../worker/src/serve/desk.ts";
import { receiptFinder } from "../../../worker/src/serve/receipt-finder.ts";
import { routes } from "../../../worker/src/serve/routes.ts";
import { listen } from "../../../worker/src/serve/server.ts";
import { openSqlite } from "../../../worker/src/storage/sqlite.ts";
import { type LocalChain, newAccount } from "../local-chain.ts";
import { freePort, mined, OFFER } from "../stage.ts";

/** Accounts of a provider that is registered. */
export interface ProviderAccounts {
  readonly name: string;
  readonly owner: Wallet;
  /** Signs receipts, too. */
  readonly operator: Wallet;
  readonly watchtower: Wallet;
  readonly port: number;
}

/** A daemon that serves channels over HTTP. */
export interface RunningProvider {
  /** Resolves when it has read the chain again. */
  readonly followed: () => Promise<void>;
  /** Ends it as SIGTERM does. */
  readonly stop: () => Promise<void>;
}

export interface ServeOptions {
  readonly chain: LocalChain;
  readonly clock: Clock;
  readonly accounts: ProviderAccounts;
  readonly folder: string;
  readonly runner: ModelRunner;
  /** Of the machine, prompt and output alike. */
  readonly positionsPerSecond: number;
  readonly log: EventLog;
  /** With which it answers challenges; default: nobody challenges it. */
  readonly defence?: { readonly model: Model; readonly executor: Executor };
}

/** ATH units that each provider stakes: hardware, fraud deposit, and room for a channel of every checker in every epoch. */
export const PROVIDER_STAKE = 60_000n * 10n ** 18n;
const POLL_INTERVAL = 100;
const LOOK = 20;
const DAY = 86_400_000;

const settings: Omit<ChannelSettings, "port"> = {
  ...{ host: "127.0.0.1", certificate: null, key: null, origins: "*" },
  ...{ maxOpen: 1_000, maxConcurrent: 8, maxQueued: 64, longestDays: 31, keepGenerations: 30_000 },
  ...{ chainSilence: 300_000, bodyBytes: 1_048_576, minimumDeposits: [], settleAbove: [] },
};

/** Makes the accounts of a provider, stakes, registers, and offers the model for ATH. */
export async function registerProvider(
  chain: LocalChain,
  name: string,
  modelRoot: string,
): Promise<ProviderAccounts> {
  const [owner, operator, watchtower] = [
    await newAccount(chain),
    await newAccount(chain),
    await newAccount(chain),
  ];
  const port = await freePort();
  const { deployment } = chain;
  await mined(connectContracts(chain.administrator, deployment).ath.transfer(owner.address, PROVIDER_STAKE));
  const { ath, vault, providerRegistry, channelEscrow } = connectContracts(owner, deployment);
  await mined(ath.approve(deployment.vault, MaxUint256));
  await mined(vault.deposit(deployment.ath, PROVIDER_STAKE, owner.address));
  await mined(vault.stake(PROVIDER_STAKE));
  // The registry, the job escrow, the channel escrow.
  await mined(vault.approveStakeModules(7));
  await mined(
    providerRegistry.register({
      operator: operator.address,
      watchtower: watchtower.address,
      encryptionKey: ZeroHash,
      endpoint: `http://127.0.0.1:${port}`,
      hardware: [{ hardwareClass: 0, count: 1 }],
    }),
  );
  await mined(channelEscrow.addReceiptKey(operator.address));
  const { inputCents, outputCents } = OFFER;
  await mined(
    providerRegistry.setOffer(modelRoot, deployment.ath, parseCents(inputCents), parseCents(outputCents)),
  );
  return { name, owner, operator, watchtower, port };
}

/** Starts the daemon of a provider out of the worker's parts, around the runner of a model. */
export async function serve(options: ServeOptions): Promise<RunningProvider> {
  const { chain, clock, accounts, folder, runner, positionsPerSecond, log, defence } = options;
  const { owner, operator, watchtower, port } = accounts;
  const rpc = openRpc(chain.url, chain.chainId);
  const storage = openSqlite(`${folder}/${accounts.name}.sqlite`, clock);
  const archive = new Archive(new MemoryContentStore(), storage);
  const waker = new Waker(clock);
  const config = {
    ...{ rpcUrl: chain.url, chainId: chain.chainId, deployment: chain.deployment },
    ...{ confirmations: 1, pollInterval: POLL_INTERVAL },
  };
  const serving: Omit<ProviderContext, "desk"> = {
    ...{ clock, storage, archive, log, operator, owner: owner.address },
    chain: await connectChain(rpc, config),
    time: new ChainTime(clock),
    limits: {
      ...{ maxConcurrentJobs: 2, maxQueuedJobs: 16, maxOpenJobs: 16, maxTokensPerJob: 512 },
      ...{ minimumSecondsLeft: 5, declinesPerHour: 30 },
    },
    models: new Map([[runner.commitment.modelRoot, { folder: "", runner, positionsPerSecond }]]),
    wake: () => waker.wake(),
    ...{ running: new Map(), encryptionKeys: [], opened: new Map(), tokens: new Map() },
  };
  const desk = new Desk({
    ...{ context: serving, settings: { ...settings, port }, signer: operator },
    ...{ minimumDeposits: new Map(), settleAbove: new Map(), tokens: [chain.deployment.ath] },
  });
  const server = await listen(
    routes({ desk, storage, clock, log, isHealthy: () => desk.seesChain }),
    desk.settings,
  );
  const controller = new AbortController();
  const { signal } = controller;
  const ended = [
    runProvider(
      { ...serving, desk },
      {
        ...{ pollInterval: POLL_INTERVAL, keepAfterEnd: DAY, signal },
        awaited: (milliseconds) => waker.sleep(milliseconds),
      },
    ),
  ];
  if (defence) {
    const disputes = await Disputes.connect({
      ...{ signer: watchtower, deployment: chain.deployment, pollingInterval: POLL_INTERVAL },
      ...{ model: () => defence.model, executor: defence.executor },
    });
    const context = { chain: serving.chain, clock, log, disputes, pollInterval: POLL_INTERVAL, signal };
    const metrics = new DisputeMetrics(new Registry());
    const find = receiptFinder(serving.chain, { storage, archive }, [], log);
    ended.push(runWatchtower({ ...context, metrics }, owner.address, [], find));
  }
  const followed = async () => {
    while (desk.conditions === undefined || !desk.seesChain) await clock.sleep(LOOK);
  };
  await followed();
  return {
    followed,
    async stop() {
      controller.abort();
      waker.wake();
      await Promise.all(ended);
      await server.close();
      storage.close();
      rpc.destroy();
    },
  };
}
