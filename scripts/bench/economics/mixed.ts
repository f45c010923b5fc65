import { checkerStrategies, isFreeRider } from "./checkers.ts";
import { share } from "./described.ts";
import { figuresOf } from "./market.ts";
import { type Intent, providerStrategies } from "./providers.ts";
import { carelessLoss, MIXED, play, providerProfit, type Setting } from "./setting.ts";
import { type Estimate, estimate } from "./statistics.ts";
import { type RunResult } from "./world.ts";

export interface ProviderRow {
  readonly name: string;
  readonly intent: Intent;
  /** Profit of an epoch as a share of the stake bound. */
  readonly stakeReturn: Estimate;
  /** US dollars of a GPU in an epoch, after what its stake would earn elsewhere. */
  readonly profitUsd: Estimate;
  readonly managerReturn: Estimate;
  readonly delegatorReturn: Estimate;
  /** Stake taken, US dollars of a GPU in an epoch. */
  readonly slashedUsd: number;
  /** In a thousand epochs of a provider. */
  readonly penalties: number;
  readonly convictions: number;
  readonly awaiting: number;
  readonly detectionEpochs: number | undefined;
}

export interface CheckerRow {
  readonly name: string;
  readonly intent: Intent;
  readonly stakeReturn: Estimate;
  /** US dollars of a ticket in an epoch. */
  readonly profitUsd: Estimate;
  readonly unpaid: number;
  readonly slashes: number;
}

export interface MixedResult {
  readonly providers: readonly ProviderRow[];
  readonly checkers: readonly CheckerRow[];
  /** Return of the honest less that of the best dishonest. */
  readonly providerMargin: Estimate;
  /** The same in US dollars of a GPU in an epoch, after the cost of stake. */
  readonly providerMarginUsd: Estimate;
  /** Of checkers, over those who ask, report or reveal otherwise. */
  readonly checkerMargin: Estimate;
  /** Over those who attest otherwise, or not at all. */
  readonly auditorMargin: Estimate;
  /** Over those who ask and report, and do not recompute. */
  readonly freeRiderMargin: Estimate;
  readonly delegatorMargin: Estimate;
  /** What a report that is near brings, as a multiple of what it costs. */
  readonly coverage: Estimate;
  /** Part of the pay that reports get; attestations get the rest. */
  readonly reportPart: Estimate;
  readonly carelessLossUsd: number;
}

/** Everybody at once, in independent runs. */
export function mixedWorld(setting: Setting): MixedResult {
  const { rules, market, size } = setting;
  const runs = play(setting, MIXED, "mixed");
  const own = share(rules.ownPartBasisPoints);
  const providers = providerStrategies(market).map(({ name, intent }, index): ProviderRow => {
    const accounts = runs.map((run) => run.providers.get(name)!);
    const epochs = (MIXED.providers[index] ?? 0) * size.epochs * size.runs;
    const sum = (pick: (account: (typeof accounts)[number]) => number) =>
      accounts.reduce((total, each) => total + pick(each), 0);
    const times = accounts.flatMap(({ detectionEpochs }) => detectionEpochs);
    return {
      name,
      intent,
      stakeReturn: estimate(accounts.map((each) => each.profitUsd / each.capitalUsd)),
      profitUsd: estimate(runs.map((run) => providerProfit(setting, run, name))),
      managerReturn: estimate(accounts.map((each) => each.managerUsd / (each.capitalUsd * own))),
      delegatorReturn: estimate(accounts.map((each) => each.delegatorsUsd / (each.capitalUsd * (1 - own)))),
      slashedUsd: sum((each) => each.slashedUsd) / sum((each) => each.gpuEpochs),
      penalties: (1_000 * sum((each) => each.penalties)) / epochs,
      convictions: (1_000 * sum((each) => each.convictions)) / epochs,
      awaiting: (1_000 * sum((each) => each.awaitingEpochs)) / epochs,
      detectionEpochs:
        times.length === 0 ? undefined : times.reduce((total, time) => total + time, 0) / times.length,
    };
  });
  // Slander has an experiment of its own.
  const present = checkerStrategies(market).filter((_, index) => (MIXED.checkers[index] ?? 0) > 0);
  const checkers = present.map(({ name, intent }, index): CheckerRow => {
    const accounts = runs.map((run) => run.checkers.get(name)!);
    const epochs = (MIXED.checkers[index] ?? 0) * size.epochs;
    const seats = accounts.reduce((sum, each) => sum + each.seats, 0);
    return {
      name,
      intent,
      stakeReturn: estimate(accounts.map((each) => each.profitUsd / each.capitalUsd)),
      profitUsd: estimate(accounts.map((each) => each.profitUsd / epochs)),
      unpaid: accounts.reduce((sum, each) => sum + each.unpaidSeats, 0) / seats,
      slashes: (1_000 * accounts.reduce((sum, each) => sum + each.slashes, 0)) / (epochs * size.runs),
    };
  });
  const ofProvider = (run: RunResult, name: string) => {
    const { profitUsd, capitalUsd } = run.providers.get(name)!;
    return profitUsd / capitalUsd;
  };
  const ofChecker = (run: RunResult, name: string) => {
    const { profitUsd, capitalUsd } = run.checkers.get(name)!;
    return profitUsd / capitalUsd;
  };
  const { seatCostUsd } = figuresOf(rules, market);
  const [honest] = checkerStrategies(market);
  return {
    providers,
    checkers,
    providerMargin: margin(runs, providerStrategies(market), ofProvider),
    providerMarginUsd: margin(runs, providerStrategies(market), (run, name) =>
      providerProfit(setting, run, name),
    ),
    // A bribe is worth what the provider pays: bribery has a table of its own.
    checkerMargin: margin(
      runs,
      present.filter((each) => each.audits === "computes" && !each.isBribed && !isFreeRider(each)),
      ofChecker,
    ),
    auditorMargin: margin(
      runs,
      [honest, ...present.filter(({ audits }) => audits !== "computes")],
      ofChecker,
    ),
    freeRiderMargin: margin(runs, [honest, ...present.filter(isFreeRider)], ofChecker),
    delegatorMargin: margin(runs, providerStrategies(market), (run, name) => {
      const { delegatorsUsd, capitalUsd } = run.providers.get(name)!;
      return delegatorsUsd / (capitalUsd * (1 - own));
    }),
    coverage: estimate(runs.map(({ potsUsd, shares }) => potsUsd / shares / seatCostUsd)),
    reportPart: estimate(runs.map(({ reportShares, shares }) => reportShares / shares)),
    carelessLossUsd: carelessLoss(setting, runs),
  };
}

/** The honest strategy's value less that of the dishonest one which does best on average, run by run. */
function margin(
  runs: readonly RunResult[],
  strategies: readonly { readonly name: string; readonly intent: Intent }[],
  valueOf: (run: RunResult, name: string) => number,
): Estimate {
  const honest = strategies.find(({ intent }) => intent === "honest")!.name;
  const margins = strategies
    .filter(({ intent }) => intent === "dishonest")
    .map(({ name }) => estimate(runs.map((run) => valueOf(run, honest) - valueOf(run, name))));
  return margins.reduce((least, each) => (each.mean < least.mean ? each : least));
}
