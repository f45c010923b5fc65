import { readJobs, readOutcome, type Generation, type JobTerms } from "@athanor/sdk/protocol";
import { describeError } from "../errors.ts";
import { fromJson, toJson } from "../jobs/json.ts";
import type { ProviderContext } from "../provider/context.ts";
import type { StoredJob } from "../storage/storage.ts";

/** Jobs that are moved in one go. */
const BATCH = 16;

/** What is kept of a job: all that it takes to compute it again, and what was answered. */
interface JobContent {
  readonly id: string;
  readonly terms: JobTerms;
  readonly generation: Generation;
  readonly prompt: readonly number[];
  readonly tokens: readonly number[];
}

type Context = Pick<ProviderContext, "archive" | "chain" | "log" | "storage">;

/** Moves prompts and answers of results that are on chain out of the database; they do not change any more. */
export async function moveJobContents({ archive, storage }: Context): Promise<void> {
  for (const job of storage.jobsToMove(BATCH)) {
    const { id, terms, generation, prompt, tokens } = job;
    const content: JobContent = { id, terms, generation, prompt, tokens };
    await archive.keep(id, new TextEncoder().encode(toJson(content)), null, () => {
      // A reorganisation may have brought it back to work meanwhile, or given it another answer.
      const now = storage.job(id);
      const isSame =
        now?.tokens.length === tokens.length && tokens.every((token, at) => now.tokens[at] === token);
      if (isSame && ["submitted", "collecting"].includes(now.state)) {
        storage.changeJob(id, { prompt: [], tokens: [] });
      }
    });
  }
}

/**
 * The job with its prompt, and its answer if it has one, wherever they are: in the database while it is worked on, then in the content
 * store. What the store has lost, or does not give now, the chain has.
 */
export async function withContent(context: Context, job: StoredJob): Promise<StoredJob> {
  // No prompt is empty, but that of a private job, which the database has as it stands on chain.
  if (job.prompt.length > 0 || job.hidden !== null) return job;
  try {
    const bytes = await context.archive.read(job.id);
    if (bytes !== undefined) {
      const { prompt, tokens } = fromJson(new TextDecoder().decode(bytes)) as JobContent;
      return { ...job, prompt, tokens };
    }
  } catch (error) {
    context.log.emit("warn", "content.failed", {
      jobId: job.id,
      ...describeError(error),
    });
  }
  return readFromChain(context, job);
}

async function readFromChain({ chain, storage }: Context, job: StoredJob): Promise<StoredJob> {
  const last = storage.cursor()?.number ?? 0;
  const first = Math.min(job.createdBlock, last);
  const [record] = await readJobs(chain.contracts, { id: job.id }, first, last);
  const { submitted } = await readOutcome(chain.contracts, job.id, first, last);
  if (record === undefined) throw new RangeError(`the chain shows no creation of job ${job.id}`);
  const tokens = submitted?.tokens ?? [];
  return {
    ...job,
    prompt: record.promptTokens,
    tokens,
    complete: submitted !== undefined,
  };
}
