import { AthanorError, decodeJobState, readJobs, readLogs, type JobRecord } from "@athanor/sdk/protocol";
import { getAddress, ZeroHash } from "ethers";
import { challengeResult, unlessFinal } from "./challenge-result.ts";
import { firstRequestBlock, followEvents, type WatchContext } from "./follow-disputes.ts";
import { JobQueue } from "./job-queue.ts";

export interface ChallengerOptions {
  /** Roots of the models whose results are checked. */
  readonly models: ReadonlySet<string>;
  /** Wei for one challenge. */
  readonly maximumBond: bigint;
  /** Challenges under way at a time. */
  readonly atOnce: number;
}

/** The game's statuses of a challenge that may still have something to do: live, and won. */
const UNFINISHED = new Set([2n, 4n]);

/**
 * Checks every result of these models, of whatever provider, and challenges the wrong ones, until the signal. Remembers nothing: after a
 * restart the chain says what is to be checked, and which challenges are its own.
 */
export async function runChallenger(context: WatchContext, options: ChallengerOptions): Promise<void> {
  const { chain, log, disputes, signal } = context;
  const { contracts } = chain;
  const { disputeGame, jobEscrow, deployment } = contracts;

  async function jobOf(jobId: string): Promise<JobRecord | undefined> {
    const head = await chain.provider.getBlockNumber();
    const fromBlock = await firstRequestBlock(chain);
    const [job] = await readJobs(contracts, { id: jobId }, fromBlock, head, { signal });
    return job && options.models.has(job.terms.modelRoot) ? job : undefined;
  }

  async function hasOwnChallenge({ id, created }: JobRecord): Promise<boolean> {
    const topics = [disputeGame.interface.getEvent("Opened").topicHash, null, id];
    const filter = { address: deployment.disputeGame, topics };
    const head = await chain.provider.getBlockNumber();
    for (const event of await readLogs(chain.provider, filter, created.block, head, { signal })) {
      const { challengeId, challenger } = disputeGame.interface.parseLog(event)!.args as unknown as {
        challengeId: string;
        challenger: string;
      };
      if (getAddress(challenger) !== getAddress(disputes.account)) continue;
      if (UNFINISHED.has((await disputeGame.challengeOf(challengeId)).status)) return true;
    }
    return false;
  }

  async function canBeChallenged({ id, terms }: JobRecord): Promise<boolean> {
    const { status, submittedAt } = decodeJobState(await jobEscrow.jobState(id));
    if (status !== "Submitted" || (await disputeGame.convictionOf(terms.provider)) !== ZeroHash) return false;
    const head = await chain.provider.getBlock("latest");
    return head!.timestamp < submittedAt + Number(terms.challengeWindow);
  }

  async function check(jobId: string): Promise<void> {
    const job = await jobOf(jobId);
    if (!job) return;
    if (await hasOwnChallenge(job)) return challenges.add(jobId);
    if (!(await canBeChallenged(job))) return;
    await unlessFinal(context, jobId, async () => {
      const verification = await verifyIfKnown(job);
      if (!verification) return log.emit("debug", "result.private", { jobId, provider: job.terms.provider });
      const { honest, firstDifference } = verification;
      if (honest) return log.emit("info", "result.right", { jobId, provider: job.terms.provider });
      log.emit("warn", "result.wrong", { jobId, provider: job.terms.provider, firstDifference });
      challenges.add(jobId);
    });
  }

  /** Nobody but the client and whom it tells can look at a private result. */
  async function verifyIfKnown(job: JobRecord) {
    try {
      return await disputes.verify(job, { signal });
    } catch (error) {
      if (error instanceof AthanorError && error.code === "RequestUnknown") return undefined;
      throw error;
    }
  }

  async function challenge(jobId: string): Promise<void> {
    const job = await jobOf(jobId);
    if (job) await challengeResult(context, job, options.maximumBond);
  }

  const checks = new JobQueue({ ...context, atOnce: 1, work: check });
  const challenges = new JobQueue({ ...context, atOnce: options.atOnce, work: challenge });
  const topics = [jobEscrow.interface.getEvent("ResultSubmitted").topicHash];
  await followEvents(context, { address: deployment.jobEscrow, topics }, ({ topics: [, jobId] }) =>
    checks.add(jobId!),
  );
  await checks.ended();
  await challenges.ended();
}
