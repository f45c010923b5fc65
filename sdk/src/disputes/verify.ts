import { defaultExecutor, traceRequest } from "@athanor/engine/trace";
import type { DisputeContext } from "./context.ts";
import { firstDifference, type Dispute } from "./dispute.ts";
import type { Recomputation, Verification } from "./types.ts";

/** Recomputes the request behind a result and compares; hashes nothing but the two outputs' tokens. */
export async function verifyDispute(
  context: DisputeContext,
  dispute: Dispute,
  signal?: AbortSignal,
): Promise<Verification> {
  const { executor = defaultExecutor } = context.options;
  const { model, request } = dispute.own;
  const { tokens } = await executor(model, { ...request, ...(signal && { signal }) });
  return compare(dispute, tokens);
}

/** The same, and hashes the trace. */
export async function recomputeDispute(
  context: DisputeContext,
  dispute: Dispute,
  signal?: AbortSignal,
): Promise<Recomputation> {
  const { executor } = context.options;
  const { model, request } = dispute.own;
  const options = { ...(executor && { executor }), ...(signal && { signal }) };
  const { tokens, positionsRoot } = await traceRequest(model, request, options);
  return { ...compare(dispute, tokens), positionsRoot };
}

function compare({ job, answer: submitted }: Dispute, expected: readonly number[]): Verification {
  const difference = firstDifference(submitted, expected);
  return {
    jobId: job.id,
    honest: difference === undefined,
    submitted,
    expected,
    ...(difference !== undefined && { firstDifference: difference }),
  };
}
