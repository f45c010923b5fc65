import { createTraceTree, type TraceTree } from "@athanor/engine/dispute";
import { keccak256 } from "ethers";
import { createContext, type ClientContext } from "../client/context.ts";
import { withStoredRequest } from "../client/job-records.ts";
import { athanorError } from "../errors/athanor-error.ts";
import type { ChallengeDelegation } from "../private/delegation.ts";
import { withRequest } from "../private/with-request.ts";
import type { JobRecord } from "../protocol/job.ts";
import type { Model, TraceRequest } from "./engine.ts";
import type { DisputesOptions } from "./types.ts";
import { Reveals } from "./reveals.ts";

/** What all verbs about disputes share. */
export interface DisputeContext extends ClientContext {
  readonly account: string;
  readonly options: DisputesOptions;
  readonly reveals: Reveals;
  /** Delegations to this account, by job. */
  readonly delegations: Map<string, ChallengeDelegation>;
  /** Trees of the jobs that were looked at, by id. */
  readonly trees: Map<string, Promise<Own>>;
}

/** A job as this program computes it. */
export interface Own {
  readonly model: Model;
  readonly request: TraceRequest;
  readonly tree: TraceTree;
}

/** Trees that are kept at a time. */
const MOST_TREES = 64;

export async function createDisputeContext(options: DisputesOptions): Promise<DisputeContext> {
  const context = await createContext(options);
  const account = context.account!;
  return {
    ...context,
    account,
    options,
    reveals: new Reveals(context),
    trees: new Map(),
    delegations: new Map(),
  };
}

/** A job with its request: that of a private one from whoever knows it. @throws AthanorError `RequestUnknown` */
export async function openedJob(context: DisputeContext, job: JobRecord): Promise<JobRecord> {
  const { privateJob } = context.options;
  if (!job.hidden || job.secret || !privateJob) return withStoredRequest(context, job);
  const known = await privateJob(job);
  if (!known) throw athanorError("RequestUnknown", { id: job.id });
  if (known.delegation) context.delegations.set(job.id, known.delegation);
  return withRequest(job, known.request);
}

/** @throws AthanorError `ModelUnavailable` */
export async function ownOf(context: DisputeContext, job: JobRecord): Promise<Own> {
  const { trees } = context;
  const known = trees.get(job.id);
  if (known) {
    // The one that was used last goes last.
    trees.delete(job.id);
    trees.set(job.id, known);
    return known;
  }
  const own = computeOwn(context, job);
  trees.set(job.id, own);
  if (trees.size > MOST_TREES) trees.delete(trees.keys().next().value!);
  own.catch(() => trees.delete(job.id));
  return own;
}

async function computeOwn({ options }: DisputeContext, job: JobRecord): Promise<Own> {
  const { modelRoot } = job.terms;
  const model = await options.model(modelRoot);
  if (!model) throw athanorError("ModelUnavailable", { model: modelRoot, id: job.id });
  const { promptTokens: prompt, generation, secret } = job;
  const request = { prompt, ...generation, ...(secret && { secret }) };
  const { executor, traceTree } = options;
  const tree = traceTree
    ? traceTree(model, request)
    : createTraceTree(model, request, executor ? { executor } : {});
  return { model, request, tree };
}

/** The salt of the signer's challenge of a job, the same every time; `attempt` counts those that came to nothing. */
export async function saltOf(
  { signer, chainId, contracts }: DisputeContext,
  jobId: string,
  attempt: number,
): Promise<string> {
  const { disputeGame } = contracts.deployment;
  const message = `Athanor: keep my challenge ${attempt} of the job ${jobId} secret (game ${disputeGame}, chain ${chainId}).`;
  return keccak256(await signer!.signMessage(message));
}
