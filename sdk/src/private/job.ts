import { getBytes } from "ethers";
import type { JobRecord } from "../protocol/job.ts";
import type { EncryptionKey } from "./encryption-key.ts";
import { openRequest } from "./request.ts";
import { withRequest } from "./with-request.ts";

/** Where jobs are: parts of what their requests are sealed for. */
export interface JobPlace {
  readonly chainId: bigint;
  /** Address of the job escrow. */
  readonly escrow: string;
}

/**
 * A private job with the request that was sealed to one of the keys. A public job is returned as it is.
 *
 * @throws AthanorError `SealedRequestRefused` when it does not open, or is not the request that the job commits to
 */
export async function openJob(
  job: JobRecord,
  keys: readonly EncryptionKey[],
  { chainId, escrow }: JobPlace,
): Promise<JobRecord> {
  if (!job.hidden) return job;
  const { client, provider, salt } = job.terms;
  const binding = {
    kind: "job",
    chainId,
    escrow,
    provider,
    client,
    salt,
    inputRoot: job.terms.inputRoot,
  } as const;
  const { request } = await openRequest(getBytes(job.hidden.ciphertext), binding, keys);
  return withRequest(job, request);
}
