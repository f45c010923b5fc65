import { checkGeneration } from "@athanor/engine/commitments";
import { describeError } from "../../errors.ts";
import type { StoredJob } from "../../storage/storage.ts";
import type { ProviderContext } from "../context.ts";
import type { JobRequest } from "../open-job.ts";

/**
 * What the chain could not check of a private request.
 *
 * @returns why it is refused, or undefined
 */
function privateRefusal({ generation }: JobRequest, vocabularySize: number): string | undefined {
  try {
    checkGeneration(generation, vocabularySize);
    return undefined;
  } catch (error) {
    const { code } = describeError(error);
    // Not the message: it would show a part of the request.
    return code === "TOKEN_OUT_OF_VOCABULARY"
      ? `a stop sequence has a token outside the vocabulary of ${vocabularySize}`
      : "a parameter of the generation is outside its range";
  }
}

/**
 * Why this worker cannot or will not answer a job, in words that its client may read; undefined if it will.
 *
 * @param request what the job asks for, held against its commitment
 * @param ahead jobs that will run before this one or are running
 */
export function refusalOf(
  context: ProviderContext,
  job: StoredJob,
  request: JobRequest,
  ahead: number,
): string | undefined {
  const { limits, models, time } = context;
  const { terms } = job;
  const { prompt, generation, secret } = request;
  const served = models.get(terms.modelRoot.toLowerCase());
  if (served === undefined) return `the model ${terms.modelRoot} is not served here any more`;
  const { maxTokens } = generation;
  const { vocabularySize, contextLength } = served.runner.commitment;
  if (prompt.length + maxTokens > contextLength) {
    return `prompt and output need ${prompt.length + maxTokens} positions, the model has ${contextLength}`;
  }
  const outside = prompt.find((token) => token >= vocabularySize);
  if (outside !== undefined) {
    const which = secret ? "a token" : `token ${outside}`;
    return `${which} is outside the vocabulary of ${vocabularySize}`;
  }
  const refused = secret && privateRefusal(request, vocabularySize);
  if (refused !== undefined) return refused;
  if (maxTokens > limits.maxTokensPerJob) {
    return `${maxTokens} tokens were asked for, this provider generates at most ${limits.maxTokensPerJob}`;
  }
  if (ahead >= limits.maxQueuedJobs + limits.maxConcurrentJobs) {
    return `the queue is full: ${limits.maxConcurrentJobs} jobs run, ${limits.maxQueuedJobs} wait`;
  }
  const left = Number(terms.submitDeadline) - time.now();
  const needed = Math.ceil(secondsFor(context, job)) + limits.minimumSecondsLeft;
  if (left < needed) return `${left} seconds are left, ${needed} are needed`;
  return undefined;
}

/** Seconds that the rest of a job takes at worst, beside as many others as may run at once. */
function secondsFor({ models, limits, running }: ProviderContext, job: StoredJob): number {
  const speed = models.get(job.terms.modelRoot.toLowerCase())!.positionsPerSecond;
  const positions = Number(job.terms.promptTokens) + Number(job.terms.maxTokens);
  return (positions / speed) * Math.min(limits.maxConcurrentJobs, running.size + 1);
}
