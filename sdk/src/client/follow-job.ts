import { tokensRoot } from "@athanor/engine/commitments";
import { AthanorError, athanorError } from "../errors/athanor-error.ts";
import { ProviderFailedError } from "../errors/provider-failed-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { sleep } from "../internal/abort.ts";
import type { JobRecord, JobTerms } from "../protocol/job.ts";
import type { JobStatusName } from "../protocol/job-state.ts";
import { answerOf, type JobOutcome, type SubmittedResult } from "../protocol/read-outcome.ts";
import type { FundingStep } from "../transactions/fund.ts";
import { sendTransaction } from "../transactions/send.ts";
import { buildReceipt } from "./build-receipt.ts";
import { sendOptions, tokenizerOf, type ClientContext } from "./context.ts";
import { textOf } from "./generation.ts";
import { confirmedBlock, findOutcome, jobInReceipt, readState, withStoredRequest } from "./job-records.ts";
import type { FollowOptions, InferenceResult, Progress } from "./types.ts";

/** Seconds that others get to finalise a result before the client does it and takes the bounty. */
const FINALIZE_GRACE = 60;

/** Somebody else was faster, or the next block is not there yet: looking again tells. */
const resolvedByLooking = new Set([
  "ChallengeWindowOpen",
  "ChallengesAlive",
  "JobNotOpen",
  "JobNotSubmitted",
  "NotExpired",
  "UnknownJob",
]);

/**
 * Follows a job to its result, and on request to its payment. Takes the exits that nobody else takes: expires the job when the
 * provider missed its deadline, finalises a result whose window is over, refunds it if the provider was convicted meanwhile.
 *
 * @throws ProviderFailedError when there is no result; the escrow is refunded then
 */
export async function followJob(
  context: ClientContext,
  created: JobRecord,
  options: FollowOptions,
  funding: readonly FundingStep[] = [],
): Promise<InferenceResult> {
  // Before waiting: without its request the answer of a private job could not be read.
  const opened = await withStoredRequest(context, created);
  const { record, outcome } = await awaitEnd(context, opened, options, "result");
  if (!outcome.submitted || outcome.ended?.kind === "Refunded") {
    throw await failureOf(context, record, outcome, funding);
  }
  const tokenizer = await tokenizerOf(context, record.terms.modelRoot, options.signal);
  const answer = answerOf(record, outcome.submitted);
  const text = textOf(tokenizer, answer, record.generation);
  options.onProgress?.(submittedProgress(record, outcome.submitted, text));
  if (options.waitFor !== "finalized") return resultOf(context, record, outcome, text, funding);

  const final = await awaitEnd(context, record, options, "payment");
  if (final.outcome.ended!.kind === "Refunded") {
    throw await failureOf(context, final.record, final.outcome, funding);
  }
  const transactionHash = final.outcome.ended!.position.transactionHash;
  options.onProgress?.({ stage: "finalized", jobId: final.record.id, transactionHash });
  return resultOf(context, final.record, final.outcome, text, funding);
}

async function failureOf(
  context: ClientContext,
  record: JobRecord,
  outcome: JobOutcome,
  funding: readonly FundingStep[],
): Promise<ProviderFailedError> {
  const codes = { Declined: "ProviderDeclined", Refunded: "ProviderConvicted" } as const;
  const kind = outcome.ended?.kind;
  const code = kind === "Declined" || kind === "Refunded" ? codes[kind] : "ProviderDidNotAnswer";
  return new ProviderFailedError(code, record, await buildReceipt(context, record, outcome, funding));
}

interface Followed {
  readonly record: JobRecord;
  readonly outcome: JobOutcome;
}

async function awaitEnd(
  context: ClientContext,
  created: JobRecord,
  options: FollowOptions,
  awaited: "result" | "payment",
): Promise<Followed> {
  const { reader } = context;
  const { signal } = options;
  let record = created;
  let until: number | undefined;
  for (let waited = false; ;) {
    const block = await confirmedBlock(context, signal);
    const { status } = await readState(context, record.id, block);
    if (isReached(status, awaited)) {
      const outcome = await findOutcome(context, record, block);
      // Some nodes answer calls from a block later than the one asked for. Its events are there when we look again.
      if (status === "Submitted" ? outcome.submitted : outcome.ended) return { record, outcome };
    }
    if (status === "None") {
      const repeated = await repeatedCreation(context, record);
      if (repeated) record = await withStoredRequest(context, repeated);
    }

    const chainTime = await reader.time(signal);
    const due = await dueTime(context, record, status, block);
    if (awaited === "result" && !waited) {
      options.onProgress?.({ stage: "waiting", jobId: record.id, submitDeadline: due, chainTime });
      waited = true;
    }
    until ??= Date.now() + Math.max(0, due - chainTime) * 1000 + context.transactionTimeout;
    if (Date.now() > until) {
      throw status === "None"
        ? athanorError("JobReorganized", { id: record.id })
        : athanorError("WaitTimeout", {
            id: record.id,
            awaited: awaited === "result" ? "answered" : "final",
          });
    }
    const overdue = chainTime > due && status !== "None" && context.signer !== undefined;
    // Having tried, look at once; having failed for lack of a block, wait for it.
    if (overdue && (await takeExit(context, record, status, options))) continue;
    await sleep(reader.options.pollInterval, signal);
  }
}

function isReached(status: JobStatusName, awaited: "result" | "payment"): boolean {
  return status !== "None" && status !== "Created" && (awaited === "result" || status !== "Submitted");
}

/** When, in chain time, it is the client's turn to act. */
async function dueTime(
  context: ClientContext,
  record: JobRecord,
  status: JobStatusName,
  block: number,
): Promise<number> {
  if (status !== "Submitted") return Number(record.terms.submitDeadline);
  const { submittedAt } = await readState(context, record.id, block);
  return submittedAt + Number(record.terms.challengeWindow) + FINALIZE_GRACE;
}

/** After a reorganisation the same transaction may create the job again, in another block and so with another id. */
async function repeatedCreation(context: ClientContext, record: JobRecord): Promise<JobRecord | undefined> {
  const receipt = await context.reader.receipt(record.created.transactionHash);
  return receipt ? jobInReceipt(context, receipt) : undefined;
}

/** @returns whether the exit was taken */
async function takeExit(
  context: ClientContext,
  record: JobRecord,
  status: JobStatusName,
  { onProgress, signal }: FollowOptions,
): Promise<boolean> {
  const stage = status === "Created" ? "refunding" : "finalizing";
  const onSent = (transactionHash: string) => onProgress?.({ stage, transactionHash });
  try {
    await (status === "Created" ? refundJob : finalizeOrRefundJob)(context, record, { onSent, signal });
    return true;
  } catch (error) {
    if (error instanceof AthanorError && resolvedByLooking.has(error.code)) return false;
    throw error;
  }
}

interface ExitOptions {
  readonly onSent?: ((hash: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Ends a job that nobody answered in time, or whose provider was convicted; escrow and bounty come back to a client that does this
 * itself.
 */
export async function refundJob(
  context: ClientContext,
  { terms }: JobRecord,
  options: ExitOptions = {},
): Promise<void> {
  const { jobEscrow, vault } = context.contracts;
  const exit = (await vault.isJailed(terms.provider)) ? "refund" : "expire";
  const recipient = bountyRecipient(context, terms);
  const data =
    exit === "refund"
      ? jobEscrow.interface.encodeFunctionData("refund", [terms, recipient])
      : jobEscrow.interface.encodeFunctionData("expire", [terms, recipient]);
  await sendToEscrow(context, data, "refund a job", options);
}

async function finalizeOrRefundJob(
  context: ClientContext,
  record: JobRecord,
  options: ExitOptions,
): Promise<void> {
  try {
    await finalizeJob(context, record, options);
  } catch (error) {
    if (!(error instanceof AthanorError) || error.code !== "ProviderJailed") throw error;
    await refundJob(context, record, options);
  }
}

/** Pays for a result whose window is over, and takes the bounty. */
export async function finalizeJob(
  context: ClientContext,
  record: JobRecord,
  options: ExitOptions = {},
): Promise<void> {
  const { jobEscrow } = context.contracts;
  const { submitted } = await findOutcome(context, record, await context.reader.blockNumber());
  const tokens = submitted?.tokens ?? [];
  const output = { count: tokens.length, tokensRoot: tokensRoot(tokens) };
  const data = jobEscrow.interface.encodeFunctionData("finalize", [
    record.terms,
    output,
    bountyRecipient(context, record.terms),
  ]);
  await sendToEscrow(context, data, "finalise a job", options);
}

/** Who sends the transaction pays its gas, and so takes the bounty. */
function bountyRecipient({ account }: ClientContext, terms: JobTerms): string {
  return account ?? terms.client;
}

async function sendToEscrow(
  context: ClientContext,
  data: string,
  action: string,
  options: ExitOptions,
): Promise<void> {
  const to = context.contracts.deployment.jobEscrow;
  const sending = { ...sendOptions(context, action), ...options };
  try {
    await context.sending.run(() => sendTransaction({ to, data }, sending));
  } catch (error) {
    throw toAthanorError(error, sending.context);
  }
}

async function resultOf(
  context: ClientContext,
  record: JobRecord,
  outcome: JobOutcome,
  text: string,
  funding: readonly FundingStep[],
): Promise<InferenceResult> {
  const { finalizableAt } = outcome.submitted!;
  return {
    text,
    tokens: answerOf(record, outcome.submitted!),
    job: { id: record.id, terms: record.terms },
    generation: record.generation,
    receipt: await buildReceipt(context, record, outcome, funding),
    status: outcome.ended ? "Finalized" : "Submitted",
    finalizableAt,
    private: record.hidden !== undefined,
  };
}

function submittedProgress({ id: jobId }: JobRecord, result: SubmittedResult, text: string): Progress {
  const { finalizableAt, position } = result;
  return { stage: "submitted", jobId, transactionHash: position.transactionHash, text, finalizableAt };
}
