import { detectionChance, type DetectionTime, detectionTime, recomputedAnswers } from "./detection.ts";
import { type ProviderStrategy, SUBSTITUTED } from "./providers.ts";
import { type Rules, ruleSets } from "./rules.ts";
import { CHECKERS, type Gains, gainsOf, type Setting } from "./setting.ts";

export interface DetectionRow extends DetectionTime {
  /** Answers of a provider recomputed in an epoch, on average. */
  readonly recomputed: number;
  readonly wrong: number;
  /** The formula, to hold the simulation against. */
  readonly expectedInEpoch: number;
}

/** Detection against the number of requests. */
export function detectionRates({ rules, size, random }: Setting): DetectionRow[] {
  return [2, 5, 10, 20, 40].flatMap((requests) =>
    SUBSTITUTED.map((wrong) => {
      const changed = { ...rules, requests };
      const recomputed = recomputedAnswers(changed);
      const own = random.of(`detection ${requests} ${wrong}`);
      return {
        recomputed,
        wrong,
        expectedInEpoch: detectionChance(wrong, recomputed),
        ...detectionTime(changed, wrong, CHECKERS, size.samples, own),
      };
    }),
  );
}

export interface StakeRow {
  readonly stakeAth: number;
  readonly gains: Gains;
}

/** What a stake is worth against the kinds of cheating that it answers. */
export interface StakeResult {
  readonly rows: readonly StakeRow[];
  /** The stake from which none of these kinds gains anything, interpolated; undefined if that is beyond the rows. */
  readonly crossingAth: number | undefined;
}

/** Stakes have to suffice where there are fewer checkers than exams take. */
const withoutExams = (setting: Setting): Setting => ({
  ...setting,
  rules: { ...setting.rules, minimumCheckers: Infinity },
});

/** The gain over honesty by the fraud deposit of a GPU, without exams. */
export function fraudDeposits(original: Setting): StakeResult {
  const setting = withoutExams(original);
  const { rules } = setting;
  const rows = [0, 1_000, 2_500, 5_000, 7_500, 10_000, 15_000].map((stakeAth): StakeRow => {
    const depositBasisPoints = (10_000 * stakeAth) / rules.hardwareStakeAth;
    const changed = { ...setting, rules: { ...rules, fraudDepositAth: 0, depositBasisPoints } };
    return { stakeAth, gains: gainsOf(changed, ({ substituted }) => substituted > 0, `deposit ${stakeAth}`) };
  });
  return { rows, crossingAth: crossingOf(rows) };
}

/** The gain over honesty by the hardware stake of a GPU, from which penalties are taken, and a quarter of which is the fraud deposit beside it; without exams. */
export function hardwareStakes(original: Setting): StakeResult {
  const setting = withoutExams(original);
  const isIn = ({ hoursOffline, intent, leavesBelow }: ProviderStrategy) =>
    leavesBelow > 0 || (hoursOffline > 0 && intent === "dishonest");
  const rows = [1_000, 5_000, 10_000, 20_000, 40_000, 80_000].map((hardwareStakeAth): StakeRow => {
    const changed = { ...setting, rules: { ...setting.rules, hardwareStakeAth } };
    return { stakeAth: hardwareStakeAth, gains: gainsOf(changed, isIn, `hardware ${hardwareStakeAth}`) };
  });
  return { rows, crossingAth: crossingOf(rows) };
}

/** Exported for tests. The largest crossing of zero among the strategies, each interpolated on its own. */
export function crossingOf(rows: readonly StakeRow[]): number | undefined {
  const crossings = (rows[0]?.gains ?? []).map((_, strategy) => {
    const gainOf = (row: StakeRow) => row.gains[strategy]!.gainUsd.mean;
    const index = rows.findLastIndex((row) => gainOf(row) > 0);
    const before = rows[index];
    const after = rows[index + 1];
    if (after === undefined) return Infinity;
    if (before === undefined) return after.stakeAth;
    const part = gainOf(before) / (gainOf(before) - gainOf(after));
    return before.stakeAth + part * (after.stakeAth - before.stakeAth);
  });
  const largest = Math.max(...crossings);
  return Number.isFinite(largest) ? largest : undefined;
}

export interface ExamRow {
  readonly name: string;
  readonly demandElasticity: number;
  readonly gains: Gains;
}

/** What exams of hardware are worth, where clients choose by score and where they hardly do. */
export function exams(setting: Setting): ExamRow[] {
  const { rules, market } = setting;
  const examined = { minimumCheckers: CHECKERS };
  const choices: readonly (readonly [string, Partial<Rules>])[] = [
    ["none", { minimumCheckers: Infinity }],
    ["on entry", { ...examined, examRateBasisPoints: 0 }],
    ["and 5 % at random", { ...examined, examRateBasisPoints: 500 }],
    ["and 20 % at random", { ...examined, examRateBasisPoints: 2_000 }],
    [
      "5 % at random, slow epochs are bad",
      {
        ...examined,
        examRateBasisPoints: 500,
        speedFloorBasisPoints: ruleSets.extended.speedFloorBasisPoints,
      },
    ],
  ];
  const isSlow = ({ speed, bribes }: ProviderStrategy) => speed < 1 && !bribes;
  return [market.demandElasticity, 0.1].flatMap((demandElasticity) =>
    choices.map(([name, changes]): ExamRow => {
      const changed = {
        ...setting,
        market: { ...market, demandElasticity },
        rules: { ...rules, ...changes },
      };
      return { name, demandElasticity, gains: gainsOf(changed, isSlow, `exams ${name} ${demandElasticity}`) };
    }),
  );
}
