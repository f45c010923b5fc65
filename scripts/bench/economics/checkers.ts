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
  /** Requests that it leaves out of those it must send; its receipts bound the uptime that it can report. */
  readonly skips: "none" | "one" | "half" | "all";
  /** What speed it reports: what it measured, the provider's score, which everybody knows, or what another checker told it. */
  readonly reports: "measured" | "score" | "leaked";
  /** Recomputes what it bought, and challenges what is wrong. */
  readonly recomputes: boolean;
  /** How it attests to audited results, and rechecks where that is a rule. */
  readonly audits: "computes" | "copies" | "makes up" | "declines";
  /** Reports providers that bribe as honest, on receipts that they give away. */
  readonly isBribed: boolean;
  /** Reports that nobody answered. */
  readonly slanders: boolean;
  /** Share of its drawn providers that it reports nothing on. */
  readonly omits: number;
  /** Share of the epochs in which it does not reveal. */
  readonly missing: number;
}

/** Share of the results of which a copier finds somebody who tells what root he attests to. */
export const LEAKED = 0.5;

export function checkerStrategies(market: Market): readonly [CheckerStrategy, ...CheckerStrategy[]] {
  const honest: CheckerStrategy = {
    name: "honest",
    intent: "honest",
    skips: "none",
    reports: "measured",
    recomputes: true,
    audits: "computes",
    isBribed: false,
    slanders: false,
    omits: 0,
    missing: share(market.checkerOfflineBasisPoints),
  };
  const dishonest: CheckerStrategy = { ...honest, intent: "dishonest" };
  return [
    honest,
    { ...dishonest, name: "asks nobody, reports no answer", skips: "all", recomputes: false },
    { ...dishonest, name: "asks half", skips: "half" },
    { ...dishonest, name: "asks all but one", skips: "one" },
    { ...dishonest, name: "asks, reports the score", reports: "score" },
    { ...dishonest, name: "asks, reports what leaks", reports: "leaked", recomputes: false },
    { ...dishonest, name: "asks, does not recompute", recomputes: false },
    { ...dishonest, name: "audits nothing", audits: "declines" },
    { ...dishonest, name: "copies attestations that leak", audits: "copies" },
    { ...dishonest, name: "ring that shares made-up roots", audits: "makes up" },
    { ...dishonest, name: "omits one provider in ten", omits: 0.1 },
    { ...dishonest, name: "bribed by a provider", isBribed: true },
    { ...honest, name: "offline before one reveal in 20", intent: "careless", missing: 0.05 },
    { ...dishonest, name: "withholds every other reveal", missing: 0.5 },
    { ...dishonest, name: "slanders", slanders: true },
  ];
}

/** What differs from honesty in nothing but the recomputation of what was bought, which nothing shows: the page treats it apart. */
export const isFreeRider = ({ name }: CheckerStrategy): boolean =>
  name === "asks, does not recompute" || name === "asks, reports what leaks";

/** Requests that it sends of those it must. */
export function asked({ skips }: CheckerStrategy, { requests }: Rules): number {
  return { none: requests, one: requests - 1, half: requests >> 1, all: 0 }[skips];
}

/** What a checker can know of a provider in an epoch. */
export interface Observed {
  readonly speed: number;
  /** Share of requests answered. */
  readonly uptime: number;
  readonly bribes: boolean;
  /** Its score's speed before this epoch. */
  readonly score: number;
}

/** What a checker found, and what it reports. */
export interface Measured {
  readonly answered: number;
  readonly report: Report;
}

export function measure(
  strategy: CheckerStrategy,
  provider: Observed,
  honestSpeed: number,
  rules: Rules,
  market: Market,
  random: Random,
): Measured {
  const nothing = { answered: 0, report: { speed: undefined, uptime: 0 } };
  const sent = asked(strategy, rules);
  if (sent === 0 || strategy.slanders) return nothing;
  // A leaked measurement is somebody else's: as far from the truth as one's own.
  const noise = Math.exp(market.seatSpread * random.normal());
  if (strategy.isBribed && provider.bribes) {
    return { answered: 0, report: { speed: honestSpeed * noise, uptime: 1 } };
  }
  const answered = provider.uptime === 1 ? sent : random.binomial(sent, provider.uptime);
  if (answered === 0) return nothing;
  const speed = strategy.reports === "score" ? provider.score : provider.speed * noise;
  return { answered, report: { speed, uptime: answered / rules.requests } };
}

/** What an auditor attests to, or a second checker names when it rechecks: the true root, one that was made up, nothing. */
export interface Named {
  readonly root: "true" | "made up" | undefined;
  readonly computes: boolean;
  /** It took the root from somebody else. */
  readonly isCopy: boolean;
}

export function nameRoot({ audits }: CheckerStrategy, random: Random): Named {
  const declines: Named = { root: undefined, computes: false, isCopy: false };
  if (audits === "declines") return declines;
  if (audits === "makes up") return { ...declines, root: "made up" };
  const copies = audits === "copies" && random.chance(LEAKED);
  return { root: "true", computes: !copies, isCopy: copies };
}

/** Whether each of the named roots is paid: enough and more than half of all name it. */
export function agreeing({ auditQuorum }: Rules, named: readonly Named[]): boolean[] {
  const all = named.filter(({ root }) => root !== undefined).length;
  const count = (root: Named["root"]) => named.filter((each) => each.root === root).length;
  return named.map(({ root }) => {
    if (root === undefined) return false;
    return count(root) >= auditQuorum && 2 * count(root) > all;
  });
}
