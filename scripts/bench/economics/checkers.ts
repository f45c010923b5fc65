import { share } from "./described.ts";
import { type Market } from "./market.ts";
import { type Intent } from "./providers.ts";
import { type Report } from "./quality.ts";
import { type Random } from "./random.ts";
import { type Rules } from "./rules.ts";

/** How a checker behaves. */
export interface CheckerStrategy {
  readonly name: string;
  readonly intent: Intent;
  /** Share of the requests that it buys of those it must; it calls the others unanswered. Without receipts nothing counts as measured. */
  readonly asks: number;
  /** What speed it reports: what it measured, or the provider's score, which everybody knows. */
  readonly reports: "measured" | "score";
  /** Recomputes what it bought; otherwise it attests to roots that it made up. */
  readonly recomputes: boolean;
  /** What it does with another checker's answer that it is drawn to recheck. */
  readonly rechecks: "computes" | "copies" | "declines";
  /** Tells its own kind what it made up, and which answers are traps. */
  readonly sharesWithin: boolean;
  /** Reports providers that bribe as honest, on receipts that they give away. */
  readonly isBribed: boolean;
  /** Reports honest providers as slow. */
  readonly slanders: boolean;
  /** Share of the epochs in which it does not reveal. */
  readonly missing: number;
}

/** What slanderers report, of the true speed. */
const SLANDER = 0.5;

/** One request of 24. */
const ONCE = 1 / 24;

/** Share of the rechecks for which a copier finds somebody who tells what roots he attested to. */
export const LEAKED = 0.5;

export function checkerStrategies(market: Market): readonly [CheckerStrategy, ...CheckerStrategy[]] {
  const honest: CheckerStrategy = {
    name: "honest",
    intent: "honest",
    asks: 1,
    reports: "measured",
    recomputes: true,
    rechecks: "computes",
    sharesWithin: false,
    isBribed: false,
    slanders: false,
    missing: share(market.checkerOfflineBasisPoints),
  };
  const dishonest: CheckerStrategy = { ...honest, intent: "dishonest" };
  return [
    honest,
    { ...dishonest, name: "guesses without asking", asks: 0, recomputes: false, rechecks: "declines" },
    { ...dishonest, name: "asks, does not recompute", recomputes: false, rechecks: "declines" },
    { ...dishonest, name: "asks four fifths", asks: 0.8 },
    { ...dishonest, name: "asks, reports the score", reports: "score" },
    { ...dishonest, name: "asks once, reports the score", asks: ONCE, reports: "score" },
    { ...dishonest, name: "copies what others leak", rechecks: "copies" },
    { ...dishonest, name: "ring that shares made-up roots", recomputes: false, sharesWithin: true },
    { ...dishonest, name: "bribed by a provider", isBribed: true },
    { ...honest, name: "offline before one reveal in 20", intent: "careless", missing: 0.05 },
    { ...dishonest, name: "withholds every other reveal", missing: 0.5 },
    { ...dishonest, name: "slanders honest providers", slanders: true },
  ];
}

/** What a checker can know of a provider in an epoch. */
export interface Observed {
  readonly speed: number;
  /** Share of requests answered. */
  readonly uptime: number;
  readonly bribes: boolean;
  /** Its score before this epoch. */
  readonly score: number;
}

/** What a checker reports. Its receipts bound the uptime that it can claim. */
export function reportOf(
  strategy: CheckerStrategy,
  provider: Observed,
  honestSpeed: number,
  rules: Rules,
  market: Market,
  random: Random,
): Report {
  if (strategy.asks === 0) return { speed: undefined, uptime: 0 };
  const noise = Math.exp(market.seatSpread * random.normal());
  if (strategy.isBribed && provider.bribes) return { speed: honestSpeed * noise, uptime: 1 };
  if (strategy.slanders) return { speed: SLANDER * honestSpeed * noise, uptime: provider.uptime };
  const probes = rules.probesPerSeat;
  const asked = Math.max(1, Math.round(probes * strategy.asks));
  const answered = provider.uptime === 1 ? asked : random.binomial(asked, provider.uptime);
  if (answered === 0) return { speed: undefined, uptime: 0 };
  // Who asks less than it must claims as much as the receipts that it must show allow.
  const needed = Math.max(1, Math.round(probes * share(rules.receiptsBasisPoints)));
  const uptime = strategy.asks < 1 ? Math.min(1, answered / needed) : answered / asked;
  return { speed: strategy.reports === "score" ? provider.score : provider.speed * noise, uptime };
}

export type RecheckOutcome = {
  /** Who attested to something wrong. */
  readonly firstSlashed: boolean;
  readonly secondSlashed: boolean;
  readonly secondPaid: boolean;
  readonly secondComputes: boolean;
};

/**
 * One answer that `first` attested to and `second` was drawn to recheck. A disagreement is decided by more checkers, all of whom
 * recompute; what is decided wrongly is slashed.
 * @param isTrap the answer was changed on purpose before `second` got it
 */
export function recheck(
  first: CheckerStrategy,
  second: CheckerStrategy,
  isTrap: boolean,
  random: Random,
): RecheckOutcome {
  const firstIsWrong = !first.recomputes;
  const nothing = { firstSlashed: false, secondSlashed: false, secondPaid: false, secondComputes: false };
  if (second.rechecks === "declines") return nothing;
  if (second.sharesWithin && first.name === second.name) return { ...nothing, secondPaid: true };
  if (second.rechecks === "copies" && random.chance(LEAKED)) {
    // The leak is of the answer as it was bought. Of a trap it is wrong.
    return { ...nothing, secondSlashed: isTrap, secondPaid: !isTrap };
  }
  return { firstSlashed: firstIsWrong, secondSlashed: false, secondPaid: true, secondComputes: true };
}
