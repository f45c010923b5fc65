import { decryptTokens, encodeTokens } from "@athanor/engine/commitments";
import type { Log } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import type {
  JobDeclinedEvent,
  JobExpiredEvent,
  JobFinalizedEvent,
  JobRefundedEvent,
  ResultSubmittedEvent,
} from "../generated/contracts/JobEscrow.ts";
import type { AthanorContracts } from "./connect-contracts.ts";
import type { EventPosition, JobRecord } from "./job.ts";
import { positionOf } from "./read-jobs.ts";
import { logReaderOf, readLogs, type ReadLogsOptions } from "./read-logs.ts";
import { tokensOf } from "./tokens.ts";

/** The result as its submission published it. */
export interface SubmittedResult {
  /** What the result's commitment is over: of a private job encrypted, see `answerOf`. */
  readonly tokens: readonly number[];
  readonly outputRoot: string;
  /** Seconds since 1970 from which the result can be finalised. */
  readonly finalizableAt: number;
  readonly position: EventPosition;
}

/**
 * The answer of a submitted result: of a private job that was opened, decrypted.
 *
 * @throws AthanorError `RequestUnknown` for a private job that was not opened
 */
export function answerOf({ id, hidden, secret }: JobRecord, { tokens }: SubmittedResult): readonly number[] {
  if (!hidden) return tokens;
  if (!secret) throw athanorError("RequestUnknown", { id });
  return decryptTokens(encodeTokens(tokens), secret);
}

/** How a job ended. Amounts in token units. */
export type JobEnding =
  | {
      readonly kind: "Finalized";
      readonly earned: bigint;
      readonly fee: bigint;
      readonly refund: bigint;
      readonly bounty: bigint;
      readonly bountyRecipient: string;
      readonly position: EventPosition;
    }
  | {
      /** Nobody answered; or the provider was convicted of a wrong result, whether it answered this job or not. */
      readonly kind: "Expired" | "Refunded";
      readonly refund: bigint;
      readonly bounty: bigint;
      readonly bountyRecipient: string;
      readonly position: EventPosition;
    }
  | { readonly kind: "Declined"; readonly refund: bigint; readonly position: EventPosition };

export interface JobOutcome {
  readonly submitted?: SubmittedResult;
  readonly ended?: JobEnding;
}

/**
 * What became of a job, from the events between two blocks, both included.
 *
 * @param fromBlock the block of its creation, or an earlier one
 */
export async function readOutcome(
  contracts: AthanorContracts,
  id: string,
  fromBlock: number,
  toBlock: number,
  options: ReadLogsOptions = {},
): Promise<JobOutcome> {
  const { jobEscrow, deployment } = contracts;
  const names = ["ResultSubmitted", "JobFinalized", "JobExpired", "JobDeclined", "JobRefunded"] as const;
  const topics = [names.map((name) => jobEscrow.interface.getEvent(name).topicHash), id];
  const address = deployment.jobEscrow;
  const logs = await readLogs(logReaderOf(jobEscrow), { address, topics }, fromBlock, toBlock, options);
  return logs.reduce<JobOutcome>((outcome, log) => ({ ...outcome, ...decodeOutcome(contracts, log) }), {});
}

/** The part of an outcome that one log of the escrow tells; nothing for logs of other events. */
export function decodeOutcome(contracts: AthanorContracts, log: Log): JobOutcome {
  const position = positionOf(log);
  const description = contracts.jobEscrow.interface.parseLog(log);
  switch (description?.name) {
    case "ResultSubmitted": {
      const { outputTokens, outputRoot, finalizableAt } =
        description.args as unknown as ResultSubmittedEvent.OutputObject;
      const tokens = tokensOf(outputTokens);
      return { submitted: { tokens, outputRoot, finalizableAt: Number(finalizableAt), position } };
    }
    case "JobFinalized": {
      const { earned, fee, refund, bounty, bountyRecipient } =
        description.args as unknown as JobFinalizedEvent.OutputObject;
      return { ended: { kind: "Finalized", earned, fee, refund, bounty, bountyRecipient, position } };
    }
    case "JobExpired": {
      const { refund, bounty, bountyRecipient } = description.args as unknown as JobExpiredEvent.OutputObject;
      return { ended: { kind: "Expired", refund, bounty, bountyRecipient, position } };
    }
    case "JobRefunded": {
      const { refund, bounty, bountyRecipient } =
        description.args as unknown as JobRefundedEvent.OutputObject;
      return { ended: { kind: "Refunded", refund, bounty, bountyRecipient, position } };
    }
    case "JobDeclined": {
      const { refund } = description.args as unknown as JobDeclinedEvent.OutputObject;
      return { ended: { kind: "Declined", refund, position } };
    }
    default:
      return {};
  }
}
