import { tokensRoot } from "@athanor/engine/commitments";
import type { ChannelTerms, Receipt } from "../channels/types.ts";
import { findOutcome } from "../client/job-records.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { JobStatus } from "../generated/enums.ts";
import type { JobRecord } from "../protocol/job.ts";
import { answerOf, type SubmittedResult } from "../protocol/read-outcome.ts";
import { ownOf, type DisputeContext, type Own } from "./context.ts";
import type { Claim } from "./engine.ts";

/** A job with its result, and the same request as this program computes it. */
export interface Dispute {
  readonly job: JobRecord;
  readonly submitted: SubmittedResult;
  /** The tokens of the result: of a private job decrypted. */
  readonly answer: readonly number[];
  readonly own: Own;
  /** Of a channel's receipt: how it is made a result. */
  readonly presenting?: Presenting | undefined;
}

/** What makes a receipt a result. */
export interface Presenting {
  /** Id of the channel. */
  readonly channel: string;
  /** Second since 1970 as of which the result counts as submitted. */
  readonly signedAt: number;
  /** Of `ReceiptResults.present`. */
  readonly args: readonly [ChannelTerms, Receipt, string, Uint8Array];
}

/** What the chain remembers of the result, packed as that of a job. */
export function resultStateOf(
  { contracts }: Pick<DisputeContext, "contracts">,
  { job, presenting }: Dispute,
): Promise<bigint> {
  return (presenting ? contracts.receiptResults : contracts.jobEscrow).jobState(job.id);
}

/**
 * @throws AthanorError `JobNotSubmitted` when there is no result to dispute, `ModelUnavailable`
 */
export async function disputeOf(
  context: DisputeContext,
  job: JobRecord,
  signal?: AbortSignal,
): Promise<Dispute> {
  const { contracts, reader } = context;
  const { submitted } = await findOutcome(context, job, await reader.blockNumber(signal));
  if (!submitted) {
    const state = await contracts.jobEscrow.jobState(job.id);
    throw athanorError("JobNotSubmitted", {
      id: job.id,
      state: state === 0n ? BigInt(JobStatus.None) : state,
    });
  }
  return { job, submitted, answer: answerOf(job, submitted), own: await ownOf(context, job) };
}

/** What the provider stands for, with the trace it posted. */
export function claimOf({ job, submitted }: Dispute, positionsRoot: string): Claim {
  const { terms } = job;
  return {
    modelRoot: terms.modelRoot as Claim["modelRoot"],
    inputRoot: terms.inputRoot as Claim["inputRoot"],
    outputTokensRoot: tokensRoot(submitted.tokens),
    outputCount: submitted.tokens.length,
    complete: true,
    positionsRoot: positionsRoot as Claim["positionsRoot"],
  };
}

/** Index of the first token that differs, or of the ending where one goes on and the other ends; undefined for equal outputs. */
export function firstDifference(left: readonly number[], right: readonly number[]): number | undefined {
  const index = left.findIndex((token, at) => token !== right[at]);
  if (index >= 0) return index;
  return left.length === right.length ? undefined : left.length;
}
