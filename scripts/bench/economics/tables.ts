import { type EconomicsResult } from "../economics.ts";
import {
  gainCells,
  grouped,
  interval,
  left,
  number,
  percent,
  right,
  significant,
  type Table,
} from "./cells.ts";
import { cheating, freeRiders, freeRiding, recomputing, requests, traps } from "./checking-tables.ts";
import { type Described } from "./described.ts";
import { depositAthOf, describedMarket, figuresOf } from "./market.ts";
import { describedRules } from "./rules.ts";
import { type MixedResult } from "./mixed.ts";
import { GPUS } from "./setting.ts";
import { type StakeRow } from "./stakes.ts";

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
    exams(result),
    cheating(result),
    recomputing(result),
    freeRiding(result),
    freeRiders(result),
    traps(result),
    requests(result),
    coalition(result),
    slander(result),
    lastRevealer(result),
    changedRules(result),
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

function margins({ sets }: EconomicsResult): Table {
  const row = (what: string, of: (mixed: MixedResult) => string) => [
    what,
    ...sets.map(({ mixed }) => of(mixed)),
  ];
  return {
    name: "margins",
    title: "Margin of the honest over the best dishonest, by rules",
    columns: [left("role"), ...sets.map(({ ruleSet }) => right(ruleSet))],
    rows: [
      row("providers, % of stake and epoch", ({ providerMargin }) => interval(providerMargin, 2, 100)),
      row("providers, USD of a GPU and epoch", ({ providerMarginUsd }) => interval(providerMarginUsd, 2)),
      row("checkers, by what they report, % of stake and epoch", ({ checkerMargin }) =>
        interval(checkerMargin, 3, 100),
      ),
      row("checkers, by what they attest to", ({ auditorMargin }) => interval(auditorMargin, 3, 100)),
      row("checkers, over those who do not recompute what they bought", ({ freeRiderMargin }) =>
        interval(freeRiderMargin, 3, 100),
      ),
      row("delegators, by whose pool they choose, % of stake and epoch", ({ delegatorMargin }) =>
        interval(delegatorMargin, 2, 100),
      ),
      row("what a report earns, times what it costs", ({ coverage }) => interval(coverage, 2)),
      row("part of the pay that is for reports", ({ reportPart }) => percent(reportPart.mean)),
      row("stake that providers with bad hours lose, USD of a GPU and epoch", ({ carelessLossUsd }) =>
        number(carelessLossUsd, 2),
      ),
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
      right("of it stake lost"),
      right("penalties"),
      right("convictions"),
      right("epochs until found"),
    ],
    rows: mixed.providers.map((row) => [
      row.name,
      interval(row.stakeReturn, 3, 100),
      interval(row.profitUsd, 2),
      number(row.slashedUsd, 2),
      number(row.penalties, 1),
      number(row.convictions, 0),
      row.detectionEpochs === undefined ? "" : significant(row.detectionEpochs, 2),
    ]),
  };
}

function checkers({ mixed }: EconomicsResult): Table {
  return {
    name: "checkers",
    title: "Checkers: return, and penalties in 1,000 epochs",
    columns: [
      left("strategy"),
      right("% of stake and epoch"),
      right("USD per ticket and epoch"),
      right("reports unpaid"),
      right("penalties"),
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
    rows: rows.map((row) => [grouped(row.stakeAth), ...gainCells(row.gains)]),
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
      row("fraud deposit", fraudDeposits.crossingAth, depositAthOf(rules, GPUS) / GPUS),
      row("hardware stake", hardwareStakes.crossingAth, rules.hardwareStakeAth),
    ],
  };
}

function exams({ exams: rows }: EconomicsResult): Table {
  return {
    name: "exams",
    title: "Exams of hardware: gain over honesty, USD per GPU and epoch after the cost of stake",
    columns: [
      left("exams"),
      right("elasticity of demand to the score"),
      ...(rows[0]?.gains ?? []).map(({ name }) => right(name)),
    ],
    rows: rows.map(({ name, demandElasticity, gains }) => [
      name,
      String(demandElasticity),
      ...gainCells(gains),
    ]),
  };
}

function coalition({ coalitions }: EconomicsResult): Table {
  return {
    name: "coalitions",
    title: "A provider with lesser hardware that bribes checkers",
    columns: [
      right("checkers bribed"),
      right("most reports, by formula"),
      right("gain over honesty, USD per GPU and epoch"),
      right("honest reports unpaid"),
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
    title:
      "Penalties of an honest provider in 1,000 epochs, before appeals, where checkers report that it did not answer",
    columns: [
      right("slanderers"),
      ...choices.map(({ floorEpochs }) => right(`${floorEpochs} bad epochs in a row`)),
      right("suspended by exams"),
    ],
    rows: slanders.map(({ coalitionShare, outcomes, suspended }) => [
      percent(coalitionShare, 0),
      ...outcomes.map(({ penalties }) => number(penalties, 1)),
      percent(suspended),
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

function changedRules({ ablations }: EconomicsResult): Table {
  return {
    name: "ablations",
    title: "What each rule is for, and what others would do: the same world with one changed",
    columns: [
      left("rules"),
      left("role"),
      left("best dishonest kind"),
      right("gain over honesty, USD per epoch and GPU or ticket"),
      right("a report earns, times its cost"),
      right("providers with bad hours lose, USD"),
    ],
    rows: ablations.map(({ name, role, best, gainUsd, coverage, carelessUsd }) => [
      name,
      role,
      best,
      interval(gainUsd, 3),
      number(coverage, 2),
      carelessUsd === undefined ? "" : number(carelessUsd, 2),
    ]),
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
