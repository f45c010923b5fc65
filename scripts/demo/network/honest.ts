import { Checkers } from "@athanor/sdk/checkers";
import { Disputes } from "@athanor/sdk/disputes";
import type { Wallet } from "ethers";
import { Registry } from "prom-client";
import { connectChain } from "../../../worker/src/chain/connect.ts";
import { openRpc } from "../../../worker/src/chain/rpc.ts";
import { AuditMetrics } from "../../../worker/src/checker/audits/metrics.ts";
import { CheckerMetrics } from "../../../worker/src/checker/checker-metrics.ts";
import type { CheckerContext } from "../../../worker/src/checker/context.ts";
import { openDuties } from "../../../worker/src/checker/open-duties.ts";
import { Rounds } from "../../../worker/src/checker/run-checker.ts";
import { secretsOf } from "../../../worker/src/checker/secrets.ts";
import { openCheckerStorage } from "../../../worker/src/checker/storage.ts";
import { DisputeMetrics } from "../../../worker/src/disputes/dispute-metrics.ts";
import { LazyModels } from "../../../worker/src/disputes/models.ts";
import type { EventLog, EventName } from "../../../worker/src/log/event-log.ts";
import type { CheckerAccounts } from "./people.ts";
import type { Market } from "./traffic.ts";

export interface HonestOptions {
  readonly market: Market;
  readonly accounts: CheckerAccounts;
  /** Where its database lies. */
  readonly folder: string;
  readonly model: { readonly path: string; readonly root: string };
  /** Seconds in which an answer counts as in time. */
  readonly answerSeconds: number;
  /** Resolves when nobody measures: recomputing takes all of this process. */
  readonly quiet: () => Promise<void>;
}

/** A checker's daemon, whose rounds are made one at a time. */
export interface HonestChecker {
  readonly accounts: CheckerAccounts;
  /** One round of all duties, to its end. */
  readonly advance: () => Promise<void>;
  /** From now on it commits to no further epoch. */
  readonly leave: () => void;
  /** How often its log had one of these events. */
  readonly count: (...events: readonly EventName[]) => number;
  readonly stop: () => Promise<void>;
}

/** What may leave in an epoch: bounties of a channel with each provider, and short requests. */
const BUDGET = { number: "5", unit: "ATH" };
const POLL_INTERVAL = 50;

/** Puts a checker's daemon together out of the worker's parts. */
export async function startHonestChecker(options: HonestOptions): Promise<HonestChecker> {
  const { market, accounts, folder, model, answerSeconds, quiet } = options;
  const { chain: local, clock } = market;
  const { owner, operator, buyer, name } = accounts;
  const { deployment } = local;
  const rpc = openRpc(local.url, local.chainId);
  const place = { rpcUrl: local.url, chainId: local.chainId, deployment, confirmations: 1 };
  const config = {
    chain: { ...place, pollInterval: POLL_INTERVAL },
    checker: {
      ...{ owner: owner.address, tokens: ["ATH"], budgetPerEpoch: [BUDGET], measuredAtOnce: 4 },
      ...{ commitBefore: null, faults: "always" as const, coinInAth: null, maximumBond: 10n ** 18n },
      ...{ prompts: [], leaving: false },
    },
  };
  const connect = { deployment, pollingInterval: POLL_INTERVAL };
  const chain = await connectChain(rpc, config.chain);
  const checkers = await Checkers.connect({ signer: operator.connect(rpc), ...connect });
  const storage = openCheckerStorage(`${folder}/${name.replaceAll(" ", "-")}.sqlite`);
  const models = new LazyModels([model]);
  const controller = new AbortController();
  const counts = new Map<EventName, number>();
  const log: EventLog = {
    emit: (_, event) => void counts.set(event, (counts.get(event) ?? 0) + 1),
  };
  const registry = new Registry();
  const context: CheckerContext = {
    ...{ chain, checkers, storage, log, clock, models, signal: controller.signal },
    operator: { address: operator.address, derive: secretsOf(operator) },
    checker: owner.address,
    settings: config.checker,
    tokens: [deployment.ath],
    metrics: new CheckerMetrics(registry),
  };
  const { duties, ended } = await openDuties(context, {
    ...{ config, rpc, operator, buyers: [buyer] },
    tokens: [{ address: deployment.ath, symbol: "ATH", decimals: 18 }],
    disputesOf: (wallet: Wallet) =>
      Disputes.connect({
        ...{ ...connect, signer: wallet.connect(rpc) },
        model: (root) => quiet().then(() => models.get(root)),
      }),
    disputeMetrics: new DisputeMetrics(registry),
    auditMetrics: new AuditMetrics(registry),
    roots: new Set([model.root]),
    atOnce: { answerSeconds },
  });
  const rounds = new Rounds(context, duties);
  return {
    accounts,
    async advance() {
      await rounds.advance();
    },
    leave: () => (config.checker.leaving = true),
    count: (...events) => events.reduce((sum, event) => sum + (counts.get(event) ?? 0), 0),
    async stop() {
      controller.abort();
      await rounds.idle();
      await ended();
      storage.close();
      rpc.destroy();
    },
  };
}
