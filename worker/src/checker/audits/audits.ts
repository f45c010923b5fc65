import type { AttestationView } from "@athanor/sdk/checkers";
import type { Disputes } from "@athanor/sdk/disputes";
import { keccak256, toUtf8Bytes } from "ethers";
import type { DisputeMetrics } from "../../disputes/dispute-metrics.ts";
import { describeError, isNodeTrouble } from "../../errors.ts";
import type { CheckerContext } from "../context.ts";
import { inTurn, type Duty, type RoundView } from "../duty.ts";
import { makeMove } from "../moves.ts";
import { Attestations } from "./attestations.ts";
import { Draw } from "./draw.ts";
import { punishFalseAttestations } from "./false-attestations.ts";
import { AuditEvents } from "./follow.ts";
import type { AuditMetrics } from "./metrics.ts";
import { Recomputations } from "./recompute.ts";
import { openAuditStorage, type AuditStorage, type StoredAudit } from "./storage.ts";

export interface AuditOptions {
  /** Challenges wrong results, and recomputes all. */
  readonly disputes: Disputes;
  /** Roots of the models that this checker has. */
  readonly models: ReadonlySet<string>;
  readonly metrics: AuditMetrics;
  readonly disputeMetrics: DisputeMetrics;
  /** Default: tables of its own in the checker's database. */
  readonly storage?: AuditStorage;
}

/** Challenges of results of different providers take days, and little work. */
const CHALLENGES_AT_ONCE = 16;
/** Blocks whose hashes the chain can read. */
const READABLE_BLOCKS = 256;

interface Due {
  /** Seconds since 1970. */
  readonly deadline: number;
  readonly act: () => Promise<void>;
}

/**
 * Audits public results: docs/checkers.md, section 5. Which of them it has to, only it can know; it recomputes them beside its other duties, challenges what is
 * wrong, and attests to what is right, in time for each of the steps. What it computed is on disk before the chain hears of it; everything else is the chain's to know.
 */
export class Audits implements Duty {
  readonly name = "audits";
  readonly #context: CheckerContext;
  readonly #options: AuditOptions;
  readonly #storage: AuditStorage;
  readonly #events: AuditEvents;
  readonly #recomputations: Recomputations;
  readonly #attestations: Attestations;

  constructor(context: CheckerContext, options: AuditOptions) {
    const { chain, checkers, checker, clock, log, settings, signal } = context;
    const { disputes, metrics, disputeMetrics, models } = options;
    this.#context = context;
    this.#options = options;
    const storage = options.storage ?? openAuditStorage(context.storage.database);
    this.#storage = storage;
    this.#events = new AuditEvents({ chain, checkers, checker, storage, models, signal });
    this.#attestations = new Attestations({ checking: context, audits: storage, metrics });
    this.#recomputations = new Recomputations({
      ...{ chain, clock, log, disputes, storage, metrics, disputeMetrics, signal },
      ...{ maximumBond: settings.maximumBond, challengesAtOnce: CHALLENGES_AT_ONCE },
    });
  }

  async advance(view: RoundView): Promise<void> {
    const storage = this.#storage;
    await this.#events.follow(view.now);
    const draw = new Draw(this.#context, view);
    const waiting: StoredAudit[] = [];
    const due: Due[] = [];
    let isComplete = true;
    for (const audit of storage.audits()) {
      try {
        due.push(...(await this.#look(audit, view, draw, waiting)));
      } catch (error) {
        if (isNodeTrouble(error)) throw error;
        isComplete = false;
        this.#context.log.emit("error", "audit.failed", { jobId: audit.jobId, ...describeError(error) });
      }
    }
    if (isComplete) storage.prune(view.now);
    due.sort((left, right) => left.deadline - right.deadline);
    const { metrics } = this.#options;
    await inTurn(
      () => this.#decide(view, draw, waiting),
      ...due.map(({ act }) => act),
      () => punishFalseAttestations({ checking: this.#context, audits: storage, metrics }, view, draw.rounds),
    );
  }

  /** Resolves when nothing is computed or challenged any more, after the signal. */
  ended(): Promise<void> {
    return this.#recomputations.ended();
  }

  /** Finds what is due about a result, and has it recomputed or challenged. */
  async #look(
    audit: StoredAudit,
    view: RoundView,
    draw: Draw,
    waiting: StoredAudit[],
  ): Promise<readonly Due[]> {
    if (audit.stage === "wrong") {
      this.#recomputations.challenge(audit);
      return [];
    }
    const { now, epoch: current, startOf } = view;
    const { checkers, checker } = this.#context;
    const { jobId, stage, windowEnd } = audit;
    const decision = await draw.decide(audit);
    const own = decision.kind === "own" ? decision.assignment : undefined;
    if (own !== undefined && now < own.end) {
      if (stage === "right") return [{ deadline: own.end, act: () => this.#attestations.attest(audit, own) }];
      this.#recomputations.add(jobId, own.end);
      return [];
    }
    const attestation = stage === "right" ? await checkers.attestationOf(jobId, checker) : undefined;
    if (attestation !== undefined) return this.#finish(audit, attestation, view, draw);
    if (own !== undefined) {
      if (stage === "seen") this.#attestations.end(audit, "late", "it was not recomputed in time");
      else if (current > own.epoch + 2) {
        this.#attestations.end(audit, "unrevealed", "its epoch to be revealed in went by");
      } else if (current === own.epoch + 2) {
        const deadline = startOf(own.epoch + 3);
        return [{ deadline, act: () => this.#attestations.reveal(audit, own) }];
      }
    } else if (now >= windowEnd) this.#storage.end(jobId);
    else if (decision.kind !== "other") waiting.push(audit);
    return [];
  }

  /** What is due about an attestation that was revealed. */
  async #finish(
    audit: StoredAudit,
    attestation: AttestationView,
    { epoch: current, startOf }: RoundView,
    { rounds }: Draw,
  ): Promise<readonly Due[]> {
    const { epoch, counted, closed } = attestation;
    const due: Due[] = [];
    if (closed && (counted || current > epoch + 3)) this.#storage.end(audit.jobId);
    if (!counted && current === epoch + 3) {
      const { round } = (await rounds.firstSince(audit.submittedAt))!;
      due.push({ deadline: startOf(epoch + 4), act: () => this.#attestations.count(audit, round) });
    }
    if (!closed) due.push({ deadline: Infinity, act: () => this.#attestations.close(audit) });
    return due;
  }

  /**
   * Has the beacon decide about what waits: whoever comes first asks for all, and each checker asks at a moment of its own, after a part of the window, so that
   * few rounds serve many results.
   */
  async #decide(view: RoundView, draw: Draw, waiting: readonly StoredAudit[]): Promise<void> {
    const { checkers, signal } = this.#context;
    const { now, epoch, block } = view;
    if (waiting.length === 0) return;
    const latest = await draw.rounds.latest();
    const request = () =>
      makeMove(this.#context, "requestRound", { results: waiting.length }, () =>
        checkers.requestRound({ signal }),
      );
    if (latest !== undefined && latest.value === undefined) {
      const { round, blockNumber } = latest;
      if (block >= blockNumber + READABLE_BLOCKS) await request();
      else if (block >= blockNumber) {
        await makeMove(this.#context, "fixRound", { round }, () => checkers.fixRound({ signal }));
      }
      return;
    }
    const isDue = waiting.some(
      (audit) =>
        now >= this.#askedAt(audit) && (latest === undefined || latest.requestedAt < audit.submittedAt),
    );
    if (!isDue) return;
    // In an epoch for which it did not commit, that is void, or in which nothing is audited, this checker is drawn for nothing.
    const [{ seed }, { auditRate }] = await Promise.all([view.readEpoch(epoch), view.rulesOf(epoch)]);
    if (auditRate === 0 || (seed === undefined && !draw.canBeDrawn(epoch))) return;
    if ((await draw.secretOf(epoch)) !== undefined) await request();
  }

  /** The second from which on this checker asks for a round for a result: between a quarter and half of its window, another for each checker. */
  #askedAt({ jobId, submittedAt, windowEnd }: StoredAudit): number {
    const hash = BigInt(keccak256(toUtf8Bytes(`${this.#context.checker} ${jobId}`)));
    const fraction = Number(BigInt.asUintN(32, hash)) / 2 ** 32;
    return submittedAt + (windowEnd - submittedAt) * (0.25 + 0.25 * fraction);
  }
}
