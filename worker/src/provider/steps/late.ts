import type { StoredJob } from "../../storage/storage.ts";
import { send } from "../../outbox/send.ts";
import type { ProviderContext } from "../context.ts";
import { moveJob } from "../move-job.ts";
import { reconcile } from "../reconcile.ts";

/** Seconds after the deadline. For ten minutes the client gets everything back that way, and nobody a bounty; then we step in. */
const RELEASE_AFTER = 601;
/** Milliseconds between looks at a late job. */
const LOOK_INTERVAL = 60_000;

/** Whether a submission could not be in time any more. */
export function isPastDeadline({ time }: ProviderContext, job: StoredJob): boolean {
  return time.now() > Number(job.terms.submitDeadline);
}

export async function markLate(context: ProviderContext, job: StoredJob, reason: string): Promise<void> {
  const current = await reconcile(context, job);
  if (current.state === job.state) await moveJob(context, current, { state: "late", reason });
}

/** late: expires the job when nobody else does, because until then a part of our stake is bound to it. */
export async function release(context: ProviderContext, job: StoredJob): Promise<void> {
  const { chain, clock, storage, time } = context;
  const current = await reconcile(context, job);
  if (current.state !== "late") return;
  if (time.now() < Number(job.terms.submitDeadline) + RELEASE_AFTER) {
    storage.changeJob(job.id, { notBefore: clock.now() + LOOK_INTERVAL });
    return;
  }
  const { jobEscrow } = chain.contracts;
  const to = chain.contracts.deployment.jobEscrow;
  const data = jobEscrow.interface.encodeFunctionData("expire", [job.terms, job.terms.provider]);
  await send(context, { kind: "expire", jobIds: [job.id], to, data }, () => {
    storage.changeJob(job.id, { state: "releasing" });
  });
}
