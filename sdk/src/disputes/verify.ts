import { defaultExecutor } from "@athanor/engine/trace";
import type { JobRecord } from "../protocol/job.ts";
import type { DisputeContext } from "./context.ts";
import { disputeOf, firstDifference } from "./dispute.ts";
import type { Verification } from "./types.ts";

/** Recomputes a job's request and compares; hashes nothing but the two outputs' tokens. */
export async function verifyJob(
  context: DisputeContext,
  job: JobRecord,
  signal?: AbortSignal,
): Promise<Verification> {
  const { answer: submitted, own } = await disputeOf(context, job, signal);
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
