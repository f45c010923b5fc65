import { inputRoot, outputRoot } from "@athanor/engine/commitments";
import type { TransactionReceipt } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { jobIdOf, type JobRecord } from "../protocol/job.ts";
import { decodeJobState, type JobState } from "../protocol/job-state.ts";
import { decodeJob, readJobs } from "../protocol/read-jobs.ts";
import { readOutcome, type JobOutcome } from "../protocol/read-outcome.ts";
import { sameAddress, type ClientContext } from "./context.ts";

/** The job with an id, from the event of its creation. @throws AthanorError `JobNotFound`, `JobRecordInvalid` */
export async function findJob(
  context: ClientContext,
  id: string,
  options: { readonly fromBlock?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<JobRecord> {
  const { contracts, reader, chainId } = context;
  const fromBlock = options.fromBlock ?? contracts.deployment.startBlock ?? 0;
  const toBlock = await reader.blockNumber(options.signal);
  const [record] = await readJobs(contracts, { id }, fromBlock, toBlock, { signal: options.signal });
  if (!record) throw athanorError("JobNotFound", { id, chainId, fromBlock });
  return verifyRecord(context, record);
}

/** The job of this client that a transaction created. */
export function jobInReceipt(context: ClientContext, receipt: TransactionReceipt): JobRecord | undefined {
  const { contracts } = context;
  const topic = contracts.jobEscrow.interface.getEvent("JobCreated").topicHash;
  const log = receipt.logs.find(
    ({ address, topics }) => topics[0] === topic && sameAddress(address, contracts.deployment.jobEscrow),
  );
  return log && verifyRecord(context, decodeJob(contracts, log));
}

/** Terms hash to the id, and the prompt to the terms: a node that lies about either is caught. */
export function verifyRecord({ contracts, chainId }: ClientContext, record: JobRecord): JobRecord {
  const { id, terms, promptTokens, generation } = record;
  if (jobIdOf(terms, chainId, contracts.deployment.jobEscrow) !== id) {
    throw athanorError("JobRecordInvalid", { id, details: "the terms are not those of this id." });
  }
  const root = inputRoot({ prompt: promptTokens, ...generation });
  if (root !== terms.inputRoot) {
    throw athanorError("JobRecordInvalid", {
      id,
      details: "the prompt or the parameters are not those committed to.",
    });
  }
  return record;
}

/** The state of a job as of a block. */
export async function readState({ contracts }: ClientContext, id: string, block: number): Promise<JobState> {
  return decodeJobState(await contracts.jobEscrow.jobState(id, { blockTag: block }));
}

/** Newest block that is deep enough to count. */
export async function confirmedBlock(context: ClientContext, signal?: AbortSignal): Promise<number> {
  return Math.max(0, (await context.reader.blockNumber(signal)) - context.confirmations + 1);
}

/**
 * What became of a job up to a block; a result is checked against its commitment.
 *
 * @throws AthanorError `OutputRootMismatch` when the node reports other tokens than those that were submitted
 */
export async function findOutcome(
  context: ClientContext,
  record: JobRecord,
  toBlock: number,
): Promise<JobOutcome> {
  const outcome = await readOutcome(context.contracts, record.id, record.created.block, toBlock);
  if (outcome.submitted) {
    const { tokens, outputRoot: expected } = outcome.submitted;
    const found = outputRoot(tokens, true);
    if (found !== expected) throw athanorError("OutputRootMismatch", { id: record.id, found, expected });
  }
  return outcome;
}
