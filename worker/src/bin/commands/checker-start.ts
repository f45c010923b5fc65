import { Checkers } from "@athanor/sdk/checkers";
import { Disputes } from "@athanor/sdk/disputes";
import { getAddress, type JsonRpcProvider, type Wallet } from "ethers";
import { Registry } from "prom-client";
import type { Chain } from "../../chain/chain.ts";
import { connectChain } from "../../chain/connect.ts";
import { openRpc } from "../../chain/rpc.ts";
import { CheckerMetrics } from "../../checker/checker-metrics.ts";
import { AuditMetrics } from "../../checker/audits/metrics.ts";
import { claimCheckerStorage, requireJoined } from "../../checker/prepare.ts";
import { openDuties } from "../../checker/open-duties.ts";
import { ReplacingWallet } from "../../checker/replacing-wallet.ts";
import { runChecker } from "../../checker/run-checker.ts";
import { secretsOf } from "../../checker/secrets.ts";
import { openCheckerStorage } from "../../checker/storage.ts";
import { systemClock } from "../../clock.ts";
import { loadCheckerConfig } from "../../config/load.ts";
import type { CheckerConfig } from "../../config/schema.ts";
import { DisputeMetrics } from "../../disputes/dispute-metrics.ts";
import { LazyModels } from "../../disputes/models.ts";
import { readKeystore } from "../../keys/keystore.ts";
import { resolveToken } from "../../market/tokens.ts";
import { serveMetrics } from "../../metrics/serve-metrics.ts";
import { untilReachable } from "../../provider/prepare.ts";
import { lockStorage } from "../../storage/lock.ts";
import { logStart, openLog, stopOnSignal, unlockAll, type ProviderOptions } from "../session.ts";

/** Milliseconds after which a transaction counts as stuck, and is sent again for higher fees. */
const TRANSACTION_TIMEOUT = 180_000;

/** Builds a checker out of its parts and runs it until a signal. */
export async function runCheckerStart(options: ProviderOptions): Promise<void> {
  const config = await loadCheckerConfig(options.config);
  const { operatorKeystore, buyerKeystores } = config.keys;
  const keystores = await Promise.all([operatorKeystore, ...buyerKeystores].map(readKeystore));
  const { wallets, secrets } = await unlockAll(keystores, options);
  const [operator, ...buyers] = wallets as [Wallet, ...Wallet[]];
  const log = openLog(config, secrets);
  logStart(log, options);
  const { signal } = stopOnSignal(log);
  const clock = systemClock;
  const { pollInterval } = config.chain;
  const unlockStorage = lockStorage(config.storage);
  const storage = openCheckerStorage(config.storage);
  const rpc = openRpc(config.chain.rpcUrl, config.chain.chainId);
  const closers: (() => void | Promise<void>)[] = [() => rpc.destroy(), () => storage.close(), unlockStorage];
  const registry = new Registry();
  const metrics = new CheckerMetrics(registry);
  const disputeMetrics = new DisputeMetrics(registry);
  const auditMetrics = new AuditMetrics(registry);
  try {
    if (config.metrics !== null) {
      const lastRound = () => metrics.lastRound;
      closers.unshift(await serveMetrics({ registry, clock, lastRound }, config.metrics.port));
    }
    const models = new LazyModels(config.models);
    const roots = await models.roots();
    const sender = new ReplacingWallet(operator.signingKey, rpc);
    const connected = await untilReachable(() => connect(config, rpc, sender), { clock, log, signal });
    const { chain, checkers, tokens } = connected;
    const checker = config.checker.owner;
    await claimCheckerStorage(storage, chain, checkers, checker, config.storage);
    await untilReachable(() => requireJoined(checkers, checker, operator.address), { clock, log, signal });
    const disputesOf = (wallet: Wallet) =>
      Disputes.connect({
        signer: wallet.connect(rpc),
        deployment: chain.contracts.deployment,
        model: models.get,
        confirmations: chain.confirmations,
        pollingInterval: pollInterval,
      });
    const context = {
      ...{ chain, checkers, checker, storage, log, metrics, clock, signal, models },
      operator: {
        address: operator.address,
        derive: secretsOf(operator),
        replaceStuck: () => sender.replaceStuck(TRANSACTION_TIMEOUT),
      },
      settings: config.checker,
      tokens: tokens.map(({ address }) => getAddress(address)),
    };
    const { duties, ended } = await untilReachable(
      () =>
        openDuties(context, {
          ...{ config, rpc, operator, buyers, tokens, roots, disputesOf, disputeMetrics, auditMetrics },
        }),
      { clock, log, signal },
    );
    log.emit("info", "ready", { checker, operator: operator.address, models: [...roots] });
    await runChecker(context, duties, { pollInterval });
    await ended();
    log.emit("info", "stopped");
  } catch (error) {
    // Asked to end while waiting for the chain: not a failure.
    if (!signal.aborted) throw error;
    log.emit("info", "stopped");
  } finally {
    for (const close of closers) await close();
  }
}

async function connect(
  config: CheckerConfig,
  rpc: JsonRpcProvider,
  signer: Wallet,
): Promise<{ chain: Chain; checkers: Checkers; tokens: Awaited<ReturnType<typeof resolveToken>>[] }> {
  const chain = await connectChain(rpc, config.chain);
  const checkers = await Checkers.connect({
    signer,
    deployment: chain.contracts.deployment,
    confirmations: chain.confirmations,
    pollingInterval: config.chain.pollInterval,
    transactionTimeout: TRANSACTION_TIMEOUT,
  });
  const tokens = await Promise.all(config.checker.tokens.map((name) => resolveToken(chain, name)));
  return { chain, checkers, tokens };
}
