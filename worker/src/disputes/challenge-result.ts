import type { MoveMade } from "@athanor/sdk/disputes";
import { AthanorError, type JobRecord } from "@athanor/sdk/protocol";
import { noteMove, type WatchContext } from "./follow-disputes.ts";

/** What challenging takes. */
export type ChallengingContext = Pick<WatchContext, "disputes" | "log" | "metrics" | "signal">;

/** Refusals that no further look changes: the result is gone, too old, or not worth its bond here. */
const final = new Set([
  "AlreadyConvicted",
  "BondAboveLimit",
  "ChallengeTooLate",
  "JobNotFound",
  "JobNotSubmitted",
  "NotClientOrDelegate",
  "UnopenedChallengeBurned",
]);

/** Challenges a wrong result, or goes on with the own challenge of it, until there is a verdict or nothing can be done. @param maximumBond wei */
export async function challengeResult(
  context: ChallengingContext,
  job: JobRecord,
  maximumBond: bigint,
): Promise<void> {
  const { disputes, log, metrics, signal } = context;
  const jobId = job.id;
  const onMove = (move: MoveMade) => noteMove(context, move);
  await unlessFinal(context, jobId, async () => {
    const outcome = await disputes.challenge(job, { maximumBond, onMove, signal });
    if (outcome.status === "honest") return;
    const { status, challengeId, byTimeout } = outcome;
    const money = outcome.status === "won" ? { bond: outcome.bond, reward: outcome.reward } : {};
    const level = status === "won" ? "info" : "error";
    log.emit(level, "result.challenged", { jobId, challengeId, status, byTimeout, ...money });
    metrics.note(status);
  });
}

/** Logs a refusal that no further look changes; throws everything else. */
export async function unlessFinal(
  { log }: Pick<ChallengingContext, "log">,
  jobId: string,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof AthanorError) || !final.has(error.code)) throw error;
    const { code, message } = error;
    log.emit("warn", "warning", { jobId, code, message });
  }
}
