import { encodePrivateGeneration, inputRoot, outputRoot } from "@athanor/engine/commitments";
import { solidityPackedKeccak256, type TransactionReceipt } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { withRequest } from "../private/with-request.ts";
import { jobIdOf, type HiddenRequest, type JobRecord } from "../protocol/job.ts";
import { decodeJobState, type JobState } from "../protocol/job-state.ts";
import { decodeJob, readJobs } from "../protocol/read-jobs.ts";
import { readOutcome, type JobOutcome } from "../protocol/read-outcome.ts";
import { sameAddress, type ClientContext } from "./context.ts";

/** The first byte of what a request's commitment hashes; docs/engine.md, section 3. */
const INPUT_TAG = 4;

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
  const { interface: escrow } = contracts.jobEscrow;
  const created = [escrow.getEvent("JobCreated").topicHash, escrow.getEvent("PrivateJobCreated").topicHash];
  const log = receipt.logs.find(
    ({ address, topics }) =>
      created.includes(topics[0]!) && sameAddress(address, contracts.deployment.jobEscrow),
  );
  return log && verifyRecord(context, decodeJob(contracts, log));
}

/** Terms hash to the id, and the prompt to the terms: a node that lies about either is caught. */
export function verifyRecord({ contracts, chainId }: ClientContext, record: JobRecord): JobRecord {
  const { id, terms, promptTokens, generation } = record;
  if (jobIdOf(terms, chainId, contracts.deployment.jobEscrow) !== id) {
    throw athanorError("JobRecordInvalid", { id, details: "the terms are not those of this id." });
  }
  const root =
    record.hidden && !record.secret
      ? hiddenRoot(record, record.hidden)
      : inputRoot({ prompt: promptTokens, ...generation, ...(record.secret && { secret: record.secret }) });
  if (root !== terms.inputRoot) {
    throw athanorError("JobRecordInvalid", {
      id,
      details: "the prompt or the parameters are not those committed to.",
    });
  }
  return record;
}

/** The commitment of a private request, from what stands on chain of it. */
function hiddenRoot({ terms, generation }: JobRecord, { promptRoot, stopsHash }: HiddenRequest): string {
  const word = encodePrivateGeneration(generation);
  return solidityPackedKeccak256(
    ["uint8", "uint32", "uint32", "uint64", "bytes32", "bytes32", "bytes32"],
    [INPUT_TAG, terms.promptTokens, 0, generation.seed, word, stopsHash, promptRoot],
  );
}

/**
 * The job with its request: that of a private one from the client's store.
 *
 * @throws AthanorError `RequestUnknown` when the store does not have it, `StoredRequestUnreadable`
 */
export async function withStoredRequest(context: ClientContext, job: JobRecord): Promise<JobRecord> {
  if (!job.hidden || job.secret) return job;
  const stored = await context.requestStore?.get(job.terms.inputRoot);
  if (!stored) throw athanorError("RequestUnknown", { id: job.id });
  const { decodeRequest } = await import("../private/request.ts");
  return withRequest(job, decodeRequest(stored));
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
