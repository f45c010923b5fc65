import { inputRoot } from "@athanor/engine/commitments";
import { athanorError } from "../errors/athanor-error.ts";
import type { JobRecord } from "../protocol/job.ts";
import type { PrivateRequest } from "./request.ts";

/**
 * A private job with its request from another source, held against the job's commitment.
 *
 * @throws AthanorError `SealedRequestRefused`
 */
export function withRequest(job: JobRecord, { prompt, generation, secret }: PrivateRequest): JobRecord {
  const { promptTokens, inputRoot: expected } = job.terms;
  if (BigInt(prompt.length) !== promptTokens || inputRoot({ prompt, ...generation, secret }) !== expected) {
    throw athanorError("SealedRequestRefused", { details: "it is not the request that the job commits to" });
  }
  return { ...job, promptTokens: prompt, generation, secret };
}
