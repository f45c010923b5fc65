import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatTable } from "../lib/table.ts";
import { type AblationRow, ablations } from "./economics/ablations.ts";
import { type BreakEven, breakEvens } from "./economics/break-evens.ts";
import {
  type CoalitionRow,
  coalitions,
  type LastRevealerRow,
  lastRevealers,
  type SlanderRow,
  slanders,
} from "./economics/coalitions.ts";
import { defaultMarket, type Market } from "./economics/market.ts";
import { type MixedResult, mixedWorld } from "./economics/mixed.ts";
import { plotsOf } from "./economics/plots.ts";
import { Random } from "./economics/random.ts";
import { type RecomputingResult, recomputing, type TrapResult, traps } from "./economics/recomputing.ts";
import { type RequestsRow, requestNumbers } from "./economics/requests.ts";
import { type Rules, type RuleSet, ruleSets } from "./economics/rules.ts";
import { type Setting } from "./economics/setting.ts";
import {
  type DetectionRow,
  detectionRates,
  type ExamRow,
  exams,
  fraudDeposits,
  hardwareStakes,
  type StakeResult,
} from "./economics/stakes.ts";
import { tablesOf } from "./economics/tables.ts";

export interface EconomicsOptions {
  /** Of each run. */
  readonly epochs?: number;
  /** Independent runs, at least two. */
  readonly runs?: number;
  readonly samples?: number;
  readonly seed?: number;
  /** Whose rules are played. Default: the contracts', with their defaults. */
  readonly rules?: RuleSet;
  /** Folder for plots, made if it is not there. */
  readonly svg?: string;
}

/** The same for the same options, on every machine. Units stand in the names; see the types of the parts. */
export interface EconomicsResult {
  readonly seed: number;
  readonly epochs: number;
  readonly runs: number;
  /** Which rules were played: those that the contracts have and deploy with, or others. */
  readonly ruleSet: RuleSet;
  readonly rules: Rules;
  readonly market: Market;
  readonly mixed: MixedResult;
  /** Everybody at once under each of the sets. */
  readonly sets: readonly { readonly ruleSet: RuleSet; readonly mixed: MixedResult }[];
  readonly detection: readonly DetectionRow[];
  readonly fraudDeposits: StakeResult;
  readonly hardwareStakes: StakeResult;
  readonly exams: readonly ExamRow[];
  readonly recomputing: RecomputingResult;
  readonly traps: TrapResult;
  readonly requests: readonly RequestsRow[];
  readonly coalitions: readonly CoalitionRow[];
  readonly slanders: readonly SlanderRow[];
  readonly lastRevealers: readonly LastRevealerRow[];
  readonly ablations: readonly AblationRow[];
  readonly breakEvens: readonly BreakEven[];
}

/**
 * Simulates checkers, providers and delegators under the contracts' rules, and under others. docs/economics.md explains it.
 * @throws RangeError of fewer than two runs
 */
export async function benchEconomics({
  epochs = 250,
  runs = 16,
  samples = 2_000,
  seed = 1,
  rules: ruleSet = "contracts",
  svg,
}: EconomicsOptions = {}): Promise<EconomicsResult> {
  const rules = ruleSets[ruleSet];
  const market = defaultMarket;
  const setting: Setting = { rules, market, size: { epochs, runs, samples }, random: new Random(seed) };
  const sets = Object.entries(ruleSets).map(([name, played]) => ({
    ruleSet: name as RuleSet,
    mixed: mixedWorld({ ...setting, rules: played }),
  }));
  const result: EconomicsResult = {
    seed,
    epochs,
    runs,
    ruleSet,
    rules,
    market,
    mixed: sets.find((each) => each.ruleSet === ruleSet)!.mixed,
    sets,
    detection: detectionRates(setting),
    fraudDeposits: fraudDeposits(setting),
    hardwareStakes: hardwareStakes(setting),
    exams: exams(setting),
    recomputing: recomputing(setting),
    traps: traps(setting),
    requests: requestNumbers(setting),
    coalitions: coalitions(setting),
    slanders: slanders(setting),
    lastRevealers: lastRevealers(setting),
    ablations: ablations(setting),
    breakEvens: breakEvens(rules, market),
  };
  if (svg !== undefined) {
    await mkdir(svg, { recursive: true });
    for (const [file, plot] of Object.entries(plotsOf(result))) await writeFile(join(svg, file), plot);
  }
  return result;
}

export function economicsTable(result: EconomicsResult): string {
  const { epochs, runs, seed, ruleSet } = result;
  const head = `Rules: ${ruleSet}. ${runs} runs of ${epochs} epochs, seed ${seed}; intervals of 95 % over the runs. docs/economics.md has the defaults.`;
  const tables = tablesOf(result).map(
    ({ title, columns, rows }) => `${title}\n\n${formatTable(columns, rows)}`,
  );
  return [head, ...tables].join("\n\n");
}
