import { type CheckerStrategy, checkerStrategies } from "./checkers.ts";
import { figuresOf, type Market } from "./market.ts";
import { type ProviderStrategy, providerStrategies } from "./providers.ts";
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

/** Two of each other kind of provider among twenty honest ones; of the checkers hardly more than half are honest. The last kind, who slander, are left out. */
export const MIXED: Population = {
  providers: [20, ...Array.from({ length: 16 }, () => 2)],
  checkers: [29, 2, 1, 2, 2, 2, 3, 1, 4, 3, 1, 3, 2, 1],
  gpusPerProvider: GPUS,
};

export const MIXED_PROVIDERS = MIXED.providers.reduce((sum, count) => sum + count, 0);

/** Plays the same world several times, each with its own chance. */
export function play(
  { rules, market, size, random }: Setting,
  population: Population,
  label: string,
  runs = size.runs,
): RunResult[] {
  return Array.from({ length: runs }, (_, run) =>
    simulate(rules, market, population, size.epochs, random.of(`${label} ${run}`)),
  );
}

/** Worlds of few strategies need half as many runs. */
export const fewer = ({ size }: Setting): number => Math.max(2, size.runs >> 1);

/** US dollars of a provider's GPU in an epoch, after what its stake would earn elsewhere. */
export function providerProfit({ rules, market }: Setting, run: RunResult, name: string): number {
  const { profitUsd, capitalUsd, gpuEpochs } = run.providers.get(name)!;
  return (profitUsd - capitalUsd * figuresOf(rules, market).capitalCost) / gpuEpochs;
}

/** Stake taken from careless providers, who have bad hours, US dollars of a GPU in an epoch. */
export function carelessLoss({ market }: Setting, runs: readonly RunResult[]): number {
  const careless = providerStrategies(market).filter(({ intent }) => intent === "careless");
  const accounts = careless.flatMap(({ name }) => runs.map((run) => run.providers.get(name)!));
  const sum = (pick: (account: (typeof accounts)[number]) => number) =>
    accounts.reduce((total, each) => total + pick(each), 0);
  return sum(({ slashedUsd }) => slashedUsd) / sum(({ gpuEpochs }) => gpuEpochs);
}

/** What kinds of providers gain over the honest ones, US dollars per GPU and epoch after the cost of stake. */
export type Gains = readonly { readonly name: string; readonly gainUsd: Estimate }[];

/**
 * Two of each of these kinds beside two honest providers.
 * @param checkers default: all honest
 */
export function gainsOf(
  setting: Setting,
  isIn: (strategy: ProviderStrategy) => boolean,
  label: string,
  checkers: readonly number[] = [CHECKERS],
): Gains {
  const strategies = providerStrategies(setting.market);
  const [honest] = strategies;
  const providers = strategies.map((each) => (each === honest || isIn(each) ? 2 : 0));
  const runs = play(setting, { providers, checkers, gpusPerProvider: GPUS }, label, fewer(setting));
  return strategies.filter(isIn).map(({ name }) => ({
    name,
    gainUsd: estimate(
      runs.map((run) => providerProfit(setting, run, name) - providerProfit(setting, run, honest.name)),
    ),
  }));
}

/** So many checkers of a kind; all others honest. */
export function checkersWith(
  { market }: Setting,
  isKind: (each: CheckerStrategy) => boolean,
  count: number,
): number[] {
  const kinds = checkerStrategies(market);
  const index = kinds.findIndex(isKind);
  return kinds.map((_, each) => (each === 0 ? CHECKERS - count : each === index ? count : 0));
}
