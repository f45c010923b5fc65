import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatTable } from "../lib/table.ts";
import { type AblationRow, ablations } from "./economics/ablations.ts";
import { type BreakEven, breakEvens } from "./economics/break-evens.ts";
import {
  type CoalitionRow,
  coalitions,
  type DetectionRow,
  detectionRates,
  fraudDeposits,
  hardwareStakes,
  type LastRevealerRow,
  lastRevealers,
  type MixedResult,
  mixedWorld,
  type Setting,
  type SlanderRow,
  slanders,
  type StakeResult,
} from "./economics/experiments.ts";
import { defaultMarket, type Market } from "./economics/market.ts";
import { plotsOf } from "./economics/plots.ts";
import { Random } from "./economics/random.ts";
import { defaultRules, type Rules } from "./economics/rules.ts";
import { tablesOf } from "./economics/tables.ts";

export interface EconomicsOptions {
  /** Of each run. */
  readonly epochs?: number;
  /** Independent runs, at least two. */
  readonly runs?: number;
  readonly samples?: number;
  readonly seed?: number;
  /** Folder for plots, made if it is not there. */
  readonly svg?: string;
}

/** The same for the same options, on every machine. Units stand in the names; see the types of the parts. */
export interface EconomicsResult {
  readonly seed: number;
  readonly epochs: number;
  readonly runs: number;
  readonly rules: Rules;
  readonly market: Market;
  readonly mixed: MixedResult;
  readonly detection: readonly DetectionRow[];
  readonly fraudDeposits: StakeResult;
  readonly hardwareStakes: StakeResult;
  readonly coalitions: readonly CoalitionRow[];
  readonly slanders: readonly SlanderRow[];
  readonly lastRevealers: readonly LastRevealerRow[];
  readonly ablations: readonly AblationRow[];
  readonly breakEvens: readonly BreakEven[];
}

/**
 * Simulates checkers, providers and delegators under the default rules, and under rules with other stakes. docs/economics.md explains it.
 * @throws RangeError of fewer than two runs
 */
export async function benchEconomics({
  epochs = 250,
  runs = 16,
  samples = 2_000,
  seed = 1,
  svg,
}: EconomicsOptions = {}): Promise<EconomicsResult> {
  const rules = defaultRules;
  const market = defaultMarket;
  const setting: Setting = { rules, market, size: { epochs, runs, samples }, random: new Random(seed) };
  const result: EconomicsResult = {
    seed,
    epochs,
    runs,
    rules,
    market,
    mixed: mixedWorld(setting),
    detection: detectionRates(setting),
    fraudDeposits: fraudDeposits(setting),
    hardwareStakes: hardwareStakes(setting),
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
  const { epochs, runs, seed } = result;
  const head = `${runs} runs of ${epochs} epochs, seed ${seed}; intervals of 95 % over the runs. docs/economics.md has the defaults.`;
  const tables = tablesOf(result).map(
    ({ title, columns, rows }) => `${title}\n\n${formatTable(columns, rows)}`,
  );
  return [head, ...tables].join("\n\n");
}
