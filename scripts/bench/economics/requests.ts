import { checkerStrategies } from "./checkers.ts";
import { recomputedAnswers } from "./detection.ts";
import { figuresOf } from "./market.ts";
import { providerStrategies } from "./providers.ts";
import { checkersWith, fewer, GPUS, play, type Setting } from "./setting.ts";
import { type Estimate, estimate } from "./statistics.ts";

export interface RequestsRow {
  readonly requests: number;
  readonly uptimeToleranceBasisPoints: number;
  /** Of an honest report. */
  readonly seatCostUsd: number;
  /** Answers of a provider bought in an epoch. */
  readonly bought: number;
  /** Of honest reports. */
  readonly unpaid: number;
  /** What asking all but one gains over asking all, US dollars of a ticket in an epoch. */
  readonly lazyGainUsd: Estimate;
  /** Of providers that are offline for an hour in every epoch, in a thousand epochs. */
  readonly penalties: number;
}

/** How many requests a report should show: enough that one unanswered does not make a bad epoch, and that one left out is not near. */
export function requestNumbers(setting: Setting): RequestsRow[] {
  const { rules, market, size } = setting;
  const [honest] = checkerStrategies(market);
  const lazy = checkerStrategies(market).find(({ skips }) => skips === "one")!;
  const hourly = ({ hoursOffline, offlineEpochs }: { hoursOffline: number; offlineEpochs: number }) =>
    hoursOffline === 1 && offlineEpochs === 1;
  const strategies = providerStrategies(market);
  const { name } = strategies.find(hourly)!;
  const population = {
    providers: strategies.map((each, index) => (index === 0 ? 16 : hourly(each) ? 8 : 0)),
    checkers: checkersWith(setting, ({ skips }) => skips === "one", 7),
    gpusPerProvider: GPUS,
  };
  const choices = [
    ...[1_000, 900].flatMap((near) => [4, 8, 9, 10, 12, 20].map((requests) => [requests, near] as const)),
    [20, 400] as const,
  ];
  return choices.map(([requests, uptimeToleranceBasisPoints]) => {
    const choice = { requests, uptimeToleranceBasisPoints };
    const changed = { ...setting, rules: { ...rules, ...choice } };
    const label = `requests ${choice.requests} ${choice.uptimeToleranceBasisPoints}`;
    const runs = play(changed, population, label, fewer(setting));
    const own = runs.map((run) => run.checkers.get(honest.name)!);
    const sum = (pick: (account: (typeof own)[number]) => number) =>
      own.reduce((total, each) => total + pick(each), 0);
    const penalties = runs.reduce((total, run) => total + run.providers.get(name)!.penalties, 0);
    return {
      ...choice,
      seatCostUsd: figuresOf(changed.rules, market).seatCostUsd,
      bought: recomputedAnswers(changed.rules),
      unpaid: sum(({ unpaidSeats }) => unpaidSeats) / sum(({ seats }) => seats),
      lazyGainUsd: estimate(
        runs.map(({ checkers }) => {
          const [left, right] = [checkers.get(lazy.name)!, checkers.get(honest.name)!];
          return left.profitUsd / left.ticketEpochs - right.profitUsd / right.ticketEpochs;
        }),
      ),
      penalties: (1_000 * penalties) / (8 * size.epochs * runs.length),
    };
  });
}
