import { type Column } from "../../lib/table.ts";
import { type EconomicsResult } from "../economics.ts";
import { type Described } from "./described.ts";
import { describedMarket, figuresOf } from "./market.ts";
import { describedRules } from "./rules.ts";
import { type Estimate } from "./statistics.ts";
import { type StakeRow } from "./experiments.ts";

/** One table, for a terminal and for a page. */
export interface Table {
  /** A word: pages ask for tables by it. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

const number = (value: number, digits: number): string =>
  // No locale: the same bytes everywhere. Zero has no sign.
  (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits);

const grouped = (value: number): string => {
  const [whole = "", decimals] = String(value).split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? groups : `${groups}.${decimals}`;
};

const significant = (value: number, digits = 3): string =>
  Number.isFinite(value) ? grouped(Number(value.toPrecision(digits))) : "never";

const interval = ({ mean, halfWidth }: Estimate, digits: number, scale = 1): string =>
  `${number(mean * scale, digits)} ± ${number(halfWidth * scale, digits)}`;

const percent = (value: number, digits = 1): string => `${number(value * 100, digits)} %`;

const left = (heading: string): Column => ({ heading });
const right = (heading: string): Column => ({ heading, align: "right" });

/** Everything that a run says, in the order in which it is read. */
export function tablesOf(result: EconomicsResult): Table[] {
  return [
    margins(result),
    providers(result),
    checkers(result),
    delegators(result),
    detection(result),
    stakes(
      "deposits",
      "Gain over honesty by fraud deposit, USD per GPU and epoch after the cost of stake",
      result.fraudDeposits.rows,
    ),
    stakes(
      "hardware",
      "Gain over honesty by hardware stake, USD per GPU and epoch after the cost of stake",
      result.hardwareStakes.rows,
    ),
    crossings(result),
    coalition(result),
    slander(result),
    lastRevealer(result),
    withoutRules(result),
    breakEvens(result),
  ];
}

/** The defaults, with unit, meaning and source. */
export function parameterTables(): Table[] {
  const rows = (table: Readonly<Record<string, Described>>) =>
    Object.entries(table).map(([name, { value, unit, meaning, source }]) => [
      name,
      grouped(value),
      unit,
      meaning,
      source,
    ]);
  const columns = [left("parameter"), right("value"), left("unit"), left("meaning"), left("source")];
  return [
    { name: "rules", title: "The protocol's parameters", columns, rows: rows(describedRules) },
    { name: "market", title: "The market's parameters", columns, rows: rows(describedMarket) },
  ];
}

function margins({ mixed }: EconomicsResult): Table {
  return {
    name: "margins",
    title: "Margin of the honest over the best dishonest, per cent of stake and epoch",
    columns: [left("role"), right("margin")],
    rows: [
      ["providers", interval(mixed.providerMargin, 2, 100)],
      ["checkers", interval(mixed.checkerMargin, 3, 100)],
      ["delegators, by whose pool they choose", interval(mixed.delegatorMargin, 2, 100)],
      ["fees for checkers, times what they were promised", interval(mixed.coverage, 2)],
    ],
  };
}

function providers({ mixed }: EconomicsResult): Table {
  return {
    name: "providers",
    title: "Providers: return, and what happens to them in 1,000 epochs",
    columns: [
      left("strategy"),
      right("% of stake and epoch"),
      right("USD per GPU and epoch"),
      right("penalties"),
      right("convictions"),
      right("epochs until found"),
    ],
    rows: mixed.providers.map((row) => [
      row.name,
      interval(row.stakeReturn, 3, 100),
      interval(row.profitUsd, 2),
      number(row.penalties, 0),
      number(row.convictions, 0),
      row.detectionEpochs === undefined ? "" : significant(row.detectionEpochs, 2),
    ]),
  };
}

function checkers({ mixed }: EconomicsResult): Table {
  return {
    name: "checkers",
    title: "Checkers: return, and slashes in 1,000 epochs",
    columns: [
      left("strategy"),
      right("% of stake and epoch"),
      right("USD per ticket and epoch"),
      right("seats unpaid"),
      right("slashes"),
    ],
    rows: mixed.checkers.map((row) => [
      row.name,
      interval(row.stakeReturn, 3, 100),
      interval(row.profitUsd, 3),
      percent(row.unpaid),
      number(row.slashes, 0),
    ]),
  };
}

function delegators({ mixed }: EconomicsResult): Table {
  return {
    name: "delegators",
    title: "Pools: return of both parts, per cent of their stake and epoch",
    columns: [left("the provider is"), right("delegators"), right("manager")],
    rows: mixed.providers.map((row) => [
      row.name,
      interval(row.delegatorReturn, 3, 100),
      interval(row.managerReturn, 3, 100),
    ]),
  };
}

function detection({ detection: rows }: EconomicsResult): Table {
  return {
    name: "detection",
    title: "Detection against the audit rate",
    columns: [
      right("recomputed answers"),
      right("wrong answers"),
      right("found in an epoch"),
      right("by formula"),
      right("epochs until found"),
    ],
    rows: rows.map((row) => [
      String(row.recomputed),
      percent(row.wrong, 2),
      `${interval(row.inEpoch, 1, 100)} %`,
      percent(row.expectedInEpoch),
      `${significant(row.epochs.mean)} ± ${significant(row.epochs.halfWidth, 2)}`,
    ]),
  };
}

function stakes(name: string, title: string, rows: readonly StakeRow[]): Table {
  return {
    name,
    title,
    columns: [right("ATH per GPU"), ...(rows[0]?.gains ?? []).map((each) => right(each.name))],
    rows: rows.map((row) => [grouped(row.stakeAth), ...row.gains.map(({ gainUsd }) => interval(gainUsd, 1))]),
  };
}

function crossings({ fraudDeposits, hardwareStakes, rules, market }: EconomicsResult): Table {
  const rentAth = figuresOf(rules, market).gpuEpochUsd / market.athUsd;
  const row = (what: string, crossingAth: number | undefined, used: number) => [
    what,
    crossingAth === undefined ? "" : significant(crossingAth),
    grouped(used),
    number(used / rentAth, 1),
    crossingAth === undefined ? "" : number(used / crossingAth, 1),
  ];
  return {
    name: "crossings",
    title: "Stakes at which cheating stops paying, as simulated",
    columns: [
      left("stake of a GPU"),
      right("nothing gained at, ATH"),
      right("in use, ATH"),
      right("in days of its rent"),
      right("times what is needed"),
    ],
    rows: [
      row("fraud deposit", fraudDeposits.crossingAth, rules.fraudDepositAth),
      row("hardware stake", hardwareStakes.crossingAth, rules.hardwareStakeAth),
    ],
  };
}

function coalition({ coalitions }: EconomicsResult): Table {
  return {
    name: "coalitions",
    title: "A provider with lesser hardware that bribes checkers",
    columns: [
      right("checkers bribed"),
      right("most seats, by formula"),
      right("gain over honesty, USD per GPU and epoch"),
      right("honest seats unpaid"),
    ],
    rows: coalitions.map((row) => [
      percent(row.coalitionShare, 0),
      percent(row.capture),
      interval(row.gainUsd, 1),
      percent(row.honestUnpaid),
    ]),
  };
}

function slander({ slanders }: EconomicsResult): Table {
  const choices = slanders[0]?.outcomes ?? [];
  return {
    name: "slanders",
    title: "Penalties of an honest provider in 1,000 epochs, before appeals, where checkers slander",
    columns: [
      right("slanderers"),
      ...choices.map(({ faultsForPenalty, faultWindowEpochs }) =>
        right(`${faultsForPenalty} faults in ${faultWindowEpochs} epochs`),
      ),
    ],
    rows: slanders.map(({ coalitionShare, outcomes }) => [
      percent(coalitionShare, 0),
      ...outcomes.map(({ penalties }) => number(penalties, 1)),
    ]),
  };
}

function lastRevealer({ lastRevealers }: EconomicsResult): Table {
  return {
    name: "last-revealers",
    title: "Withholding the last reveal, an epoch's gains",
    columns: [
      right("coalition"),
      right("seats"),
      right("seats gained"),
      right("bound"),
      right("with a later block"),
      right("pay gained, USD"),
      right("capture"),
      right("of two"),
      right("worth at most, USD"),
      right("cost, USD"),
    ],
    rows: lastRevealers.map((row) => [
      percent(row.coalitionShare, 0),
      number(row.expectedSeats, 1),
      number(row.gainedSeats, 2),
      number(row.boundSeats, 2),
      number(row.gainedBlindSeats, 1),
      number(row.gainedUsd, 3),
      percent(row.capture),
      percent(row.captureOfTwo),
      number(row.captureUsd, 2),
      number(row.costUsd, 2),
    ]),
  };
}

function withoutRules({ ablations }: EconomicsResult): Table {
  return {
    name: "ablations",
    title: "What each rule is for: the same world without it",
    columns: [
      left("rules"),
      left("role"),
      left("best dishonest kind"),
      right("gain over honesty, USD per epoch and GPU or ticket"),
    ],
    rows: ablations.map(({ name, role, best, gainUsd }) => [name, role, best, interval(gainUsd, 3)]),
  };
}

function breakEvens({ breakEvens: rows }: EconomicsResult): Table {
  return {
    name: "break-evens",
    title: "Where the defaults stop doing their work, by formula",
    columns: [left("what"), left("unit"), right("break-even"), left("good is"), right("in use")],
    rows: rows.map((row) => [
      row.what,
      row.unit,
      significant(row.breakEven),
      row.goodAbove ? "above" : "below",
      significant(row.used),
    ]),
  };
}
