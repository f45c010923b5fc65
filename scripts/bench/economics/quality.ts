import { share } from "./described.ts";
import { type Rules } from "./rules.ts";
import { median, medianWithout, sorted } from "./statistics.ts";

/** What one checker reveals about one provider and epoch. */
export interface Report {
  /** Of the class's minimum; undefined without receipts that prove a measurement. */
  readonly speed: number | undefined;
  /** Share of the requests that were answered. */
  readonly uptime: number;
}

/** What counts: the medians; undefined if too few revealed. */
export interface Verdict {
  readonly speed: number;
  readonly uptime: number;
}

export function verdictOf(rules: Rules, reports: readonly Report[]): Verdict | undefined {
  if (reports.length < rules.minimumReveals) return undefined;
  const speeds = reports.flatMap(({ speed }) => (speed === undefined ? [] : [speed]));
  const uptime = median(reports.map((report) => report.uptime));
  // Nobody was answered: that is no speed, and the uptime says so.
  return { speed: speeds.length === 0 ? 0 : median(speeds), uptime };
}

/** Which reports are paid: those within the tolerances of the medians of the others, in either direction. */
export function closeReports(rules: Rules, reports: readonly Report[]): boolean[] {
  if (reports.length < 2) return reports.map(() => true);
  const uptimes = sorted(reports.map(({ uptime }) => uptime));
  const speeds = sorted(reports.flatMap(({ speed }) => (speed === undefined ? [] : [speed])));
  const factor = 1 + share(rules.speedToleranceBasisPoints);
  return reports.map(({ speed, uptime }) => {
    const distance = Math.abs(uptime - medianWithout(uptimes, uptime));
    if (distance > share(rules.uptimeToleranceBasisPoints)) return false;
    if (speed === undefined) return uptime === 0;
    // Nobody else measured a speed.
    if (speeds.length === 1) return true;
    const middle = medianWithout(speeds, speed);
    return speed <= middle * factor && middle <= speed * factor;
  });
}

/** Which reports earn the bonus for a surprise: the median has moved away from the score, and they saw it. */
export function surprisedReports(
  rules: Rules,
  reports: readonly Report[],
  verdict: Verdict,
  score: number,
): boolean[] {
  const factor = 1 + share(rules.surpriseMoveBasisPoints);
  const isSurprise = verdict.speed > score * factor || score > verdict.speed * factor;
  return reports.map(({ speed }) => {
    if (!isSurprise || speed === undefined) return false;
    return Math.abs(speed - verdict.speed) < Math.abs(speed - score);
  });
}

export function isFault(rules: Rules, verdict: Verdict): boolean {
  return (
    verdict.speed < share(rules.faultSpeedBasisPoints) || verdict.uptime < share(rules.faultUptimeBasisPoints)
  );
}

/** Counts a provider's faults and says when they make a penalty. */
export class FaultRecord {
  readonly #rules: Rules;
  #faults: number[] = [];

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /**
   * @param epoch ascending, of those with a verdict
   * @returns whether this fault completes a penalty; the record is empty again then
   */
  add(epoch: number): boolean {
    this.#faults.push(epoch);
    if (this.recent(epoch) < this.#rules.faultsForPenalty) return false;
    this.#faults = [];
    return true;
  }

  /** Faults in the window that ends with this epoch. */
  recent(epoch: number): number {
    this.#faults = this.#faults.filter((fault) => fault > epoch - this.#rules.faultWindowEpochs);
    return this.#faults.length;
  }
}
