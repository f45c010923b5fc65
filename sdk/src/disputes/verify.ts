import { defaultExecutor } from "@athanor/engine/trace";
import type { DisputeContext } from "./context.ts";
import { firstDifference, type Dispute } from "./dispute.ts";
import type { Verification } from "./types.ts";

/** Recomputes the request behind a result and compares; hashes nothing but the two outputs' tokens. */
export async function verifyDispute(
  context: DisputeContext,
  { job, answer: submitted, own }: Dispute,
  signal?: AbortSignal,
): Promise<Verification> {
  const { executor = defaultExecutor } = context.options;
  const { tokens: expected } = await executor(own.model, { ...own.request, ...(signal && { signal }) });
  const difference = firstDifference(submitted, expected);
  return {
    jobId: job.id,
    honest: difference === undefined,
    submitted,
    expected,
    ...(difference !== undefined && { firstDifference: difference }),
  };
}
