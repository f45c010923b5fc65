import { type CheckerStrategy, checkerStrategies } from "./checkers.ts";
import { share } from "./described.ts";
import { detectionChance, type DetectionTime, detectionTime } from "./detection.ts";
import { captureOf, type LastRevealer, lastRevealer } from "./draw.ts";
import { type Figures, figuresOf, type Market } from "./market.ts";
import { type ProviderStrategy, providerStrategies, SUBSTITUTED } from "./providers.ts";
import { type Random } from "./random.ts";
import { type Rules } from "./rules.ts";
import { type Estimate, estimate } from "./statistics.ts";
import { type Population, type RunResult, simulate } from "./world.ts";

/** How much is played. */
export interface Size {
  readonly epochs: number;
  readonly runs: number;
  /** Accounts and draws of the experiments that need many. */
  readonly samples: number;
}

export interface Setting {
  readonly rules: Rules;
  readonly market: Market;
  readonly size: Size;
  readonly random: Random;
}

/** GPUs of a provider, and checkers, wherever an experiment does not say otherwise. */
export const GPUS = 4;
export const CHECKERS = 56;

/** Worlds of few strategies need half as many runs. */
const fewer = ({ runs }: Size): number => Math.max(2, runs >> 1);

/** Two of each other kind of provider among twenty honest ones; of the checkers hardly more than half are honest. */
export const MIXED: Population = {
  providers: [20, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
  checkers: [29, 2, 2, 2, 3, 3, 2, 4, 5, 2, 2],
  gpusPerProvider: GPUS,
};

type Intent = ProviderStrategy["intent"];

export interface ProviderRow {
  readonly name: string;
  readonly intent: Intent;
  /** Profit of an epoch as a share of the stake bound. */
  readonly stakeReturn: Estimate;
  /** US dollars of a GPU in an epoch. */
  readonly profitUsd: Estimate;
  readonly managerReturn: Estimate;
  readonly delegatorReturn: Estimate;
  /** In a thousand epochs of a provider. */
  readonly penalties: number;
  readonly convictions: number;
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
  /** Return of the honest less that of the best dishonest, run by run. */
  readonly providerMargin: Estimate;
  readonly checkerMargin: Estimate;
  readonly delegatorMargin: Estimate;
  /** What fees brought checkers, as a multiple of what they were promised. */
  readonly coverage: Estimate;
}

/** Everybody at once, in independent runs. */
export function mixedWorld({ rules, market, size, random }: Setting): MixedResult {
  const runs = Array.from({ length: size.runs }, (_, run) =>
    simulate(rules, market, MIXED, size.epochs, random.of(`mixed ${run}`)),
  );
  const own = share(rules.ownPartBasisPoints);
  const of = (name: string) => runs.map((run) => run.providers.get(name)!);
  const providers = providerStrategies(market).map(({ name, intent }, index): ProviderRow => {
    const accounts = of(name);
    const epochs = (MIXED.providers[index] ?? 0) * size.epochs * size.runs;
    const times = accounts.flatMap(({ detectionEpochs }) => detectionEpochs);
    return {
      name,
      intent,
      stakeReturn: estimate(accounts.map((each) => each.profitUsd / each.capitalUsd)),
      profitUsd: estimate(accounts.map((each) => each.profitUsd / each.gpuEpochs)),
      managerReturn: estimate(accounts.map((each) => each.managerUsd / (each.capitalUsd * own))),
      delegatorReturn: estimate(accounts.map((each) => each.delegatorsUsd / (each.capitalUsd * (1 - own)))),
      penalties: (1_000 * accounts.reduce((sum, each) => sum + each.penalties, 0)) / epochs,
      convictions: (1_000 * accounts.reduce((sum, each) => sum + each.convictions, 0)) / epochs,
      detectionEpochs:
        times.length === 0 ? undefined : times.reduce((sum, time) => sum + time, 0) / times.length,
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
  return {
    providers,
    checkers,
    providerMargin: margin(runs, providerStrategies(market), (run, name) => {
      const { profitUsd, capitalUsd } = run.providers.get(name)!;
      return profitUsd / capitalUsd;
    }),
    // A bribe is worth what the provider pays: bribery has a table of its own.
    checkerMargin: margin(
      runs,
      present.filter((each: CheckerStrategy) => !each.isBribed),
      (run, name) => {
        const { profitUsd, capitalUsd } = run.checkers.get(name)!;
        return profitUsd / capitalUsd;
      },
    ),
    delegatorMargin: margin(runs, providerStrategies(market), (run, name) => {
      const { delegatorsUsd, capitalUsd } = run.providers.get(name)!;
      return delegatorsUsd / (capitalUsd * (1 - own));
    }),
    coverage: estimate(runs.map((run) => run.feesUsd / run.promisedUsd)),
  };
}

/** In each run, the honest strategy's return less that of the dishonest one which did best in it. */
function margin(
  runs: readonly RunResult[],
  strategies: readonly { readonly name: string; readonly intent: Intent }[],
  returnOf: (run: RunResult, name: string) => number,
): Estimate {
  const honest = strategies.find(({ intent }) => intent === "honest")!.name;
  const dishonest = strategies.filter(({ intent }) => intent === "dishonest").map(({ name }) => name);
  return estimate(
    runs.map((run) => returnOf(run, honest) - Math.max(...dishonest.map((name) => returnOf(run, name)))),
  );
}

export interface DetectionRow extends DetectionTime {
  /** Answers of a provider recomputed in an epoch, on average. */
  readonly recomputed: number;
  readonly wrong: number;
  /** The formula, to hold the simulation against. */
  readonly expectedInEpoch: number;
}

/** Detection against the audit rate. */
export function detectionRates({ rules, size, random }: Setting): DetectionRow[] {
  return [3, 6, 12, 24, 48].flatMap((probesPerSeat) =>
    SUBSTITUTED.map((wrong) => {
      const changed = { ...rules, probesPerSeat };
      const recomputed = rules.checkersPerProvider * probesPerSeat * share(rules.recomputedBasisPoints);
      const own = random.of(`detection ${probesPerSeat} ${wrong}`);
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
  /** US dollars of a GPU in an epoch, after the cost of its stake, above the honest provider's; by strategy. */
  readonly gains: readonly { readonly name: string; readonly gainUsd: Estimate }[];
}

/** What a stake is worth against the kinds of cheating that it answers. */
export interface StakeResult {
  readonly rows: readonly StakeRow[];
  /** The stake from which none of these kinds gains anything, interpolated; undefined if that is beyond the rows. */
  readonly crossingAth: number | undefined;
}

/** The gain over honesty by the fraud deposit of a GPU. */
export function fraudDeposits(setting: Setting): StakeResult {
  const kinds = providerStrategies(setting.market).map(({ substituted }) => substituted > 0);
  const rows = [0, 1_000, 2_500, 5_000, 7_500, 10_000, 15_000].map((fraudDepositAth) =>
    stakeRow(setting, { ...setting.rules, fraudDepositAth }, fraudDepositAth, kinds, "deposit"),
  );
  return { rows, crossingAth: crossingOf(rows) };
}

/** The gain over honesty by the hardware stake of a GPU, from which penalties are taken. */
export function hardwareStakes(setting: Setting): StakeResult {
  const kinds = providerStrategies(setting.market).map(
    ({ substituted, intent, bribes }) => intent === "dishonest" && substituted === 0 && !bribes,
  );
  const rows = [1_000, 5_000, 10_000, 20_000, 40_000, 80_000].map((hardwareStakeAth) =>
    stakeRow(setting, { ...setting.rules, hardwareStakeAth }, hardwareStakeAth, kinds, "hardware"),
  );
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

function stakeRow(
  { market, size, random }: Setting,
  rules: Rules,
  stakeAth: number,
  kinds: readonly boolean[],
  label: string,
): StakeRow {
  const population = {
    providers: kinds.map((isIn, index) => (index === 0 || isIn ? 2 : 0)),
    checkers: [CHECKERS],
    gpusPerProvider: GPUS,
  };
  const { capitalCost } = figuresOf(rules, market);
  const runs = Array.from({ length: fewer(size) }, (_, run) =>
    simulate(rules, market, population, size.epochs, random.of(`${label} ${stakeAth} ${run}`)),
  );
  const strategies = providerStrategies(market);
  const gain = (run: RunResult, name: string) => {
    const { profitUsd, capitalUsd, gpuEpochs } = run.providers.get(name)!;
    return (profitUsd - capitalUsd * capitalCost) / gpuEpochs;
  };
  const honest = strategies[0].name;
  return {
    stakeAth,
    gains: strategies
      .filter((_, index) => kinds[index])
      .map(({ name }) => ({
        name,
        gainUsd: estimate(runs.map((run) => gain(run, name) - gain(run, honest))),
      })),
  };
}

export interface CoalitionRow {
  readonly coalitionShare: number;
  /** Chance of most seats at a provider in an epoch, by the formula. */
  readonly capture: number;
  /** Of the bribing provider's GPU in an epoch above the honest one's, US dollars: what there is to share. */
  readonly gainUsd: Estimate;
  readonly honestUnpaid: number;
}

/** What a provider with lesser hardware gains if a share of the checkers reports it as honest. */
export function coalitions({ rules, market, size, random }: Setting): CoalitionRow[] {
  const strategies = providerStrategies(market);
  const honest = strategies[0].name;
  const briber = strategies.find(({ bribes }) => bribes)!.name;
  const kinds = checkerStrategies(market);
  const { capitalCost } = figuresOf(rules, market);
  return [0, 1 / 7, 2 / 7, 3 / 7, 1 / 2, 4 / 7, 5 / 7, 6 / 7].map((coalitionShare) => {
    const bribed = Math.round(CHECKERS * coalitionShare);
    const population = {
      providers: strategies.map(({ name, bribes }) => (name === honest || bribes ? 2 : 0)),
      checkers: kinds.map(({ intent, isBribed }) =>
        isBribed ? bribed : intent === "honest" ? CHECKERS - bribed : 0,
      ),
      gpusPerProvider: GPUS,
    };
    const runs = Array.from({ length: fewer(size) }, (_, run) =>
      simulate(rules, market, population, size.epochs, random.of(`coalition ${bribed} ${run}`)),
    );
    const profit = (run: RunResult, name: string) => {
      const { profitUsd, capitalUsd, gpuEpochs } = run.providers.get(name)!;
      return (profitUsd - capitalUsd * capitalCost) / gpuEpochs;
    };
    const seats = runs.map((run) => run.checkers.get("honest")!);
    return {
      coalitionShare,
      capture: captureOf(rules, coalitionShare, CHECKERS),
      gainUsd: estimate(runs.map((run) => profit(run, briber) - profit(run, honest))),
      honestUnpaid:
        seats.reduce((sum, { unpaidSeats }) => sum + unpaidSeats, 0) /
        seats.reduce((sum, each) => sum + each.seats, 0),
    };
  });
}

export interface SlanderRow {
  readonly coalitionShare: number;
  /** By the number of faults and the epochs within which they make a penalty. */
  readonly outcomes: readonly {
    readonly faultsForPenalty: number;
    readonly faultWindowEpochs: number;
    /** In a thousand epochs of an honest provider, before any appeal. */
    readonly penalties: number;
  }[];
}

/** What slanderers do to honest providers, under several rules for penalties. */
export function slanders({ rules, market, size, random }: Setting): SlanderRow[] {
  const honest = providerStrategies(market)[0].name;
  const kinds = checkerStrategies(market);
  const choices = [
    [2, 7],
    [3, 7],
    [3, 3],
  ] as const;
  return [0, 1 / 7, 2 / 7, 3 / 7, 1 / 2].map((coalitionShare) => {
    const slandering = Math.round(CHECKERS * coalitionShare);
    const population = {
      providers: [4],
      checkers: kinds.map(({ intent, slanders: does }) =>
        does ? slandering : intent === "honest" ? CHECKERS - slandering : 0,
      ),
      gpusPerProvider: GPUS,
    };
    const outcomes = choices.map(([faultsForPenalty, faultWindowEpochs]) => {
      const changed = { ...rules, faultsForPenalty, faultWindowEpochs };
      const label = `slander ${slandering} ${faultsForPenalty} ${faultWindowEpochs}`;
      const runs = Array.from({ length: fewer(size) }, (_, run) =>
        simulate(changed, market, population, size.epochs, random.of(`${label} ${run}`)),
      );
      const penalties = runs.reduce((sum, run) => sum + run.providers.get(honest)!.penalties, 0);
      return {
        faultsForPenalty,
        faultWindowEpochs,
        penalties: (1_000 * penalties) / (population.providers[0]! * size.epochs * runs.length),
      };
    });
    return { coalitionShare, outcomes };
  });
}

export interface LastRevealerRow extends LastRevealer {
  readonly coalitionShare: number;
}

/** The last revealer's choice, by what share of the checkers is behind it. */
export function lastRevealers({ rules, market, size, random }: Setting): LastRevealerRow[] {
  const figures: Figures = figuresOf(rules, market);
  const providers = MIXED.providers.reduce((sum, count) => sum + count, 0);
  return [1, 8, 19, 28].map((coalition) => ({
    coalitionShare: coalition / CHECKERS,
    ...lastRevealer(
      rules,
      figures,
      market.athUsd,
      { tickets: CHECKERS, coalition, providers },
      GPUS * rules.hardwareStakeAth * share(rules.penaltyBasisPoints) * market.athUsd,
      size.samples * 10,
      random.of(`last revealer ${coalition}`),
    ),
  }));
}
