import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { EventLog, EventName } from "../log/event-log.ts";

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

export interface JobQueueOptions {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly signal: AbortSignal;
  /** Jobs that are worked on at a time. */
  readonly atOnce: number;
  /** Works on a job until nothing is left to do. What it throws is logged, and the job is tried again after a pause. */
  readonly work: (jobId: string) => Promise<void>;
  /** The event by which a failure is logged. Default: that of a dispute. */
  readonly failure?: EventName;
}

/** Works on jobs, several at a time, the most urgent first, each once at a time; trouble with one does not concern the others. */
export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #waiting = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #pauses = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, number>();

  constructor(options: JobQueueOptions) {
    this.#options = options;
  }

  /**
   * Has a job worked on; once more if that is under way.
   *
   * @param deadline the job with the earliest comes first, and of equal ones the one that was added first
   */
  add(jobId: string, deadline = 0): void {
    this.#waiting.set(jobId, Math.min(deadline, this.#waiting.get(jobId) ?? Infinity));
    this.#next();
  }

  /** Adds a job after a pause, in milliseconds, unless it pauses already. The pause takes no place of those that are worked on. */
  later(jobId: string, pause: number, deadline?: number): void {
    const { clock, signal } = this.#options;
    if (this.#pauses.has(jobId)) return;
    const waiting = clock.sleep(pause, signal).then(() => {
      this.#pauses.delete(jobId);
      this.add(jobId, deadline);
    });
    this.#pauses.set(jobId, waiting);
  }

  /** Resolves when nothing runs any more, after the signal. */
  async ended(): Promise<void> {
    await Promise.all([...this.#running.values(), ...this.#pauses.values()]);
  }

  #next(): void {
    const { atOnce, signal } = this.#options;
    while (!signal.aborted && this.#running.size < atOnce) {
      const next = this.#mostUrgent();
      if (next === undefined) return;
      const [jobId, deadline] = next;
      this.#waiting.delete(jobId);
      const run = this.#run(jobId, deadline).finally(() => {
        this.#running.delete(jobId);
        this.#next();
      });
      this.#running.set(jobId, run);
    }
  }

  #mostUrgent(): [jobId: string, deadline: number] | undefined {
    let first: [string, number] | undefined;
    for (const [jobId, deadline] of this.#waiting) {
      if (this.#running.has(jobId)) continue;
      if (first === undefined || deadline < first[1]) first = [jobId, deadline];
    }
    return first;
  }

  async #run(jobId: string, deadline: number): Promise<void> {
    const { log, signal, work, failure = "dispute.failed" } = this.#options;
    try {
      await work(jobId);
      this.#failures.delete(jobId);
    } catch (error) {
      if (signal.aborted) return;
      const failures = (this.#failures.get(jobId) ?? 0) + 1;
      this.#failures.set(jobId, failures);
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures - 1, 10));
      log.emit("error", failure, { jobId, ...describeError(error), retryInSeconds: pause / 1_000 });
      this.later(jobId, pause, deadline);
    }
  }
}
