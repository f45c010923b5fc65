import type { Model } from "@athanor/engine";
import { Disputes } from "@athanor/sdk/disputes";
import type { EncryptionKey } from "@athanor/sdk/private";
import { getAddress, type JsonRpcProvider, type Wallet } from "ethers";
import { existsSync } from "node:fs";
import { Registry } from "prom-client";
import type { Chain } from "../../chain/chain.ts";
import { connectChain } from "../../chain/connect.ts";
import { systemClock, type Clock } from "../../clock.ts";
import type { Config } from "../../config/schema.ts";
import { DisputeMetrics } from "../../disputes/dispute-metrics.ts";
import { Archive } from "../../contents/archive.ts";
import { openContentStore } from "../../contents/open-content-store.ts";
import { LazyModels } from "../../disputes/models.ts";
import { runWatchtower } from "../../disputes/watchtower.ts";
import { WorkerError } from "../../errors.ts";
import { readKeystore } from "../../keys/keystore.ts";
import type { EventLog } from "../../log/event-log.ts";
import { serveMetrics } from "../../metrics/serve-metrics.ts";
import { receiptFinder } from "../../serve/receipt-finder.ts";
import { openSqlite } from "../../storage/sqlite.ts";
import type { Storage } from "../../storage/storage.ts";
import { readProviderState } from "../../market/provider-state.ts";
import { untilReachable } from "../../provider/prepare.ts";
import {
  encryptionKeystores,
  logStart,
  openLog,
  openSession,
  stopOnSignal,
  unlockAll,
  type ProviderOptions,
} from "../session.ts";

/** Answers challenges until a signal. */
export async function runWatchtowerStart(options: ProviderOptions): Promise<void> {
  const { config, rpc } = await openSession(options);
  try {
    const file = config.keys.watchtowerKeystore;
    if (file === null) {
      throw new WorkerError(
        "KEYSTORE_MISSING",
        "Answering challenges needs a key of its own, and keys.watchtowerKeystore is not configured.",
        {
          remedy:
            "Make one with: athanor key create --out watchtower.json, and name it in the configuration.",
        },
      );
    }
    const clock = systemClock;
    const { wallets, encryptionKeys, secrets } = await unlockAll(
      [await readKeystore(file)],
      options,
      await encryptionKeystores(config, clock.now()),
    );
    // What is behind receipts of channels nobody else knows: the daemon's database and contents, where they are on this machine.
    const contents = config.channels === null ? null : await openContentStore(config.contents, process.env);
    const log = openLog(config, [...secrets, ...(contents?.secrets ?? [])]);
    logStart(log, options);
    const { signal } = stopOnSignal(log);
    const registry = new Registry();
    const metrics = new DisputeMetrics(registry);
    const lastRound = () => metrics.lastRound;
    let closeMetrics: (() => Promise<void>) | undefined;
    const opened: { storage?: Storage } = {};
    try {
      if (config.metrics) {
        closeMetrics = await serveMetrics({ registry, clock, lastRound }, config.metrics.port);
      }
      const chain = await untilReachable(() => connectChain(rpc, config.chain), { clock, log, signal });
      const { get } = new LazyModels(config.models);
      // The daemon may make its database later than this begins.
      const kept = () => {
        if (contents === null || (!opened.storage && !existsSync(config.storage))) return null;
        const storage = (opened.storage ??= openSqlite(config.storage, clock));
        return { storage, archive: new Archive(contents.store, storage) };
      };
      if (contents !== null && kept() === null) {
        log.emit("warn", "warning", {
          message: `there is no database ${config.storage}: challenged receipts of channels cannot be answered until there is one`,
          remedy: "Run the watchtower beside the daemon's database and contents.",
        });
      }
      const parts = { config, rpc, chain, clock, log, metrics, signal, get, encryptionKeys, kept };
      await watchOver(parts, wallets[0]!);
    } catch (error) {
      // Asked to end while waiting for the chain: not a failure.
      if (!signal.aborted) throw error;
    } finally {
      await closeMetrics?.();
      opened.storage?.close();
    }
    log.emit("info", "stopped");
  } finally {
    rpc.destroy();
  }
}

interface Kept {
  readonly storage: Storage;
  readonly archive: Archive;
}

export interface WatchParts {
  readonly config: Config;
  readonly rpc: JsonRpcProvider;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly metrics: DisputeMetrics;
  readonly signal: AbortSignal;
  readonly get: (modelRoot: string) => Promise<Model | undefined>;
  /** With which private requests are opened. */
  readonly encryptionKeys: readonly EncryptionKey[];
  /** Where the requests behind receipts of channels are; asked anew for each receipt, null while there is no such place. */
  readonly kept: () => Kept | null;
}

/** Answers challenges with a key until the signal, whatever happens meanwhile. */
export async function watchOver(parts: WatchParts, watchtower: Wallet): Promise<void> {
  const { config, rpc, chain, clock, log, metrics, signal, get, encryptionKeys, kept } = parts;
  const { owner } = config.provider;
  const { pollInterval } = config.chain;
  try {
    const disputes = await untilReachable(
      async () => {
        await warnAboutKey(chain, owner, watchtower.address, log);
        return Disputes.connect({
          signer: watchtower.connect(rpc),
          deployment: chain.contracts.deployment,
          model: get,
          confirmations: chain.confirmations,
          pollingInterval: pollInterval,
        });
      },
      { clock, log, signal },
    );
    log.emit("info", "watching", { provider: owner, watchtower: watchtower.address });
    const context = { chain, clock, log, disputes, metrics, pollInterval, signal };
    const findReceipt = async (id: string) => {
      const found = kept();
      return found === null ? undefined : receiptFinder(chain, found, encryptionKeys, log)(id);
    };
    await runWatchtower(context, owner, encryptionKeys, findReceipt);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Only a key of the provider's profile may post a trace. */
async function warnAboutKey(chain: Chain, owner: string, key: string, log: EventLog): Promise<void> {
  const { operator, watchtower } = await readProviderState(chain, owner);
  if ([operator, watchtower].some((known) => getAddress(known) === getAddress(key))) return;
  log.emit("warn", "warning", {
    message: `${key} is not the watchtower that ${owner} has registered, and cannot answer for it`,
    remedy: "Run: athanor provider register --config FILE",
  });
}
