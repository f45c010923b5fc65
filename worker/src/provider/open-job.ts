import { inputRoot } from "@athanor/engine/commitments";
import type { Generation } from "@athanor/sdk/protocol";
import { openJob as openSealed } from "@athanor/sdk/private";
import { describeError } from "../errors.ts";
import type { StoredJob } from "../storage/storage.ts";
import type { ProviderContext } from "./context.ts";

/** What a job asks for, or why that cannot be known. */
export type OpenedJob = JobRequest | { readonly refusal: string };

export interface JobRequest {
  readonly prompt: readonly number[];
  readonly generation: Generation;
  /** Of a private job. */
  readonly secret?: Uint8Array | undefined;
}

/** The request of a job, held against its commitment; that of a private one is opened, and kept in memory until the job moves on. */
export async function openJob(context: ProviderContext, job: StoredJob): Promise<OpenedJob> {
  const { prompt, generation, hidden } = job;
  if (hidden === null) return matches(job, { prompt, generation }) ? { prompt, generation } : mismatch;
  const known = context.opened.get(job.id);
  if (known) return known;
  const opened = await openPrivate(context, job);
  context.opened.set(job.id, opened);
  return opened;
}

async function openPrivate(context: ProviderContext, job: StoredJob): Promise<OpenedJob> {
  const { chain, encryptionKeys } = context;
  const place = { chainId: chain.chainId, escrow: chain.contracts.deployment.jobEscrow };
  const { id, terms, generation, hidden } = job;
  try {
    const record = { id, terms, generation, promptTokens: [], hidden: hidden!, created: nowhere };
    const opened = await openSealed(record, encryptionKeys, place);
    return { prompt: opened.promptTokens, generation: opened.generation, secret: opened.secret };
  } catch (error) {
    // What is wrong with it, never what is in it.
    const { code, message } = describeError(error);
    return { refusal: code === "SealedRequestRefused" ? message : `the request cannot be opened: ${code}` };
  }
}

const mismatch = { refusal: "the prompt does not match the commitment of the request" };
/** Opening does not ask where a job's event stands. */
const nowhere = { block: 0, blockHash: "", transactionHash: "", logIndex: 0 };

function matches({ terms }: StoredJob, { prompt, generation }: JobRequest): boolean {
  return (
    prompt.length === Number(terms.promptTokens) && inputRoot({ prompt, ...generation }) === terms.inputRoot
  );
}
