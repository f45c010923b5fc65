import { tokensRoot } from "@athanor/engine/commitments";
import { withContent } from "../../contents/job-contents.ts";
import { isNodeTrouble } from "../../errors.ts";
import { send } from "../../outbox/send.ts";
import type { StoredJob } from "../../storage/storage.ts";
import { attempt } from "../attempt.ts";
import type { ProviderContext } from "../context.ts";
import { readJobState, reconcile } from "../reconcile.ts";

/** Results that one transaction finalises: about 60,000 gas each, far below any block's limit. */
const BATCH = 20;
/** Milliseconds until a result that cannot be finalised now is looked at again. */
const RETRY_AFTER = 60_000;

/** submitted: finalises every result whose window is over, several in one transaction. */
export async function collect(context: ProviderContext): Promise<void> {
  const { clock, storage, time } = context;
  const due: StoredJob[] = [];
  for (const job of storage.jobsIn(["submitted"])) {
    if (due.length === BATCH) break;
    const finalizableAt = job.submittedAt! + Number(job.terms.challengeWindow);
    if (time.now() < finalizableAt || clock.now() < job.notBefore) continue;
    const current = await reconcile(context, job);
    if (current.state !== "submitted") continue;
    if (await isChallenged(context, current)) continue;
    due.push(current);
  }
  if (due.length === 0) return;
  if (await isConvicted(context, due)) return;
  if (due.length === 1) return attempt(context, due[0]!, () => finalize(context, due));
  try {
    await finalize(context, due);
  } catch (error) {
    if (isNodeTrouble(error)) throw error;
    // One of them may be the reason; alone, each of the others gets through.
    for (const job of due) await attempt(context, job, () => finalize(context, [job]));
  }
}

async function finalize(context: ProviderContext, jobs: readonly StoredJob[]): Promise<void> {
  const { jobEscrow, deployment } = context.chain.contracts;
  const whole = await Promise.all(jobs.map((job) => withContent(context, job)));
  const outputs = whole.map(({ tokens }) => ({ count: tokens.length, tokensRoot: tokensRoot(tokens) }));
  // The bounties go to the owner account with the earnings: nothing is left behind on the operator key.
  const recipient = jobs[0]!.terms.provider;
  const data =
    jobs.length === 1
      ? jobEscrow.interface.encodeFunctionData("finalize", [jobs[0]!.terms, outputs[0]!, recipient])
      : jobEscrow.interface.encodeFunctionData("finalizeBatch", [
          jobs.map(({ terms }) => terms),
          outputs,
          recipient,
        ]);
  const jobIds = jobs.map(({ id }) => id);
  await send(context, { kind: "finalize", jobIds, to: deployment.jobEscrow, data }, () => {
    for (const id of jobIds) context.storage.changeJob(id, { state: "collecting" });
  });
  for (const jobId of jobIds) context.log.emit("debug", "job.collecting", { jobId, batch: jobIds.length });
}

/** Nothing of a convicted provider becomes final any more; its clients are refunded. */
async function isConvicted(
  { chain, clock, log, owner, storage }: ProviderContext,
  due: readonly StoredJob[],
) {
  if (!(await chain.contracts.vault.isJailed(owner))) return false;
  for (const { id } of due) storage.changeJob(id, { notBefore: clock.now() + RETRY_AFTER });
  log.emit("error", "provider.convicted", { unpaid: due.length });
  return true;
}

async function isChallenged(context: ProviderContext, job: StoredJob): Promise<boolean> {
  const { liveChallenges } = await readJobState(context, job.id);
  if (liveChallenges === 0) return false;
  context.storage.changeJob(job.id, { notBefore: context.clock.now() + RETRY_AFTER });
  context.log.emit("warn", "job.challenged", { jobId: job.id, liveChallenges });
  return true;
}
