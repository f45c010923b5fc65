import { waitingStates } from "../jobs/states.ts";
import { attempt } from "./attempt.ts";
import type { ProviderContext } from "./context.ts";
import { reconcile } from "./reconcile.ts";
import { accept } from "./steps/accept.ts";
import { collect } from "./steps/collect.ts";
import { continueRunning } from "./steps/compute.ts";
import { release } from "./steps/late.ts";
import { submit } from "./steps/submit.ts";

/** Does, for every job, what its state asks for. The order is that of urgency: what is finished earns, so it goes first. */
export async function advanceJobs(context: ProviderContext): Promise<void> {
  const { clock, storage } = context;
  const isDue = ({ notBefore }: { notBefore: number }) => notBefore <= clock.now();

  for (const job of storage.jobsIn(["computed"]).filter(isDue)) {
    await attempt(context, job, () => submit(context, job));
  }
  for (const job of storage.jobsIn(["running"]).filter(isDue)) {
    await attempt(context, job, () => continueRunning(context, job));
  }
  let ahead = storage.jobCount(["running"]);
  for (const job of storage.jobsIn(["seen"])) {
    if (isDue(job)) await attempt(context, job, () => accept(context, job, ahead));
    ahead++;
  }
  await collect(context);
  for (const job of storage.jobsIn(["late"]).filter(isDue)) {
    await attempt(context, job, () => release(context, job));
  }
  // A transaction that ended without effect, or a crash just before its effect was stored.
  const underway = new Set(storage.pendingTransactions().flatMap(({ jobIds }) => jobIds));
  for (const job of storage.jobsIn(waitingStates)) {
    if (!underway.has(job.id)) await attempt(context, job, () => reconcile(context, job));
  }
}
