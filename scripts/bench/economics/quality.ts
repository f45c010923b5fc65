import { share } from "./described.ts";
import { type Rules } from "./rules.ts";
import { lowerMedian } from "./statistics.ts";

/** What one checker reveals about one provider and epoch. */
export interface Report {
  /** Of what the hardware promises; undefined where nothing was answered. */
  readonly speed: number | undefined;
  /** Share of the requests that were answered. */
  readonly uptime: number;
}

/** What counts: the medians; undefined if too few reported. */
export interface Verdict {
  readonly speed: number | undefined;
  readonly uptime: number;
}

export function verdictOf(rules: Rules, reports: readonly Report[]): Verdict | undefined {
  if (reports.length < rules.quorum) return undefined;
  const speeds = reports.flatMap(({ speed }) => (speed === undefined ? [] : [speed]));
  const uptime = lowerMedian(reports.map((report) => report.uptime));
  return { speed: uptime === 0 ? undefined : lowerMedian(speeds), uptime };
}

/**
 * Shares that a report earns: none far from the medians, one near them, more if it is nearer to a surprise than to the score.
 * @param before the score; undefined if there is none, or none that compares
 */
export function sharesOf(
  rules: Rules,
  { speed, uptime }: Report,
  verdict: Verdict,
  before: number | undefined,
): number {
  // Both are whole basis points in the contracts.
  const distance = Math.round(10_000 * Math.abs(uptime - verdict.uptime));
  if (distance > rules.uptimeToleranceBasisPoints) return 0;
  const middle = verdict.speed;
  if (middle === undefined) return 1;
  if (Math.abs((speed ?? 0) - middle) > share(rules.toleranceBasisPoints) * middle) return 0;
  if (before === undefined || speed === undefined) return 1;
  if (Math.abs(middle - before) < share(rules.surpriseBasisPoints) * before) return 1;
  return Math.abs(speed - middle) < Math.abs(speed - before) ? rules.surpriseShares : 1;
}

/** An epoch that counts towards a case: absent too often or, where that is a rule, too slow. */
export function isBad(rules: Rules, { speed, uptime }: Verdict): boolean {
  return (
    Math.round(10_000 * uptime) < rules.uptimeFloorBasisPoints ||
    (speed !== undefined && speed < share(rules.speedFloorBasisPoints))
  );
}

/** A provider's score, as clients see it; undefined before the first verdict. */
export interface Score {
  readonly speed: number | undefined;
  readonly uptime: number;
}

/** @param isExam of which the throughput is not that of ordinary requests */
export function scored(rules: Rules, old: Score | undefined, verdict: Verdict, isExam: boolean): Score {
  const move = (from: number, to: number) => from + (to - from) / rules.scoreParts;
  const uptime = old === undefined ? verdict.uptime : move(old.uptime, verdict.uptime);
  const before = old?.speed;
  if (verdict.speed === undefined || isExam) return { speed: before, uptime };
  return { speed: before === undefined ? verdict.speed : move(before, verdict.speed), uptime };
}
