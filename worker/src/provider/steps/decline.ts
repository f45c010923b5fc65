import { send } from "../../outbox/send.ts";
import type { StoredJob } from "../../storage/storage.ts";
import type { ProviderContext } from "../context.ts";
import { reconcile } from "../reconcile.ts";

const HOUR = 3_600_000;
/** Milliseconds until a job that could not be declined now is looked at again. */
const RETRY_AFTER = 60_000;

/**
 * Gives a job back before its deadline, so that the client can go elsewhere. Each time costs us gas and the client nothing, so
 * somebody could drain the operator with requests that are certain to be declined: `limits.declinesPerHour` is the answer.
 */
export async function decline(context: ProviderContext, job: StoredJob, reason: string): Promise<void> {
  const { chain, clock, limits, log, storage } = context;
  const current = await reconcile(context, job);
  if (current.state !== "seen" && current.state !== "running") return;
  if (storage.transactionsSince("decline", clock.now() - HOUR) >= limits.declinesPerHour) {
    storage.changeJob(job.id, { reason, notBefore: clock.now() + RETRY_AFTER });
    log.emit("warn", "warning", {
      jobId: job.id,
      message: `${limits.declinesPerHour} jobs were declined within the hour; this one is left to expire: ${reason}`,
      remedy: "If honest clients send such requests, raise limits.declinesPerHour or remove the offer.",
    });
    return;
  }
  const { jobEscrow } = chain.contracts;
  const to = chain.contracts.deployment.jobEscrow;
  const data = jobEscrow.interface.encodeFunctionData("decline", [job.terms]);
  await send(context, { kind: "decline", jobIds: [job.id], to, data }, () => {
    storage.changeJob(job.id, { state: "declining", reason });
    context.running.get(job.id)?.abort();
    context.opened.delete(job.id);
  });
  log.emit("info", "job.declining", { jobId: job.id, reason });
}
