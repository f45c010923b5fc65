import { createRequire } from "node:module";
import { connectChain } from "../../chain/connect.ts";
import { ChainTime } from "../../chain/time.ts";
import { systemClock } from "../../clock.ts";
import type { Config } from "../../config/schema.ts";
import { readKeystore } from "../../keys/keystore.ts";
import type { EventLog } from "../../log/event-log.ts";
import { openPinoLog } from "../../log/pino-log.ts";
import { openPrettyLog } from "../../log/pretty-log.ts";
import { scrubber, secretsOfUrl } from "../../log/scrub.ts";
import { serveMetrics } from "../../metrics/serve-metrics.ts";
import { keepOpen } from "../../model/keep-open.ts";
import type { ProviderContext } from "../../provider/context.ts";
import {
  claimStorage,
  loadModels,
  requireRegistered,
  untilReachable,
  warnAboutOffers,
} from "../../provider/prepare.ts";
import { runProvider } from "../../provider/run-provider.ts";
import { Waker } from "../../provider/waker.ts";
import { lockStorage } from "../../storage/lock.ts";
import { openSqlite } from "../../storage/sqlite.ts";
import { openModel, openSession, unlock, type ProviderOptions } from "../session.ts";

/** Builds the daemon out of its parts and runs it until a signal. */
export async function runStart(options: ProviderOptions): Promise<void> {
  const { config, rpc } = await openSession(options);
  const clock = systemClock;
  const keystore = await readKeystore(config.keys.operatorKeystore);
  const { wallet: operator, password } = await unlock(keystore, options);
  const log = openLog(config, [password, operator.privateKey, operator.privateKey.slice(2)]);
  const { version } = createRequire(import.meta.url)("@athanor/worker/package.json") as { version: string };
  log.emit("info", "starting", {
    version,
    node: process.versions.node,
    config: options.config,
    pid: process.pid,
  });

  const stop = new AbortController();
  const waker = new Waker(clock);
  const onSignal = (signal: string) => {
    log.emit("info", "stopping", { signal });
    stop.abort();
    waker.wake();
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, onSignal);

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
      return connected;
    }, patience);
    const models = await loadModels(config.models, (folder) => keepOpen(() => openModel(folder)), log);
    for (const { runner } of models.values()) closers.unshift(() => runner.close());
    await untilReachable(() => warnAboutOffers(chain, config, models, log), patience);
    const context: ProviderContext = {
      ...{ chain, clock, storage, log, operator, owner, models },
      time: new ChainTime(clock),
      limits: config.limits,
      wake: () => waker.wake(),
      running: new Map(),
      tokens: new Map(),
    };
    if (config.metrics !== null) closers.unshift(await serveMetrics(context, config.metrics.port));
    await runProvider(context, {
      pollInterval: config.chain.pollInterval,
      signal: stop.signal,
      awaited: (milliseconds) => waker.sleep(milliseconds),
    });
    log.emit("info", "stopped");
  } catch (error) {
    // Asked to end while waiting for the chain: not a failure.
    if (!stop.signal.aborted) throw error;
    log.emit("info", "stopped");
  } finally {
    for (const close of closers) await close();
  }
}

function openLog(config: Config, secrets: readonly string[]): EventLog {
  // Whoever read our output may be gone; that is no reason to stop serving.
  process.stdout.on("error", () => undefined);
  const write = (line: string) => void process.stdout.write(line);
  const scrub = scrubber([...secrets, ...secretsOfUrl(config.chain.rpcUrl)]);
  return process.stdout.isTTY
    ? openPrettyLog(config.logLevel, write, scrub)
    : openPinoLog(config.logLevel, write, scrub);
}
