import type { JobRecord } from "../protocol/job.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import type { DisputeContext } from "./context.ts";
import { defenderMove } from "./defender.ts";
import { disputeOf, type Dispute } from "./dispute.ts";
import { makeMove } from "./moves.ts";
import { play } from "./play.ts";
import { readChallenge, type ChallengeState } from "./state.ts";
import type { DefenceOutcome, DefendOptions } from "./types.ts";

/**
 * Answers every challenge of a result until none is alive. Posting the trace takes the key of the provider's operator or
 * watchtower, all else any.
 */
export async function defendJob(
  context: DisputeContext,
  job: JobRecord,
  options: DefendOptions,
): Promise<DefenceOutcome> {
  return defendDispute(context, await disputeOf(context, job, options.signal), options);
}

/** As `defendJob`, of a result that is known already. */
export async function defendDispute(
  context: DisputeContext,
  dispute: Dispute,
  options: DefendOptions,
): Promise<DefenceOutcome> {
  const { job } = dispute;
  let moved = false;
  return play<DefenceOutcome>(context, options, async () => {
    const states = await challengesOf(context, dispute, options);
    const live = states.filter(({ status }) => status === "Live");
    const convicted = states.some((state) => state.convicted);
    if (convicted || live.length === 0) {
      const repelled = states.filter(({ status }) => status === "Lost").map(({ id }) => id);
      return { outcome: { jobId: job.id, repelled, convicted } };
    }
    const pending = { outcome: { jobId: job.id, repelled: [], convicted, pending: { moved } } };
    if (options.once && moved) return pending;
    // Whoever has least time left comes first.
    live.sort((left, right) => left.turn!.deadline - right.turn!.deadline);
    for (const state of live) {
      const move = await defenderMove(context, dispute, state);
      if (!move) continue;
      const act = async () => {
        await makeMove(context, "defender", dispute, move, options);
        moved = true;
      };
      return { act };
    }
    return options.once ? pending : { wait: true };
  });
}

async function challengesOf(
  context: DisputeContext,
  { job, submitted }: Dispute,
  { signal }: DefendOptions,
): Promise<ChallengeState[]> {
  const { contracts, reader } = context;
  const { disputeGame, deployment } = contracts;
  const topics = disputeGame.interface.encodeFilterTopics("Opened", [null, job.id]) as string[];
  const filter = { address: deployment.disputeGame, topics };
  const toBlock = await reader.blockNumber(signal);
  const logs = await readLogs(logReaderOf(disputeGame), filter, submitted.position.block, toBlock, {
    signal,
  });
  const ids = [...new Set(logs.map(({ topics: found }) => found[1]!))];
  return Promise.all(
    ids.map((id) => readChallenge(context, id, { id: job.id, provider: job.terms.provider }, signal)),
  );
}
