import { ProviderFailedError, type InferenceResult } from "@athanor/sdk";
import { jobSalt } from "@athanor/sdk/checkers";
import {
  costOf,
  decodeJobState,
  readJobs,
  type AthanorContracts,
  type JobTerms,
} from "@athanor/sdk/protocol";
import type { Answered } from "./by-channel.ts";
import type { Clients } from "./clients.ts";
import type { PricedQuestion } from "./cost.ts";
import type { BuyerOptions, Target } from "./options.ts";
import type { Plan, StoredRequest } from "./store.ts";
import type { Turns } from "./turns.ts";

/** Salts that there are for the jobs of one epoch and provider. */
const MOST_JOBS = 64;

/** The index of the next job: one above all that may have been sent. Undefined when none is left. */
export function nextIndex(requests: readonly StoredRequest[]): number | undefined {
  const sent = requests.filter(
    ({ by, state, jobId }) => by === "job" && (state !== "void" || jobId !== null),
  );
  const next = Math.max(-1, ...sent.map(({ mark }) => mark)) + 1;
  return next < MOST_JOBS ? next : undefined;
}

/**
 * Sends a job and waits until its result is on chain, or its time is over; then it is refunded. The clock runs from when the
 * transaction leaves: a node that shows it late would otherwise make the provider look fast.
 *
 * @param index which of the salts it has
 * @throws AthanorError
 */
export async function askByJob(
  clients: Clients,
  { answerSeconds, signal }: BuyerOptions,
  turns: Turns,
  target: Target,
  plan: Plan,
  { question, limit }: PricedQuestion,
  index: number,
  onCreated: (jobId: string) => void,
): Promise<Answered & { readonly duration: number; readonly positions: number }> {
  const { provider, model, token, account } = plan;
  const client = await clients.ofAccount(account);
  let sentAt = 0;
  let result: Promise<InferenceResult> | undefined;
  let answeredAt = 0;
  // One transaction of an account after another; nobody waits for the answer.
  await turns.run(account, () => {
    return new Promise<void>((created) => {
      result = client.infer({
        ...{ ...question, provider, model, token, signal, maxPrice: limit, deadlineSeconds: answerSeconds },
        salt: jobSalt({ ...target, index }),
        onProgress(progress) {
          if (progress.stage === "creating") sentAt = performance.now();
          else if (progress.stage === "created") {
            onCreated(progress.jobId);
            created();
          } else if (progress.stage === "submitted") answeredAt = performance.now();
        },
      });
      result.then(
        () => created(),
        () => created(),
      );
    });
  });
  const { job, tokens } = await result!;
  const duration = answeredAt - sentAt;
  const positions = Number(job.terms.promptTokens) + tokens.length;
  const done = await answeredJob(client.contracts, plan, job.id, job.terms, tokens.length);
  return { ...done, duration, positions };
}

/** What a job cost that came to nothing, token units: the bounty, if somebody else ended it. */
export function lostWith(error: unknown): bigint {
  if (!(error instanceof ProviderFailedError)) return 0n;
  const { terms } = error.job;
  const { refund, bounty, bountyRecipient } = error.receipt.payment;
  const escrowed = costOf(terms, Number(terms.promptTokens), Number(terms.maxTokens)) + terms.exitBounty;
  return escrowed - refund - (bountyRecipient === terms.client ? bounty : 0n);
}

/**
 * Finds out what became of a job that this process, or the one before, lost sight of; waits for its result, or refunds it when its time is over.
 *
 * @returns undefined when it never came to be
 * @throws AthanorError `ProviderDidNotAnswer`, `ProviderDeclined` and what else `resume` throws
 */
export async function recoverJob(
  clients: Clients,
  { signal }: BuyerOptions,
  target: Target,
  plan: Plan,
  { jobId, block, mark }: { readonly jobId: string | null; readonly block: number; readonly mark: number },
  onCreated: (jobId: string) => void,
): Promise<Answered | undefined> {
  const { account, provider } = plan;
  const client = await clients.ofAccount(account);
  let id = jobId;
  if (id === null) {
    const head = await client.contracts.jobEscrow.runner!.provider!.getBlockNumber();
    const salt = jobSalt({ ...target, index: mark });
    const jobs = await readJobs(
      client.contracts,
      { client: account, provider },
      block,
      head,
      signal && { signal },
    );
    id = jobs.find(({ terms }) => terms.salt === salt)?.id ?? null;
    if (id === null) return undefined;
    onCreated(id);
  }
  const { job, tokens } = await client.resume(id, { fromBlock: block, signal });
  return answeredJob(client.contracts, plan, job.id, job.terms, tokens.length);
}

async function answeredJob(
  { jobEscrow }: AthanorContracts,
  { account }: Plan,
  jobId: string,
  terms: JobTerms,
  tokens: number,
): Promise<Answered> {
  const { submittedAt } = decodeJobState(await jobEscrow.jobState(jobId));
  return {
    timing: undefined,
    // Whoever ends the job takes the bounty.
    cost: costOf(terms, Number(terms.promptTokens), tokens) + terms.exitBounty,
    shown: { kind: "job", terms, submittedAt },
    bought: { kind: "job", account, jobId },
  };
}
