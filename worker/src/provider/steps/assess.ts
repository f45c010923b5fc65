import { inputRoot } from "@athanor/engine/commitments";
import type { StoredJob } from "../../storage/storage.ts";
import type { ProviderContext } from "../context.ts";

/**
 * Why this worker cannot or will not answer a job, in words that its client may read; undefined if it will.
 *
 * @param ahead jobs that will run before this one or are running
 */
export function refusalOf(context: ProviderContext, job: StoredJob, ahead: number): string | undefined {
  const { limits, models, time } = context;
  const { terms, prompt, generation } = job;
  const served = models.get(terms.modelRoot.toLowerCase());
  if (served === undefined) return `the model ${terms.modelRoot} is not served here any more`;
  const { maxTokens } = generation;
  const { vocabularySize, contextLength } = served.runner.commitment;
  if (
    prompt.length !== Number(terms.promptTokens) ||
    inputRoot({ prompt, ...generation }) !== terms.inputRoot
  ) {
    return "the prompt does not match the commitment of the request";
  }
  if (prompt.length + maxTokens > contextLength) {
    return `prompt and output need ${prompt.length + maxTokens} positions, the model has ${contextLength}`;
  }
  const outside = prompt.find((token) => token >= vocabularySize);
  if (outside !== undefined) return `token ${outside} is outside the vocabulary of ${vocabularySize}`;
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
  const positions = job.prompt.length + Number(job.terms.maxTokens);
  return (positions / speed) * Math.min(limits.maxConcurrentJobs, running.size + 1);
}
