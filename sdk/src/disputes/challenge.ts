import { athanorError } from "../errors/athanor-error.ts";
import { decodeJobState } from "../protocol/job-state.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import type { ConvictedEvent, ReclaimedEvent } from "../generated/contracts/DisputeGame.ts";
import { challengerMove, type Challenge } from "./challenger.ts";
import { saltOf, type DisputeContext } from "./context.ts";
import { resultStateOf, type Dispute } from "./dispute.ts";
import { makeMove, type Move } from "./moves.ts";
import { play, type Next } from "./play.ts";
import { addressOf, readChallenge, STATUSES, type ChallengeState } from "./state.ts";
import type { ChallengeOptions, ChallengeOutcome } from "./types.ts";
import { verifyDispute } from "./verify.ts";

/** Challenges a wrong result, or goes on with a challenge of it, until there is a verdict and the money is here. */
export async function challengeDispute(
  context: DisputeContext,
  dispute: Dispute,
  options: ChallengeOptions,
): Promise<ChallengeOutcome> {
  const { job } = dispute;
  const { id, salt, status } = await currentChallenge(context, dispute);
  if (status === "None") {
    const verification = await verifyDispute(context, dispute, options.signal);
    if (verification.honest) return { status: "honest", verification };
  }
  const { maximumBond } = options;
  const challenge: Challenge = { ...dispute, salt, maximumBond };
  const { provider } = job.terms;
  return play(context, options, async () => {
    const state = await readChallenge(context, id, { id: job.id, provider }, options.signal);
    const next = await nextOf(context, challenge, state);
    if ("outcome" in next || "wait" in next) return next;
    return { act: () => makeMove(context, "challenger", challenge, next.move, options) };
  });
}

/** The first of the account's challenges of the result that did not, and will not, come to nothing. */
async function currentChallenge(
  context: DisputeContext,
  dispute: Dispute,
): Promise<{ id: string; salt: string; status: (typeof STATUSES)[number] }> {
  const { job, presenting } = dispute;
  const { disputeGame } = context.contracts;
  const [{ openPeriod }, packed, time] = await Promise.all([
    disputeGame.parameters(),
    resultStateOf(context, dispute),
    context.reader.time(),
  ]);
  const submittedAt = presenting ? presenting.signedAt : decodeJobState(packed).submittedAt;
  for (let attempt = 0; ; attempt++) {
    const salt = await saltOf(context, job.id, attempt);
    const id = await disputeGame.challengeIdOf(context.account, job.id, salt);
    const challenge = await disputeGame.challengeOf(id);
    const status = STATUSES[Number(challenge.status)]!;
    const committedAt = Number(challenge.committedAt);
    // A commitment that is too old, or older than a result that a reorganisation moved, can never be opened.
    const isStale = time > committedAt + Number(openPeriod) || committedAt < submittedAt;
    if (status !== "Burned" && !(status === "Committed" && isStale)) return { id, salt, status };
  }
}

type Step = { readonly move: Move } | Exclude<Next<ChallengeOutcome>, { readonly act: unknown }>;

async function nextOf(context: DisputeContext, challenge: Challenge, state: ChallengeState): Promise<Step> {
  const { status, id } = state;
  if (status === "Lost" || status === "Won" || status === "Returned") {
    const left = await remaining(context, challenge, state);
    return left ? { move: left } : { outcome: await outcomeOf(context, challenge, state) };
  }
  if (status === "Burned") {
    throw athanorError("UnopenedChallengeBurned", { challengeId: id, id: challenge.job.id });
  }
  if (status === "None" && state.convicted) {
    throw athanorError("AlreadyConvicted", { provider: challenge.job.terms.provider });
  }
  if (status === "Live" && state.convicted) return { move: { kind: "reclaim", args: [id], state } };
  const move = await challengerMove(context, challenge, state);
  return move ? { move } : { wait: true };
}

/** What is left to do after the verdict: what could not be sent is fetched, the job's client gets its money back. */
async function remaining(
  { contracts, account }: DisputeContext,
  { job }: Challenge,
  state: ChallengeState,
): Promise<Move | undefined> {
  const [credit, packed] = await Promise.all([
    contracts.disputeGame.credit(account),
    contracts.jobEscrow.jobState(job.id),
  ]);
  if (credit > 0n) return { kind: "withdraw", args: [account], state };
  const { status } = decodeJobState(packed);
  const refundable = state.convicted && (status === "Created" || status === "Submitted");
  return refundable ? { kind: "refund", args: [job.terms, account], state } : undefined;
}

async function outcomeOf(
  context: DisputeContext,
  { job, submitted }: Challenge,
  { id, status }: ChallengeState,
): Promise<ChallengeOutcome> {
  const fromBlock = submitted.position.block;
  if (status === "Lost") {
    const lost = await oneEvent<{ byTimeout: boolean }>(context, "ChallengeLost", [id], fromBlock);
    return { status: "lost", challengeId: id, byTimeout: lost.byTimeout };
  }
  const [reclaimed, convicted] = await Promise.all([
    oneEvent<ReclaimedEvent.OutputObject>(context, "Reclaimed", [id], fromBlock),
    oneEvent<ConvictedEvent.OutputObject>(context, "Convicted", [job.terms.provider], fromBlock),
  ]);
  const { bond, reward } = reclaimed;
  const own = convicted.jobId === job.id && !convicted.byTimeout;
  const proven = own ? { proven: addressOf(convicted.target) } : {};
  return { status: "won", challengeId: id, byTimeout: convicted.byTimeout, ...proven, bond, reward };
}

async function oneEvent<Args>(
  { contracts, reader }: DisputeContext,
  name: "ChallengeLost" | "Reclaimed" | "Convicted",
  indexed: readonly string[],
  fromBlock: number,
): Promise<Args> {
  const { disputeGame, deployment } = contracts;
  const topics = disputeGame.interface.encodeFilterTopics(name, [...indexed]) as string[];
  const filter = { address: deployment.disputeGame, topics };
  const [log] = await readLogs(logReaderOf(disputeGame), filter, fromBlock, await reader.blockNumber());
  if (!log) {
    throw athanorError("RpcInvalidResponse", { details: `there is no event ${name} of ${indexed[0]}.` });
  }
  return disputeGame.interface.parseLog(log)!.args as unknown as Args;
}
