import type { StoredJob } from "../../storage/storage.ts";
import type { ProviderContext } from "../context.ts";
import { moveJob } from "../move-job.ts";
import { openJob, type JobRequest } from "../open-job.ts";
import { reconcile } from "../reconcile.ts";
import { refusalOf } from "./assess.ts";
import { compute, isRoomForJob } from "./compute.ts";
import { decline } from "./decline.ts";
import { isPastDeadline, markLate } from "./late.ts";

/**
 * seen: starts the job, declines it, or leaves it waiting for a free place.
 *
 * @param ahead jobs that will run before this one or are running
 */
export async function accept(context: ProviderContext, job: StoredJob, ahead: number): Promise<void> {
  if (isPastDeadline(context, job)) {
    return markLate(context, job, job.reason ?? "its turn did not come in time");
  }
  const request = await openJob(context, job);
  const refusal = "refusal" in request ? request.refusal : refusalOf(context, job, request, ahead);
  if (refusal !== undefined) return decline(context, job, refusal);
  if (!isRoomForJob(context)) return;
  // Somebody else's transaction, or one of ours before the database was lost, may have answered it.
  const current = await reconcile(context, job);
  if (current.state !== "seen") return;
  compute(context, await moveJob(context, current, { state: "running" }), request as JobRequest);
}
