import { createTraceTree, type TraceTree } from "@athanor/engine/dispute";
import { keccak256 } from "ethers";
import { createContext, type ClientContext } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import type { JobRecord } from "../protocol/job.ts";
import type { Model, TraceRequest } from "./engine.ts";
import type { DisputesOptions } from "./types.ts";
import { Reveals } from "./reveals.ts";

/** What all verbs about disputes share. */
export interface DisputeContext extends ClientContext {
  readonly account: string;
  readonly options: DisputesOptions;
  readonly reveals: Reveals;
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
const MOST_TREES = 16;

export async function createDisputeContext(options: DisputesOptions): Promise<DisputeContext> {
  const context = await createContext(options);
  const account = context.account!;
  return { ...context, account, options, reveals: new Reveals(context), trees: new Map() };
}

/** @throws AthanorError `ModelUnavailable` */
export async function ownOf(context: DisputeContext, job: JobRecord): Promise<Own> {
  const { trees } = context;
  const known = trees.get(job.id);
  if (known) return known;
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
  const request = { prompt: job.promptTokens, ...job.generation };
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
