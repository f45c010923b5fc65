/** What became of one request. */
export interface Observation {
  readonly answered: boolean;
  /** Of an answer that was timed; one that a restart interrupted has none. */
  readonly timing?: Timing | undefined;
}

export interface Timing {
  /** Milliseconds from the request to the first token. */
  readonly latency: number;
  /** Milliseconds from the request to the end of the answer. */
  readonly duration: number;
  /** Of prompt and answer together. */
  readonly positions: number;
  /** Multiply-adds of one position of the model. */
  readonly workPerPosition: bigint;
}

/** The three numbers of a report, in its units. */
export interface Measures {
  readonly latency: number;
  readonly throughput: number;
  readonly uptime: number;
}

const MOST_LATENCY = 2 ** 32 - 1;
const MOST_THROUGHPUT = 2 ** 48 - 1;
const BASIS_POINTS = 10_000;
/** Milliseconds: nothing is computed in no time, whatever the clock says. */
const LEAST_DURATION = 0.1;

/**
 * Median latency in milliseconds, throughput of the fastest request in millions of multiply-adds a second, and uptime in basis points.
 *
 * @param proven requests that the evidence shows
 * @param required requests that a report has to show to claim all of them: it claims no larger share than `proven` of these
 * @returns undefined when something was answered and no answer was timed
 */
export function measuresOf(
  observed: readonly Observation[],
  proven: number,
  required: number,
): Measures | undefined {
  const answered = observed.filter((one) => one.answered);
  const share = (part: number, whole: number) => Math.floor((part * BASIS_POINTS) / whole);
  const uptime =
    answered.length === 0
      ? 0
      : Math.min(share(answered.length, observed.length), share(proven, required), BASIS_POINTS);
  if (uptime === 0) return { latency: 0, throughput: 0, uptime: 0 };
  const timings = answered.flatMap(({ timing }) => timing ?? []);
  if (timings.length === 0) return undefined;
  return {
    latency: Math.min(MOST_LATENCY, Math.round(lowerMedian(timings.map(({ latency }) => latency)))),
    throughput: Math.min(MOST_THROUGHPUT, Math.floor(Math.max(...timings.map(throughputOf)))),
    uptime,
  };
}

/**
 * Millions of multiply-adds a second. Over the whole request, waiting included: a first token that comes early, or a burst at the end, changes nothing. A provider
 * that refuses a request and computes it meanwhile has gained nothing either.
 */
export function throughputOf({ positions, duration, workPerPosition }: Timing): number {
  const positionsPerSecond = (positions * 1_000) / Math.max(duration, LEAST_DURATION);
  return (positionsPerSecond * Number(workPerPosition)) / 1e6;
}

/** The contract takes the lower of the two middle ones, too. @param values at least one */
export function lowerMedian(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}
