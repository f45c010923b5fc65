import { outputRoot } from "@athanor/engine/commitments";
import type { Disputes } from "@athanor/sdk/disputes";
import { AthanorError, readJobs, type JobRecord } from "@athanor/sdk/protocol";
import type { Chain } from "../../chain/chain.ts";
import type { Clock } from "../../clock.ts";
import { challengeResult } from "../../disputes/challenge-result.ts";
import type { DisputeMetrics } from "../../disputes/dispute-metrics.ts";
import { JobQueue } from "../../disputes/job-queue.ts";
import type { EventLog } from "../../log/event-log.ts";
import type { AuditMetrics } from "./metrics.ts";
import type { AuditStorage, StoredAudit } from "./storage.ts";

export interface RecomputationContext {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly disputes: Disputes;
  readonly storage: AuditStorage;
  readonly metrics: AuditMetrics;
  readonly disputeMetrics: DisputeMetrics;
  readonly signal: AbortSignal;
  /** Wei for one challenge. */
  readonly maximumBond: bigint;
  /** Challenges under way at a time. */
  readonly challengesAtOnce: number;
}

/** What makes a result one that nobody can recompute here, however often it is tried. */
const HOPELESS = new Set(["ModelUnavailable", "RequestUnknown"]);
/** Of a timer, which counts milliseconds in 31 bits. */
const MOST_SECONDS = 2_000_000;

/**
 * Recomputes results beside everything else, the one whose time is over first before the others, and challenges those that are wrong. What it finds is on disk
 * before it matters to anybody.
 */
export class Recomputations {
  readonly #context: RecomputationContext;
  readonly #queue: JobQueue;
  readonly #challenges: JobQueue;
  /** Second since 1970 by which each is to be ready. */
  readonly #ends = new Map<string, number>();
  readonly #challenged = new Set<string>();
  /** Seconds that a position took last, by model. */
  readonly #pace = new Map<string, number>();

  constructor(context: RecomputationContext) {
    this.#context = context;
    const { clock, log, signal, challengesAtOnce } = context;
    this.#queue = new JobQueue({
      ...{ clock, log, signal, atOnce: 1, failure: "audit.failed" },
      work: (jobId) => this.#recompute(jobId),
    });
    this.#challenges = new JobQueue({
      ...{ clock, log, signal, atOnce: challengesAtOnce },
      work: (jobId) => this.#challenge(jobId),
    });
  }

  /** Has a result recomputed by a second since 1970. May be called again and again. */
  add(jobId: string, end: number): void {
    const isKnown = this.#ends.has(jobId);
    this.#ends.set(jobId, end);
    this.#context.metrics.setWaiting(this.#ends.size);
    if (!isKnown) this.#queue.add(jobId, end);
  }

  /** Has a wrong result challenged, or its challenge gone on with. May be called again and again. */
  challenge({ jobId, windowEnd }: StoredAudit): void {
    if (this.#challenged.has(jobId)) return;
    this.#challenged.add(jobId);
    this.#challenges.add(jobId, windowEnd);
  }

  /** Resolves when nothing runs any more, after the signal. */
  async ended(): Promise<void> {
    await this.#queue.ended();
    await this.#challenges.ended();
  }

  /** What it throws has it called again; what it does not finish is added again. */
  async #recompute(jobId: string): Promise<void> {
    await this.#compute(jobId);
    this.#ends.delete(jobId);
    this.#context.metrics.setWaiting(this.#ends.size);
  }

  async #compute(jobId: string): Promise<void> {
    const { chain, disputes, storage, log, metrics, signal } = this.#context;
    const end = this.#ends.get(jobId);
    const audit = storage.audit(jobId);
    if (end === undefined || audit?.stage !== "seen") return;
    const head = await chain.provider.getBlock("latest");
    const left = end - head!.timestamp;
    const needed = (this.#pace.get(audit.modelRoot) ?? 0) * audit.positions;
    // What cannot be ready in time would only keep the others from being so.
    const job = left > needed ? await this.#jobOf(audit) : undefined;
    if (job === undefined) return;
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.min(left, MOST_SECONDS) * 1_000)]);
    const began = performance.now();
    try {
      const { honest, submitted, positionsRoot, firstDifference } = await disputes.recompute(job, {
        signal: inTime,
      });
      this.#pace.set(audit.modelRoot, (performance.now() - began) / 1_000 / audit.positions);
      // Another answer, which a reorganisation put in the place of the one that was seen, is seen by itself.
      if (outputRoot(submitted, true) !== audit.outputRoot) return;
      storage.setVerdict(audit, { stage: honest ? "right" : "wrong", positionsRoot });
      metrics.note(honest ? "right" : "wrong");
      const { provider } = job.terms;
      if (honest) log.emit("info", "result.right", { jobId, provider });
      else {
        log.emit("warn", "result.wrong", { jobId, provider, firstDifference });
        this.challenge(audit);
      }
    } catch (error) {
      if (!(error instanceof AthanorError) || !HOPELESS.has(error.code)) throw error;
      const { code, message } = error;
      storage.end(jobId);
      metrics.note("dropped");
      log.emit("warn", "audit.dropped", { jobId, reason: code, message });
    }
  }

  async #challenge(jobId: string): Promise<void> {
    const { storage, maximumBond } = this.#context;
    const audit = storage.audit(jobId);
    const job = audit?.stage === "wrong" ? await this.#jobOf(audit) : undefined;
    if (job !== undefined) {
      await challengeResult({ ...this.#context, metrics: this.#context.disputeMetrics }, job, maximumBond);
      storage.end(jobId);
    }
    this.#challenged.delete(jobId);
  }

  /** Forgets a result whose request a reorganisation removed: it is seen again if it comes back. */
  async #jobOf({ jobId, createdBlock }: StoredAudit): Promise<JobRecord | undefined> {
    const { chain, storage, signal } = this.#context;
    const [job] = await readJobs(chain.contracts, { id: jobId }, createdBlock, createdBlock, { signal });
    if (job === undefined) storage.forget(jobId);
    return job;
  }
}
