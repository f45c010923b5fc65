import { decodeJobState, readOutcome, type JobState } from "@athanor/sdk/protocol";
import { withContent } from "../contents/job-contents.ts";
import { waitingStates } from "../jobs/states.ts";
import type { StoredJob } from "../storage/storage.ts";
import { applyEnding } from "./apply-ending.ts";
import type { ProviderContext } from "./context.ts";
import { moveJob } from "./move-job.ts";

/** What the chain says about a job, as of the last block that was followed: what is stored is never ahead of the cursor. */
export async function readJobState(context: ProviderContext, id: string): Promise<JobState> {
  const blockTag = followedBlock(context);
  return decodeJobState(await context.chain.contracts.jobEscrow.jobState(id, { blockTag }));
}

/**
 * Moves a job to where the chain has it. Called before anything that costs something, and whenever there is doubt: after a
 * transaction ended, after a reorganisation, after a refusal.
 *
 * @returns the job as it stands then
 */
export async function reconcile(context: ProviderContext, job: StoredJob): Promise<StoredJob> {
  const state = await readJobState(context, job.id);
  const { status } = state;
  if (status === "Created") return reopen(context, job);
  if (status === "Submitted") return markSubmitted(context, job, state);
  if (status === "None") return giveUp(context, job);
  const ended = (await outcomeOf(context, job)).ended;
  // A node whose logs are behind its state; they will come.
  if (ended === undefined) return job;
  await applyEnding(context, job, ended);
  return context.storage.job(job.id)!;
}

/** The chain waits for an answer. Whatever we believed to have sent or seen is gone. */
async function reopen(context: ProviderContext, job: StoredJob): Promise<StoredJob> {
  if (["seen", "running", "computed", "late"].includes(job.state) || isUnderway(context, job)) return job;
  if (job.state === "releasing") return moveJob(context, job, { state: "late" });
  const { prompt, tokens, complete } = await withContent(context, job);
  const state = complete ? "computed" : "seen";
  const back = { prompt, tokens, complete, submittedAt: null, earned: null, reason: null };
  return moveJob(context, job, { state, ...back });
}

async function markSubmitted(context: ProviderContext, job: StoredJob, state: JobState): Promise<StoredJob> {
  if (job.state === "submitted" && job.submittedAt === state.submittedAt) return job;
  if (job.state === "collecting" && isUnderway(context, job)) return job;
  // With another database the output was never stored here; the chain has it.
  const tokens = job.complete ? job.tokens : (await outcomeOf(context, job)).submitted?.tokens;
  if (tokens === undefined) return job;
  return moveJob(context, job, {
    state: "submitted",
    submittedAt: state.submittedAt,
    tokens,
    complete: true,
    reason: null,
  });
}

/** The chain knows no such job: the block that created it was reorganised away, or is about to be read again. */
async function giveUp(context: ProviderContext, job: StoredJob): Promise<StoredJob> {
  if (job.state === "missed" || followedBlock(context) < job.createdBlock || isUnderway(context, job)) {
    return job;
  }
  return moveJob(context, job, { state: "missed", reason: "its creation is no longer on chain" });
}

/** Whether a stored transaction may still decide about the job. */
function isUnderway({ storage }: ProviderContext, job: StoredJob): boolean {
  return (
    waitingStates.includes(job.state) &&
    storage.pendingTransactions().some((transaction) => transaction.jobIds.includes(job.id))
  );
}

async function outcomeOf(context: ProviderContext, job: StoredJob) {
  const followed = followedBlock(context);
  return readOutcome(context.chain.contracts, job.id, Math.min(job.createdBlock, followed), followed);
}

function followedBlock({ storage }: ProviderContext): number {
  return Math.max(storage.cursor()?.number ?? 0, 0);
}
