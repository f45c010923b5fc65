import { readJobs } from "@athanor/sdk/protocol";
import type { MoveMade, ReceiptResult } from "@athanor/sdk/disputes";
import { openJob, type EncryptionKey } from "@athanor/sdk/private";
import { ZeroHash, zeroPadValue } from "ethers";
import { firstRequestBlock, followEvents, noteMove, type WatchContext } from "./follow-disputes.ts";
import { JobQueue } from "./job-queue.ts";

/** Disputes at a time; more wait, while nearly all time passes with the other side. */
const AT_ONCE = 64;
/** The game's status of a challenge that is being played. */
const LIVE = 2n;

/** Finds the request behind a receipt that was made a result; undefined for what is no such result, or not known here. */
export type FindReceipt = (resultId: string) => Promise<ReceiptResult | undefined>;

/**
 * Answers every challenge of a provider's results, until the signal. Remembers nothing: after a restart the chain says what is open.
 *
 * @param encryptionKeys with which private requests are opened
 * @param findReceipt for the receipts of channels; without it only jobs are defended
 */
export async function runWatchtower(
  context: WatchContext,
  owner: string,
  encryptionKeys: readonly EncryptionKey[],
  findReceipt: FindReceipt = () => Promise.resolve(undefined),
): Promise<void> {
  const { chain, log, disputes, metrics, signal } = context;
  const { contracts } = chain;
  const { disputeGame, deployment } = contracts;
  const challenges = new Map<string, Set<string>>();

  const defended = new Set<string>();
  let isConvicted = false;

  /** One conviction ends all disputes. */
  function noteConviction(jobId: string): void {
    if (isConvicted) return;
    isConvicted = true;
    log.emit("error", "dispute.convicted", { jobId, provider: owner });
    metrics.note("convicted");
  }

  async function liveChallenges(jobId: string): Promise<string[]> {
    if ((await disputeGame.convictionOf(owner)) !== ZeroHash) {
      if (defended.has(jobId)) noteConviction(jobId);
      return [];
    }
    const live: string[] = [];
    for (const id of challenges.get(jobId)!) {
      if ((await disputeGame.challengeOf(id)).status === LIVE) live.push(id);
    }
    return live;
  }

  async function defend(jobId: string): Promise<void> {
    const live = await liveChallenges(jobId);
    if (live.length === 0) return;
    defended.add(jobId);
    log.emit("warn", "dispute.seen", { jobId, challengeIds: live });
    const head = await chain.provider.getBlockNumber();
    const [job] = await readJobs(contracts, { id: jobId }, await firstRequestBlock(chain), head, { signal });
    const onMove = (move: MoveMade) => noteMove(context, move);
    const place = { chainId: chain.chainId, escrow: deployment.jobEscrow };
    const opened = job && (await openJob(job, encryptionKeys, place));
    const receipt = job === undefined ? await findReceipt(jobId) : undefined;
    const { repelled, convicted } = await (receipt === undefined
      ? disputes.defend(opened ?? jobId, { onMove, signal })
      : disputes.defendReceipt(receipt, { onMove, signal }));
    const mine = repelled.filter((id) => live.includes(id));
    if (mine.length > 0) log.emit("info", "dispute.repelled", { jobId, challengeIds: mine });
    metrics.note("repelled", mine.length);
    if (convicted) noteConviction(jobId);
  }

  const queue = new JobQueue({ ...context, atOnce: AT_ONCE, work: defend });
  const topics = [disputeGame.interface.getEvent("Opened").topicHash, null, null, zeroPadValue(owner, 32)];
  await followEvents(context, { address: deployment.disputeGame, topics }, ({ topics: [, id, jobId] }) => {
    const known = challenges.get(jobId!) ?? new Set<string>();
    challenges.set(jobId!, known.add(id!));
    queue.add(jobId!);
  });
  await queue.ended();
}
