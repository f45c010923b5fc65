import { readJobs, type JobRecord } from "@athanor/sdk/protocol";
import type { MoveMade, ReceiptResult } from "@athanor/sdk/disputes";
import { openJob, type EncryptionKey } from "@athanor/sdk/private";
import { ZeroHash, zeroPadValue } from "ethers";
import { firstRequestBlock, followEvents, noteMove, type WatchContext } from "./follow-disputes.ts";
import { JobQueue } from "./job-queue.ts";

/** What waits for its challenger takes no place: nobody keeps the watchtower from one result by letting it wait for others. */
const AT_ONCE = { looks: 64, moves: 16 };
/** The game's statuses of a challenge that is being played, and of one that is lost to the provider. */
const LIVE = 2n;
const LOST = 3n;
/** The game's side. */
const PROVIDER = 0n;

/** Finds the request behind a receipt that was made a result; undefined for what is no such result, or not known here. */
export type FindReceipt = (resultId: string) => Promise<ReceiptResult | undefined>;

/** What is defended; the id alone of what is not known here. */
type Result = { readonly job: JobRecord | string } | { readonly receipt: ReceiptResult };

/**
 * Answers every challenge of a provider's results, until the signal. Remembers nothing: after a restart the chain says what is open.
 *
 * @param encryptionKeys with which private requests are opened
 * @param findReceipt for the receipts of channels; without it only jobs are defended
 * @param atOnce results that are looked at, and for which a move is made, at a time
 */
export async function runWatchtower(
  context: WatchContext,
  owner: string,
  encryptionKeys: readonly EncryptionKey[],
  findReceipt: FindReceipt = () => Promise.resolve(undefined),
  atOnce = AT_ONCE,
): Promise<void> {
  const { chain, clock, log, disputes, metrics, pollInterval, signal } = context;
  const { contracts } = chain;
  const { disputeGame, deployment } = contracts;
  const challenges = new Map<string, Set<string>>();

  /** Challenges that were seen alive, and what they are about. */
  const defended = new Map<string, Set<string>>();
  const results = new Map<string, Result>();
  let isConvicted = false;

  /** One conviction ends all disputes. */
  function noteConviction(jobId: string): void {
    if (isConvicted) return;
    isConvicted = true;
    log.emit("error", "dispute.convicted", { jobId, provider: owner });
    metrics.note("convicted");
  }

  async function liveChallenges(jobId: string): Promise<string[]> {
    const seen = defended.get(jobId) ?? new Set<string>();
    defended.set(jobId, seen);
    if ((await disputeGame.convictionOf(owner)) !== ZeroHash) {
      if (seen.size > 0) noteConviction(jobId);
      return [];
    }
    const live: string[] = [];
    const repelled: string[] = [];
    for (const id of challenges.get(jobId)!) {
      const { status } = await disputeGame.challengeOf(id);
      if (status === LIVE) live.push(id);
      if (status === LOST && seen.delete(id)) repelled.push(id);
    }
    if (repelled.length > 0) {
      log.emit("info", "dispute.repelled", { jobId, challengeIds: repelled });
      metrics.note("repelled", repelled.length);
    }
    const found = live.filter((id) => !seen.has(id));
    if (found.length > 0) log.emit("warn", "dispute.seen", { jobId, challengeIds: found });
    for (const id of found) seen.add(id);
    return live;
  }

  /** The earliest time until which a move is due, Infinity for what has no hurry, undefined while all wait for their challengers. */
  async function dueUntil(live: readonly string[]): Promise<number | undefined> {
    const { timestamp } = (await chain.provider.getBlock("latest"))!;
    // A chain that makes blocks only when there is something to put in has an old one.
    const time = Math.max(timestamp, clock.now() / 1_000);
    let due: number | undefined;
    for (const id of live) {
      const turn = await disputeGame.turnOf(id);
      const deadline = Number(turn.deadline);
      if (turn.side === PROVIDER) due = Math.min(deadline, due ?? Infinity);
      else if (time > deadline) due ??= Infinity;
    }
    return due;
  }

  /** Looks whether anything is to be done. A challenger who takes its time costs such looks, and nothing else. */
  async function look(jobId: string): Promise<void> {
    const live = await liveChallenges(jobId);
    if (live.length === 0) {
      results.delete(jobId);
      return;
    }
    const deadline = await dueUntil(live);
    if (deadline === undefined) looks.later(jobId, pollInterval);
    else moves.add(jobId, deadline);
  }

  async function resultOf(jobId: string): Promise<Result> {
    const known = results.get(jobId);
    if (known !== undefined) return known;
    const head = await chain.provider.getBlockNumber();
    const [job] = await readJobs(contracts, { id: jobId }, await firstRequestBlock(chain), head, { signal });
    const place = { chainId: chain.chainId, escrow: deployment.jobEscrow };
    const opened = job && (await openJob(job, encryptionKeys, place));
    const receipt = job === undefined ? await findReceipt(jobId) : undefined;
    if (opened === undefined && receipt === undefined) return { job: jobId };
    const result = receipt === undefined ? { job: opened! } : { receipt };
    results.set(jobId, result);
    return result;
  }

  async function move(jobId: string): Promise<void> {
    if ((await liveChallenges(jobId)).length === 0) {
      results.delete(jobId);
      return;
    }
    const result = await resultOf(jobId);
    const options = { onMove: (made: MoveMade) => noteMove(context, made), signal, once: true };
    const { pending } = await ("receipt" in result
      ? disputes.defendReceipt(result.receipt, options)
      : disputes.defend(result.job, options));
    if (pending?.moved === false) looks.later(jobId, pollInterval);
    else looks.add(jobId);
  }

  const looks = new JobQueue({ ...context, atOnce: atOnce.looks, work: look });
  const moves = new JobQueue({ ...context, atOnce: atOnce.moves, work: move });
  const topics = [disputeGame.interface.getEvent("Opened").topicHash, null, null, zeroPadValue(owner, 32)];
  await followEvents(context, { address: deployment.disputeGame, topics }, ({ topics: [, id, jobId] }) => {
    const known = challenges.get(jobId!) ?? new Set<string>();
    challenges.set(jobId!, known.add(id!));
    looks.add(jobId!);
  });
  await looks.ended();
  await moves.ended();
}
