import { describeError, isNodeTrouble } from "../errors.ts";
import type { StoredJob } from "../storage/storage.ts";
import type { ProviderContext } from "./context.ts";
import { reconcile } from "./reconcile.ts";

/** Milliseconds until a job is looked at again after its step failed. */
const RETRY_AFTER = 5_000;

/**
 * Does one step of one job. Whatever goes wrong with it stays with it: the job is compared with the chain, which may have moved
 * on, and tried again later. Only trouble with the node is thrown on, because it concerns all jobs.
 */
export async function attempt(
  context: ProviderContext,
  job: StoredJob,
  step: () => Promise<unknown>,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (isNodeTrouble(error)) throw error;
    context.log.emit("error", "job.failed", { jobId: job.id, state: job.state, ...describeError(error) });
    context.storage.changeJob(job.id, { notBefore: context.clock.now() + RETRY_AFTER });
    await reconcile(context, context.storage.job(job.id)!);
  }
}
