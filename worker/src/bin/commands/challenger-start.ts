import { Disputes } from "@athanor/sdk/disputes";
import { Registry } from "prom-client";
import { connectChain } from "../../chain/connect.ts";
import { openRpc } from "../../chain/rpc.ts";
import { systemClock } from "../../clock.ts";
import { loadChallengerConfig } from "../../config/load.ts";
import { runChallenger } from "../../disputes/challenger.ts";
import { delegatedJob } from "../../disputes/delegations.ts";
import { DisputeMetrics } from "../../disputes/dispute-metrics.ts";
import { LazyModels } from "../../disputes/models.ts";
import { readEncryptionKeystore } from "../../keys/encryption-keystore.ts";
import { readKeystore } from "../../keys/keystore.ts";
import { untilReachable } from "../../provider/prepare.ts";
import { serveMetrics } from "../../metrics/serve-metrics.ts";
import { logStart, openLog, stopOnSignal, unlockAll, type ProviderOptions } from "../session.ts";

/** Checks results and challenges wrong ones until a signal. */
export async function runChallengerStart(options: ProviderOptions): Promise<void> {
  const config = await loadChallengerConfig(options.config);
  const { challengerKeystore, encryptionKeystore } = config.keys;
  const { wallets, secrets, encryptionKeys } = await unlockAll(
    [await readKeystore(challengerKeystore)],
    options,
    encryptionKeystore === null ? [] : [await readEncryptionKeystore(encryptionKeystore)],
  );
  const log = openLog(config, secrets);
  logStart(log, options);
  const { signal } = stopOnSignal(log);
  const clock = systemClock;
  const { pollInterval } = config.chain;
  const { maximumBond, maximumAtOnce: atOnce, delegations: folder } = config.challenger;
  const rpc = openRpc(config.chain.rpcUrl, config.chain.chainId);
  const registry = new Registry();
  const metrics = new DisputeMetrics(registry);
  const lastRound = () => metrics.lastRound;
  let closeMetrics: (() => Promise<void>) | undefined;
  try {
    if (config.metrics) {
      closeMetrics = await serveMetrics({ registry, clock, lastRound }, config.metrics.port);
    }
    const lazy = new LazyModels(config.models);
    const models = await lazy.roots();
    const { chain, disputes } = await untilReachable(
      async () => {
        const connected = await connectChain(rpc, config.chain);
        const own = await Disputes.connect({
          signer: wallets[0]!.connect(rpc),
          deployment: connected.contracts.deployment,
          model: lazy.get,
          ...(folder !== null && {
            privateJob: (job) => delegatedJob({ folder, chain: connected, log, encryptionKeys }, job),
          }),
          confirmations: connected.confirmations,
          pollingInterval: pollInterval,
        });
        return { chain: connected, disputes: own };
      },
      { clock, log, signal },
    );
    log.emit("info", "ready", { challenger: disputes.account, models: [...models] });
    const context = { chain, clock, log, disputes, metrics, pollInterval, signal };
    await runChallenger(context, { models, maximumBond, atOnce });
    log.emit("info", "stopped");
  } catch (error) {
    // Asked to end while waiting for the chain: not a failure.
    if (!signal.aborted) throw error;
    log.emit("info", "stopped");
  } finally {
    rpc.destroy();
    await closeMetrics?.();
  }
}
