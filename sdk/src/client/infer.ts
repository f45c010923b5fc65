import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { sleep, throwIfAborted } from "../internal/abort.ts";
import type { JobRecord } from "../protocol/job.ts";
import { readJobs } from "../protocol/read-jobs.ts";
import { fund, readFunds, shortageOf, type FundingStep } from "../transactions/fund.ts";
import { ETHERS_CACHE_TIME, sendTransaction } from "../transactions/send.ts";
import { sendOptions, tokenizerOf, type ClientContext } from "./context.ts";
import { followJob } from "./follow-job.ts";
import { jobInReceipt } from "./job-records.ts";
import { prepare, type PreparedRequest } from "./quote.ts";
import type { InferenceResult, InferRequest } from "./types.ts";

/** Looks at the chain for a job whose transaction got lost from sight. */
const LOOKS_FOR_LOST_JOB = 5;

/** Sends a request and follows it; see `AthanorClient.infer`. */
export async function infer(context: ClientContext, request: InferRequest): Promise<InferenceResult> {
  const { maxPrice, onProgress, signal } = request;
  sendOptions(context, "send a request");
  if (request.private && !context.requestStore) throw athanorError("RequestStoreMissing", {});
  const prepared = await prepare(context, request, maxPrice);
  // Before anything is paid: without it the answer could not be read.
  await tokenizerOf(context, request.model, signal);
  onProgress?.({ stage: "quoted", quote: prepared.quote });

  const { record, funding } = await context.sending.run(async () => {
    throwIfAborted(signal);
    const funding = await fundAccount(context, prepared, request);
    throwIfAborted(signal);
    return { funding, record: await createJob(context, prepared, request) };
  });
  onProgress?.({ stage: "created", jobId: record.id, transactionHash: record.created.transactionHash });
  return followJob(context, record, request, funding);
}

async function fundAccount(
  context: ClientContext,
  { quote }: PreparedRequest,
  { onProgress, signal }: InferRequest,
): Promise<FundingStep[]> {
  const { contracts, moduleBit, account } = context;
  const funds = await readFunds(contracts, moduleBit, quote.token, account!);
  const shortage = shortageOf(funds, quote.escrow);
  const options = { ...sendOptions(context, "send a request"), signal };
  return fund(contracts, moduleBit, funds, shortage, {
    ...options,
    onSent: (transactionHash) => onProgress?.({ stage: "funding", transactionHash }),
  });
}

async function createJob(
  context: ClientContext,
  { request, hidden, errorContext }: PreparedRequest,
  { onProgress, signal }: InferRequest,
): Promise<JobRecord> {
  const { jobEscrow, deployment } = context.contracts;
  const data = hidden
    ? jobEscrow.interface.encodeFunctionData("createPrivate", [request, hidden.onChain])
    : jobEscrow.interface.encodeFunctionData("create", [request]);
  // What is paid for must be readable after a crash: the request is stored before anything is sent.
  if (hidden) await context.requestStore!.put(hidden.inputRoot, hidden.stored);
  const sentAfter = await context.reader.blockNumber(signal);
  try {
    const receipt = await sendTransaction(
      { to: deployment.jobEscrow, data },
      {
        ...sendOptions(context, "send a request"),
        context: errorContext,
        signal,
        onSent: (transactionHash) => onProgress?.({ stage: "creating", transactionHash }),
      },
    );
    const record = jobInReceipt(context, receipt);
    if (record) return record;
    throw athanorError("RpcInvalidResponse", {
      details: `the receipt ${receipt.hash} lacks the event JobCreated.`,
    });
  } catch (error) {
    const { code } = toAthanorError(error);
    const lost = code === "TransactionReplaced" || code === "TransactionUncertain";
    const record = lost ? await findLostJob(context, BigInt(request.salt), sentAfter, signal) : undefined;
    if (!record) throw error;
    return record;
  }
}

/** A transaction that was sped up in the wallet, or sent by a node that failed afterwards, has still created our job: its salt tells. */
async function findLostJob(
  context: ClientContext,
  salt: bigint,
  sentAfter: number,
  signal: AbortSignal | undefined,
): Promise<JobRecord | undefined> {
  const { contracts, reader, account } = context;
  for (let look = 0; look < LOOKS_FOR_LOST_JOB; look++) {
    await sleep(Math.max(reader.options.pollInterval, ETHERS_CACHE_TIME), signal);
    const toBlock = await reader.blockNumber(signal);
    const jobs = await readJobs(contracts, { client: account }, sentAfter, toBlock, { signal });
    const found = jobs.find(({ terms }) => terms.salt === salt);
    if (found) return found;
  }
  return undefined;
}
