import { share } from "./described.ts";
import { figuresOf, type Market, shareUsdOf } from "./market.ts";
import { type Random } from "./random.ts";
import { type Rules } from "./rules.ts";

/** Who draws: so many tickets in all, of which a coalition holds some, and so many providers to check. */
export interface DrawSetting {
  readonly tickets: number;
  readonly coalition: number;
  readonly providers: number;
}

/** What the last of the revealers can make of the next draw. Seats are those of the coalition in one epoch. */
export interface LastRevealer {
  readonly expectedSeats: number;
  /** Simulated: the better of two draws, over one, where the draw is a function of the reveals alone. */
  readonly gainedSeats: number;
  /** No distribution with this spread gains more: E[max of 2] - E = σ / √3 at most (Hartley and David, Gumbel, 1954). */
  readonly boundSeats: number;
  readonly gainedUsd: number;
  /** Simulated: the same choice made blindly, since a later block is mixed in. */
  readonly gainedBlindSeats: number;
  /** Chance that the coalition has most of the seats at a provider of its own. */
  readonly capture: number;
  /** The same with the better of two draws. */
  readonly captureOfTwo: number;
  /** What the second draw is worth at most where capture saves that provider a penalty. */
  readonly captureUsd: number;
  /** What one reveal withheld costs. */
  readonly costUsd: number;
}

/**
 * Plays the choice of a coalition that reveals last: it knows the draw that follows if it reveals, and the one that follows if one of its
 * members withholds, and takes the better one.
 * @param gpus of every provider
 * @param penaltyUsd the penalty of the provider that the coalition checks
 */
export function lastRevealer(
  rules: Rules,
  market: Market,
  setting: DrawSetting,
  gpus: number,
  penaltyUsd: number,
  draws: number,
  random: Random,
): LastRevealer {
  const { tickets, coalition, providers } = setting;
  const chance = Math.min(1, rules.expectedCheckers / tickets);
  const pairs = coalition * providers;
  const variance = pairs * chance * (1 - chance);
  const payUsd = shareUsdOf(rules, market, gpus);
  const seatMarginUsd = payUsd - figuresOf(rules, market).seatCostUsd;
  let gained = 0;
  let gainedBlind = 0;
  for (let draw = 0; draw < draws; draw++) {
    const revealed = random.binomial(pairs, chance);
    const withheld = random.binomial(pairs, chance);
    // Less noisy than the difference to the one revealed, and the same on average.
    gained += Math.max(revealed, withheld) - (revealed + withheld) / 2;
    // With a block that nobody knows yet, any rule of choosing is as good as a coin.
    gainedBlind += (random.chance(0.5) ? withheld : revealed) - revealed;
  }
  const capture = captureOf(rules, coalition / tickets, tickets);
  const captureOfTwo = 1 - (1 - capture) ** 2;
  const gainedSeats = gained / draws;
  return {
    expectedSeats: pairs * chance,
    gainedSeats,
    boundSeats: Math.sqrt(variance / 3),
    gainedUsd: gainedSeats * seatMarginUsd,
    gainedBlindSeats: gainedBlind / draws,
    capture,
    captureOfTwo,
    captureUsd: (captureOfTwo - capture) * penaltyUsd,
    costUsd:
      share(rules.missingBasisPoints) * rules.checkerStakeAth * market.athUsd + providers * chance * payUsd,
  };
}

/**
 * Chance that a coalition with this share of the tickets has more than half of the seats at one provider, and that there are seats enough to
 * count: both numbers of seats are binomial and independent.
 */
export function captureOf(rules: Rules, coalitionShare: number, tickets: number): number {
  const inside = Math.round(coalitionShare * tickets);
  const chance = Math.min(1, rules.expectedCheckers / tickets);
  const own = binomialDistribution(inside, chance);
  const others = binomialDistribution(tickets - inside, chance);
  let captured = 0;
  own.forEach((ownChance, mine) => {
    others.forEach((otherChance, theirs) => {
      if (mine > theirs && mine + theirs >= rules.quorum) captured += ownChance * otherChance;
    });
  });
  return captured;
}

/** Chances of 0, 1, …, `trials` successes. */
export function binomialDistribution(trials: number, probability: number): number[] {
  if (probability === 1) return Array.from({ length: trials + 1 }, (_, count) => (count === trials ? 1 : 0));
  const chances = [(1 - probability) ** trials];
  for (let count = 1; count <= trials; count++) {
    const ratio = ((trials - count + 1) / count) * (probability / (1 - probability));
    chances.push(chances[count - 1]! * ratio);
  }
  return chances;
}

/**
 * What withholding any number of `last` reveals can gain at most, in standard deviations: the best of 2^last draws
 * exceeds the mean by (n - 1) / √(2n - 1) at most.
 */
export function bestOfDraws(last: number): number {
  const draws = 2 ** last;
  return (draws - 1) / Math.sqrt(2 * draws - 1);
}
