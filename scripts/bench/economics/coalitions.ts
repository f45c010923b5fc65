import { share } from "./described.ts";
import { captureOf, type LastRevealer, lastRevealer } from "./draw.ts";
import { providerStrategies } from "./providers.ts";
import {
  CHECKERS,
  checkersWith,
  fewer,
  GPUS,
  MIXED_PROVIDERS,
  play,
  providerProfit,
  type Setting,
} from "./setting.ts";
import { type Estimate, estimate } from "./statistics.ts";

export interface CoalitionRow {
  readonly coalitionShare: number;
  /** Chance of most reports on a provider in an epoch, by the formula. */
  readonly capture: number;
  /** Of the bribing provider's GPU in an epoch above the honest one's, US dollars: what there is to share. */
  readonly gainUsd: Estimate;
  readonly honestUnpaid: number;
}

/** With exams of hardware, wherever they are off. */
const withExams = (setting: Setting): Setting => ({
  ...setting,
  rules: { ...setting.rules, minimumCheckers: Math.min(setting.rules.minimumCheckers, CHECKERS) },
});

/** What a provider with lesser hardware gains if a share of the checkers reports it as honest, in exams too. */
export function coalitions(original: Setting): CoalitionRow[] {
  const setting = withExams(original);
  const strategies = providerStrategies(setting.market);
  const honest = strategies[0].name;
  const briber = strategies.find(({ bribes }) => bribes)!.name;
  return [0, 1 / 7, 2 / 7, 3 / 7, 1 / 2, 4 / 7, 5 / 7, 6 / 7].map((coalitionShare) => {
    const bribed = Math.round(CHECKERS * coalitionShare);
    const population = {
      providers: strategies.map(({ name, bribes }) => (name === honest || bribes ? 2 : 0)),
      checkers: checkersWith(setting, ({ isBribed }) => isBribed, bribed),
      gpusPerProvider: GPUS,
    };
    const runs = play(setting, population, `coalition ${bribed}`, fewer(setting));
    const seats = runs.map((run) => run.checkers.get("honest")!);
    return {
      coalitionShare,
      capture: captureOf(setting.rules, coalitionShare, CHECKERS),
      gainUsd: estimate(
        runs.map((run) => providerProfit(setting, run, briber) - providerProfit(setting, run, honest)),
      ),
      honestUnpaid:
        seats.reduce((sum, { unpaidSeats }) => sum + unpaidSeats, 0) /
        seats.reduce((sum, each) => sum + each.seats, 0),
    };
  });
}

export interface SlanderRow {
  readonly coalitionShare: number;
  /** By the number of bad epochs in a row that make a case. */
  readonly outcomes: readonly {
    readonly floorEpochs: number;
    /** In a thousand epochs of an honest provider, before any appeal. */
    readonly penalties: number;
  }[];
  /** Part of an honest provider's epochs in which it may not work until an exam is passed, where there are exams. */
  readonly suspended: number;
}

/** What those who report that nobody answered do to honest providers. */
export function slanders(original: Setting): SlanderRow[] {
  const honest = providerStrategies(original.market)[0].name;
  return [0, 1 / 7, 2 / 7, 3 / 7, 1 / 2].map((coalitionShare) => {
    const slandering = Math.round(CHECKERS * coalitionShare);
    const population = {
      providers: [4],
      checkers: checkersWith(original, ({ slanders: does }) => does, slandering),
      gpusPerProvider: GPUS,
    };
    const accountsOf = (setting: Setting, label: string) =>
      play(setting, population, `slander ${slandering} ${label}`, fewer(setting)).map((run) =>
        run.providers.get(honest)!,
      );
    const epochs = 4 * original.size.epochs * fewer(original);
    const outcomes = [2, 3, 4].map((floorEpochs) => {
      const setting = { ...original, rules: { ...original.rules, floorEpochs } };
      const accounts = accountsOf(setting, String(floorEpochs));
      return {
        floorEpochs,
        penalties: (1_000 * accounts.reduce((sum, { penalties }) => sum + penalties, 0)) / epochs,
      };
    });
    const examined = accountsOf(withExams(original), "exams");
    const suspended = examined.reduce((sum, { awaitingEpochs }) => sum + awaitingEpochs, 0) / epochs;
    return { coalitionShare, outcomes, suspended };
  });
}

export interface LastRevealerRow extends LastRevealer {
  readonly coalitionShare: number;
}

/** The last revealer's choice, by what share of the checkers is behind it. */
export function lastRevealers({ rules, market, size, random }: Setting): LastRevealerRow[] {
  const penaltyAth = GPUS * rules.hardwareStakeAth * share(rules.penaltyBasisPoints);
  return [1, 8, 19, 28].map((coalition) => ({
    coalitionShare: coalition / CHECKERS,
    ...lastRevealer(
      rules,
      market,
      { tickets: CHECKERS, coalition, providers: MIXED_PROVIDERS },
      GPUS,
      penaltyAth * (1 - share(rules.discountBasisPoints)) * market.athUsd,
      size.samples * 10,
      random.of(`last revealer ${coalition}`),
    ),
  }));
}
