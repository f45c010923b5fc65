import { decodeTokens, encryptTokens } from "@athanor/engine/commitments";
import { describeError } from "../../errors.ts";
import type { StoredJob } from "../../storage/storage.ts";
import type { ProviderContext, ServedModel } from "../context.ts";
import { moveJob } from "../move-job.ts";
import { openJob, type JobRequest } from "../open-job.ts";
import { decline } from "./decline.ts";
import { isPastDeadline, markLate } from "./late.ts";
import { refusalOf } from "./assess.ts";

/** A progress event every so many tokens, but not more often than this in milliseconds. */
const TOKENS_PER_EVENT = 4;
const EVENT_INTERVAL = 50;
/** Milliseconds between writes of the tokens so far: what a crash makes us compute again. */
const CHECKPOINT_INTERVAL = 500;
/** Generations of one job that may fail before it is given back. */
const MAXIMUM_FAILURES = 3;
const RETRY_AFTER = 2_000;

/** running: starts the generation if it is not in progress, as after a restart; stops it when it has become useless. */
export async function continueRunning(context: ProviderContext, job: StoredJob): Promise<void> {
  if (isPastDeadline(context, job)) return markLate(context, job, "it was not finished in time");
  if (context.running.has(job.id)) return;
  // After a restart the configuration, or the time that is left, may be another one.
  const request = await openJob(context, job);
  const refusal = "refusal" in request ? request.refusal : refusalOf(context, job, request, 0);
  if (refusal !== undefined) return decline(context, job, refusal);
  if (isRoomForJob(context)) compute(context, job, request as JobRequest);
}

/** Whether another job may begin: a place is free, and no exam has the hardware. */
export function isRoomForJob({ running, limits, desk }: ProviderContext): boolean {
  return running.size < limits.maxConcurrentJobs && (desk === null || desk.gate.isOpen);
}

/** Generates in the background; the main loop goes on and is woken at the end. */
export function compute(context: ProviderContext, job: StoredJob, request: JobRequest): void {
  const controller = new AbortController();
  context.running.set(job.id, controller);
  void generate(context, job, request, controller)
    .catch((error: unknown) => fail(context, job, controller, error))
    .catch((error: unknown) => {
      context.log.emit("error", "job.failed", { jobId: job.id, ...describeError(error) });
    })
    .finally(() => {
      if (context.running.get(job.id) === controller) context.running.delete(job.id);
      context.wake();
    });
}

async function generate(
  context: ProviderContext,
  job: StoredJob,
  { prompt, generation, secret }: JobRequest,
  controller: AbortController,
): Promise<void> {
  const { storage, clock, log } = context;
  const { id, terms } = job;
  const model = context.models.get(terms.modelRoot.toLowerCase())!;
  const tokens = [...job.tokens];
  const start = clock.now();
  let stored = start;
  let told = { tokens: tokens.length, at: 0 };
  const onToken = (token: number) => {
    tokens.push(token);
    if (controller.signal.aborted) return;
    if (clock.now() - stored >= CHECKPOINT_INTERVAL && !secret) {
      storage.changeJob(id, { tokens });
      stored = clock.now();
    }
    if (tokens.length - told.tokens >= TOKENS_PER_EVENT && clock.now() - told.at >= EVENT_INTERVAL) {
      told = { tokens: tokens.length, at: clock.now() };
      log.emit("info", "job.progress", { jobId: id, tokens: tokens.length, maxTokens: generation.maxTokens });
    }
  };
  let output: number[];
  try {
    output = await model.runner.run({
      prompt,
      prefix: job.tokens,
      generation,
      signal: controller.signal,
      onToken,
    });
  } catch (error) {
    if (storage.job(id)?.state === "running" && !secret) storage.changeJob(id, { tokens });
    throw error;
  }
  // Aborted after the last token: the job has moved on without it.
  if (controller.signal.aborted) return;
  const milliseconds = clock.now() - start;
  if (job.tokens.length === 0) learnSpeed(context, model, prompt.length + output.length, milliseconds);
  // The database gets what the chain gets: of a private job the encrypted tokens, and nothing before they are complete.
  const posted = secret ? decodeTokens(encryptTokens(output, secret)) : output;
  await moveJob(context, job, { state: "computed", tokens: posted, complete: true }, { milliseconds });
}

async function fail(
  context: ProviderContext,
  job: StoredJob,
  controller: AbortController,
  error: unknown,
): Promise<void> {
  const failure = describeError(error);
  // Stopped on purpose: what was stored so far is where it continues.
  if (controller.signal.aborted && failure.code === "ABORTED") return;
  context.log.emit("error", "job.failed", { jobId: job.id, ...failure });
  const current = context.storage.job(job.id)!;
  if (current.state !== "running") return;
  const failures = current.failures + 1;
  const changed = context.storage.changeJob(job.id, {
    failures,
    notBefore: context.clock.now() + RETRY_AFTER,
  });
  if (failures >= MAXIMUM_FAILURES) await decline(context, changed, `the model failed: ${failure.code}`);
}

/** The slower of what was believed and what was measured counts at once; the faster only slowly. */
function learnSpeed(
  { running }: ProviderContext,
  model: ServedModel,
  positions: number,
  milliseconds: number,
): void {
  // Beside others a job gets its part of the machine; the speed is that of a job alone.
  const measured = (positions * 1_000 * running.size) / Math.max(milliseconds, 1);
  model.positionsPerSecond = Math.min(measured, 0.9 * model.positionsPerSecond + 0.1 * measured);
}
