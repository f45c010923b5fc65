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
import { share } from "./described.ts";
import { recomputedAnswers } from "./detection.ts";
import { depositAthOf, figuresOf } from "./market.ts";
import { WRONG } from "./recomputing.ts";
import { GPUS } from "./setting.ts";

export function recomputing({ recomputing: { rows } }: EconomicsResult): Table {
  return {
    name: "recomputing",
    title: "From which share of wrong answers recomputing pays for itself, if the finder gets the reward",
    columns: [
      right("recomputing costs, times"),
      right("USD"),
      right("pays from, wrong"),
      right("wrong answers of a GPU and epoch"),
      right("they save, USD"),
      right("epochs until found"),
    ],
    rows: rows.map((row) => [
      grouped(row.costTimes),
      significant(row.costUsd, 2),
      `${significant(100 * row.payingShare, 2)} %`,
      significant(row.wrongAnswers, 2),
      significant(row.savedUsd, 2),
      significant(row.epochsUntilFound, 2),
    ]),
  };
}

export function cheating({ recomputing: result, rules, market }: EconomicsResult): Table {
  const { substituteGainUsd, disputeEpochs } = figuresOf(rules, market);
  const depositUsd = (depositAthOf(rules, GPUS) / GPUS) * market.athUsd;
  return {
    name: "cheating",
    title: "What a GPU of a cheating provider stands to gain and to lose",
    columns: [left("what"), right("USD, or %")],
    rows: [
      ["a smaller model for all answers saves, an epoch", number(substituteGainUsd, 2)],
      [
        "it saves until it is found, whatever their share, if all that checkers buy is recomputed",
        number(substituteGainUsd / recomputedAnswers(rules), 2),
      ],
      [
        "all of them by it save, during a dispute that is stalled",
        number(substituteGainUsd * disputeEpochs, 2),
      ],
      ["a conviction takes", number(depositUsd, 2)],
      [
        "of it comes back to who convicts itself first",
        number(depositUsd * share(rules.selfConvictionBasisPoints), 2),
      ],
      ["so a conviction costs", number(result.lostUsd, 2)],
      ["reward of who proves an answer wrong", number(result.rewardUsd, 2)],
      [
        "part of the bought answers to recompute, so that no share of wrong answers pays",
        percent(result.neededShare),
      ],
      ["part of the checkers, if some recompute all and the others nothing", percent(result.neededCheckers)],
    ],
  };
}

export function freeRiding({ recomputing: { rows } }: EconomicsResult): Table {
  return {
    name: "free-riding",
    title: "What a checker that does not recompute saves and forgoes in an epoch, USD",
    columns: [
      right("recomputing costs, times"),
      right("saves"),
      ...WRONG.map((wrong) => right(`forgoes at ${significant(100 * wrong, 1)} %`)),
    ],
    rows: rows.map(({ costTimes, freeRiderSavesUsd, freeRiderForgoesUsd }) => [
      grouped(costTimes),
      significant(freeRiderSavesUsd, 2),
      ...freeRiderForgoesUsd.map((usd) => significant(usd, 2)),
    ]),
  };
}

export function freeRiders({ recomputing: { freeRiders: rows } }: EconomicsResult): Table {
  return {
    name: "free-riders",
    title:
      "Gain of smaller models over honesty by who does not recompute, USD per GPU and epoch after the cost of stake",
    columns: [
      right("checkers that do not recompute"),
      ...(rows[0]?.gains ?? []).map(({ name }) => right(name)),
    ],
    rows: rows.map((row) => [percent(row.freeRiders), ...gainCells(row.gains)]),
  };
}

export function traps({ traps: { rows, trapUsd, bountyUsd } }: EconomicsResult): Table {
  return {
    name: "traps",
    title: "Traps for auditors that copy",
    columns: [
      right("recomputing costs, times"),
      right("a copy saves, USD"),
      right("a trap among attestations"),
      right("epochs from trap to trap"),
      right("a trap costs, USD"),
      right("and brings for each copy"),
      right("costs in an epoch, USD"),
    ],
    rows: rows.map((row) => [
      grouped(row.costTimes),
      significant(row.savedUsd, 2),
      significant(row.attestationsPerTrap, 2),
      significant(row.epochsPerTrap, 2),
      number(trapUsd, 2),
      number(bountyUsd, 2),
      significant(row.costUsdPerEpoch, 2),
    ]),
  };
}

export function requests({ requests: rows }: EconomicsResult): Table {
  return {
    name: "requests",
    title: "How many requests a report has to show",
    columns: [
      right("requests"),
      right("near uptimes within"),
      right("a report costs, USD"),
      right("answers bought"),
      right("honest reports unpaid"),
      right("gain of asking all but one, USD"),
      right("penalties of who is offline an hour an epoch"),
    ],
    rows: rows.map((row) => [
      String(row.requests),
      percent(row.uptimeToleranceBasisPoints / 10_000, 0),
      number(row.seatCostUsd, 4),
      String(row.bought),
      percent(row.unpaid),
      interval(row.lazyGainUsd, 3),
      number(row.penalties, 2),
    ]),
  };
}
