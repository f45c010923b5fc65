import type { Disputes, MoveMade, Verification } from "@athanor/sdk/disputes";
import { AthanorError } from "@athanor/sdk/protocol";
import type { DisputeMetrics } from "../disputes/dispute-metrics.ts";
import { noteMove } from "../disputes/follow-disputes.ts";
import { JobQueue } from "../disputes/job-queue.ts";
import { describeError, isNodeTrouble } from "../errors.ts";
import type { CheckerContext } from "./context.ts";
import { fromText, toText } from "./measure/json.ts";
import type { BoughtAnswer } from "./measure/store.ts";

export interface RecheckOptions {
  /** Recomputes, and challenges with an account's key: of a private answer only the account that bought it can. */
  readonly disputesOf: (account: string) => Promise<Disputes>;
  readonly metrics: DisputeMetrics;
  /** Wei for one challenge. */
  readonly maximumBond: bigint;
}

/** Challenges under way at a time; they take days, and little work. */
const AT_ONCE = 16;

/** Nobody here can look. */
const uncheckable = new Set(["ModelUnavailable", "RequestUnknown"]);
/** Nothing can be done about it any more. */
const final = new Set([
  ...["AlreadyConvicted", "BondAboveLimit", "ChallengeTooLate", "JobNotFound", "JobNotSubmitted"],
  ...["NotClientOrDelegate", "UnopenedChallengeBurned"],
]);

/**
 * Recomputes answers that were bought, where the checker has the model, and challenges wrong ones to the end. A wrong one is on disk before it is challenged, so that a
 * restart goes on with it.
 */
export class Rechecks {
  readonly #context: CheckerContext;
  readonly #options: RecheckOptions;
  readonly #queue: JobQueue;

  constructor(context: CheckerContext, options: RecheckOptions) {
    const { clock, log, signal, storage } = context;
    this.#context = context;
    this.#options = options;
    storage.database.exec(
      "CREATE TABLE IF NOT EXISTS rechecks (id TEXT PRIMARY KEY, answer TEXT NOT NULL) STRICT",
    );
    this.#queue = new JobQueue({
      ...{ clock, log, signal, atOnce: AT_ONCE },
      work: (id) => this.#challenge(id),
    });
    for (const { id } of storage.database.prepare("SELECT id FROM rechecks").all()) {
      this.#queue.add(id as string);
    }
  }

  /** What the buyer tells of each answer: done when it was recomputed, and what is wrong is on disk. */
  readonly verify = async (answer: BoughtAnswer): Promise<void> => {
    const { log, signal, storage } = this.#context;
    const disputes = await this.#options.disputesOf(answer.account);
    const id = idOf(answer);
    let verification: Verification;
    try {
      verification = await (answer.kind === "receipt"
        ? disputes.verifyReceipt(answer, { signal })
        : disputes.verify(answer.jobId, { signal }));
    } catch (error) {
      if (signal.aborted || isNodeTrouble(error)) throw error;
      // Whatever a provider made of it: looking again finds the same.
      const isUnseen = error instanceof AthanorError && uncheckable.has(error.code);
      const [level, event] = isUnseen
        ? (["debug", "result.private"] as const)
        : (["warn", "warning"] as const);
      log.emit(level, event, { jobId: id, ...describeError(error) });
      return;
    }
    const { honest, firstDifference } = verification;
    if (honest) return log.emit("info", "result.right", { jobId: id });
    log.emit("warn", "result.wrong", { jobId: id, firstDifference });
    storage.database.prepare("INSERT OR IGNORE INTO rechecks VALUES (?, ?)").run(id, toText(answer));
    this.#queue.add(id);
  };

  /** Resolves when nothing is challenged any more, after the signal. */
  ended(): Promise<void> {
    return this.#queue.ended();
  }

  async #challenge(id: string): Promise<void> {
    const { storage, log, signal } = this.#context;
    const { disputesOf, metrics, maximumBond } = this.#options;
    const row = storage.database.prepare("SELECT answer FROM rechecks WHERE id = ?").get(id);
    if (row === undefined) return;
    const answer = fromText(row["answer"] as string) as BoughtAnswer;
    const disputes = await disputesOf(answer.account);
    const onMove = (move: MoveMade) => noteMove({ log, metrics }, move);
    const options = { maximumBond, onMove, signal };
    try {
      const outcome = await (answer.kind === "receipt"
        ? disputes.challengeReceipt(answer, options)
        : disputes.challenge(answer.jobId, options));
      if (outcome.status !== "honest") {
        const { status, challengeId, byTimeout } = outcome;
        const level = status === "won" ? "info" : "error";
        log.emit(level, "result.challenged", { jobId: id, challengeId, status, byTimeout });
        metrics.note(status);
      }
    } catch (error) {
      if (!(error instanceof AthanorError) || !final.has(error.code)) throw error;
      log.emit("warn", "warning", { jobId: id, code: error.code, message: error.message });
    }
    storage.database.prepare("DELETE FROM rechecks WHERE id = ?").run(id);
  }
}

function idOf(answer: BoughtAnswer): string {
  if (answer.kind === "job") return answer.jobId;
  const { channel, nonce } = answer.receipt.message;
  return `${channel}:${nonce}`;
}
