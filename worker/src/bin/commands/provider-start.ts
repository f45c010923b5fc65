import { Registry } from "prom-client";
import { connectChain } from "../../chain/connect.ts";
import { ChainTime } from "../../chain/time.ts";
import { systemClock } from "../../clock.ts";
import { Archive } from "../../contents/archive.ts";
import { openContentStore } from "../../contents/open-content-store.ts";
import { DisputeMetrics } from "../../disputes/dispute-metrics.ts";
import { LazyModels } from "../../disputes/models.ts";
import { WorkerError } from "../../errors.ts";
import { readKeystore, type KeystoreFile } from "../../keys/keystore.ts";
import { registerProviderMetrics } from "../../metrics/provider-metrics.ts";
import { serveMetrics } from "../../metrics/serve-metrics.ts";
import { keepOpen } from "../../model/keep-open.ts";
import { openLogged } from "../../model/open-logged.ts";
import type { ProviderContext, ServedModel } from "../../provider/context.ts";
import {
  claimStorage,
  loadModels,
  requireRegistered,
  untilReachable,
  warnAboutEncryptionKey,
  warnAboutOffers,
} from "../../provider/prepare.ts";
import { runProvider } from "../../provider/run-provider.ts";
import { Waker } from "../../provider/waker.ts";
import { listen } from "../../serve/server.ts";
import { openDesk, openExamDesk } from "../../serve/open-desk.ts";
import { routes } from "../../serve/routes.ts";
import { lockStorage } from "../../storage/lock.ts";
import { openSqlite } from "../../storage/sqlite.ts";
import {
  encryptionKeystores,
  logStart,
  openLog,
  openModel,
  openSession,
  stopOnSignal,
  unlockAll,
  type ProviderOptions,
} from "../session.ts";
import { watchOver } from "./watchtower-start.ts";

/** Builds the daemon out of its parts and runs it until a signal. */
export async function runStart(options: ProviderOptions): Promise<void> {
  const { config, rpc } = await openSession(options);
  const clock = systemClock;
  const keystore = await readKeystore(config.keys.operatorKeystore);
  const { watchtowerKeystore, receiptKeystore } = config.keys;
  const watching = watchtowerKeystore === null ? undefined : await readKeystore(watchtowerKeystore);
  const signing = receiptKeystore === null ? undefined : await readKeystore(receiptKeystore);
  refuseSameKey(keystore, watching);
  const keystores = [keystore, watching, signing].filter((one) => one !== undefined);
  const encryption = await encryptionKeystores(config, clock.now());
  const { wallets, encryptionKeys, secrets } = await unlockAll(keystores, options, encryption);
  const walletOf = (one: KeystoreFile | undefined) => wallets.find((_, index) => keystores[index] === one);
  const operator = wallets[0]!;
  const watchtower = walletOf(watching);
  const receipts = walletOf(signing);
  const contents = await openContentStore(config.contents, process.env);
  const log = openLog(config, [...secrets, ...contents.secrets]);
  logStart(log, options);
  const waker = new Waker(clock);
  const stop = stopOnSignal(log, () => waker.wake());

  const unlockStorage = lockStorage(config.storage);
  const storage = openSqlite(config.storage, clock);
  const closers: (() => void | Promise<void>)[] = [() => rpc.destroy(), () => storage.close(), unlockStorage];
  try {
    const patience = { clock, log, signal: stop.signal };
    const owner = config.provider.owner;
    const chain = await untilReachable(async () => {
      const connected = await connectChain(rpc, config.chain);
      claimStorage(storage, connected, owner, config.storage);
      await requireRegistered(connected, owner, operator.address);
      await warnAboutEncryptionKey(connected, owner, encryptionKeys[0], log);
      return connected;
    }, patience);
    const models = await loadModels(
      config.models,
      (folder) =>
        keepOpen(() => openLogged(folder, log, (onDeviceLost) => openModel(config, folder, onDeviceLost))),
      log,
    );
    for (const { runner } of models.values()) closers.unshift(() => runner.close());
    await untilReachable(() => warnAboutOffers(chain, config, models, log), patience);
    const serving = {
      ...{ chain, clock, storage, log, operator, owner, models, encryptionKeys },
      archive: new Archive(contents.store, storage),
      time: new ChainTime(clock),
      limits: config.limits,
      wake: () => waker.wake(),
      running: new Map(),
      opened: new Map(),
      tokens: new Map(),
    };
    const { channels } = config;
    const desk =
      channels &&
      (await untilReachable(() => openDesk(serving, config, channels, receipts ?? operator), patience));
    const context: ProviderContext = { ...serving, desk };
    if (desk !== null) {
      const isHealthy = () => desk.seesChain;
      const exams = await untilReachable(() => openExamDesk(serving, desk, receipts ?? operator), patience);
      const app = routes({ desk, exams, storage, clock, log, isHealthy });
      const { url, close } = await listen(app, desk.settings);
      closers.unshift(close, () => exams?.stop());
      log.emit("info", "channels.listening", { url, receiptKey: (receipts ?? operator).address });
    }
    const registry = new Registry();
    registerProviderMetrics(context, registry);
    if (config.metrics !== null) {
      const lastRound = () => storage.lastAlive();
      closers.unshift(await serveMetrics({ registry, clock, lastRound }, config.metrics.port));
    }
    if (watchtower === undefined) {
      log.emit("warn", "warning", {
        message: "nobody here answers challenges: an unanswered one costs the stake, right result or not",
        remedy: "Configure keys.watchtowerKeystore, or run elsewhere: athanor watchtower start --config FILE",
      });
    }
    const watched = {
      config,
      rpc,
      chain,
      clock,
      log,
      signal: stop.signal,
      get: lazyModels(models),
      encryptionKeys,
      kept: () => context,
    };
    const watch = watchtower && watchOver({ ...watched, metrics: new DisputeMetrics(registry) }, watchtower);
    await runProvider(context, {
      pollInterval: config.chain.pollInterval,
      keepAfterEnd: config.contents.keepAfterEnd,
      signal: stop.signal,
      awaited: (milliseconds) => waker.sleep(milliseconds),
    });
    await watch;
    log.emit("info", "stopped");
  } catch (error) {
    // Asked to end while waiting for the chain: not a failure.
    if (!stop.signal.aborted) throw error;
    log.emit("info", "stopped");
  } finally {
    for (const close of closers) await close();
  }
}

/** Models of the daemon, loaded into this process when a result of theirs is challenged. */
function lazyModels(models: ReadonlyMap<string, ServedModel>) {
  return new LazyModels([...models].map(([root, { folder: path }]) => ({ path, root }))).get;
}

/** Two senders with one key would take each other's nonces. @throws WorkerError KEY_MISMATCH */
function refuseSameKey(operator: KeystoreFile, watchtower: KeystoreFile | undefined): void {
  if (operator.address !== watchtower?.address) return;
  throw new WorkerError(
    "KEY_MISMATCH",
    `The operator and the watchtower have the same key, ${operator.address}.`,
    {
      remedy: "Make the watchtower a key of its own: athanor key create --out watchtower.json",
      details: { operator: operator.address },
    },
  );
}
