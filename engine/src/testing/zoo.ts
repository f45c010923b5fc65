import { expect } from "chai";
import { createFastExecutor, type FastExecutor } from "../fast/executor.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { createGpuExecutor, type GpuExecutor } from "../gpu/executor.ts";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { generate } from "../run/generate.ts";
import { createSession } from "../run/session.ts";
import { referenceExecutor, type Executor, type TraceRequest } from "../trace/request.ts";
import { traceRequest, type TraceCommitment } from "../trace/trace.ts";
import { generateRandom } from "./random.ts";
import { randomGeneration } from "./random-generation.ts";
import { randomShape } from "./random-shape.ts";
import { expectSameRequest, recordRequest } from "./record-request.ts";
import { expectSameRun, recordRun } from "./record-run.ts";
import { tinySource } from "./tiny-checkpoint.ts";

/** What one machine says about a model of the zoo, to be held against what another says. */
export interface ZooResult {
  readonly modelRoot: string;
  readonly commitment: TraceCommitment;
}

/** A model of the zoo for the fast executor, and what is asked of it: the same from the same seed, everywhere. */
export async function fastZoo(seed: number) {
  const random = generateRandom(1000 + seed);
  const blockSize = 1 + Math.floor(random() * 18);
  const threads = 1 + (seed % 2);
  const model = await importModel(tinySource(randomShape(seed)));
  const { contextLength, vocabularySize } = model.header;
  const tokens = Array.from({ length: contextLength }, () => Math.floor(random() * vocabularySize));
  const parts = cut(tokens, random);
  const prompt = tokens.slice(0, 1 + Math.floor(random() * (contextLength - 8)));
  const maxTokens = 1 + Math.floor(random() * 8);
  const request = { prompt, ...randomGeneration(random, vocabularySize, maxTokens) };
  return { model, blockSize, threads, parts, request };
}

/**
 * Holds the fast executor against the reference: intermediates, logits, tokens and trace root of one model. Runs in Node.js
 * and in browsers.
 */
export async function expectFastZoo(seed: number): Promise<ZooResult> {
  const { model, blockSize, threads, parts, request } = await fastZoo(seed);
  // Some shards hold a few rows only, and threads share whatever there is.
  const shardSize = seed % 4 < 2 ? 16384 : 2 ** 30;
  const executor = createFastExecutor(model, { blockSize, shardSize, threads, sharedWork: 1 });
  const expected = recordRun((observer) => createSession(model, { observer }), parts);
  expect(expected.seen.length).to.be.greaterThan(0);
  expectSameRun(
    recordRun((observer) => executor.createSession({ observer }), parts),
    expected,
    "observed",
  );
  const session = executor.createSession();
  expect(
    parts.map((part) => session.run(part)),
    "logits that nobody observes",
  ).to.deep.equal(expected.logits);

  const answer = await generate(model, { ...request, executor: "reference" });
  expect(answer.tokens.length).to.be.greaterThan(0);
  expect(await generate(model, { ...request, executor }), "tokens").to.deep.equal(answer);
  const result = await expectSameTrace(model, request, executor);
  expect(result.commitment.tokens).to.deep.equal(answer.tokens);
  executor.close();
  return result;
}

/** As `fastZoo`, for a GPU: four requests side by side, the first of them with every intermediate. */
export async function gpuZoo(seed: number) {
  const random = generateRandom(2000 + seed);
  const maxRows = 1 + Math.floor(random() * 18);
  const model = await importModel(tinySource(randomShape(seed)));
  const { contextLength, vocabularySize } = model.header;
  const requestOf = () => {
    const length = 1 + Math.floor(random() * (contextLength - 8));
    const prompt = Array.from({ length }, () => Math.floor(random() * vocabularySize));
    return { prompt, ...randomGeneration(random, vocabularySize, 1 + Math.floor(random() * 8)) };
  };
  const request = requestOf();
  const requests = [request, requestOf(), requestOf(), requestOf()];
  return { model, maxRows, request, requests };
}

/** As `expectFastZoo`, on a GPU. */
export async function expectGpuZoo(seed: number, gpu: GpuDevice): Promise<ZooResult> {
  const { model, maxRows, request, requests } = await gpuZoo(seed);
  const open = () => Promise.resolve(gpu);
  const executor = await createGpuExecutor(model, { open, maxRows, maxSequences: 3, failover: "none" });
  const expected = await recordRequest(model, { ...request, executor: "reference" });
  expect(expected.seen.length).to.be.greaterThan(0);
  expectSameRequest(await recordRequest(model, { ...request, executor }), expected, "observed");
  const [found, answers] = await Promise.all(
    [executor, "reference" as const].map((who) =>
      Promise.all(requests.map((each) => generate(model, { ...each, executor: who }))),
    ),
  );
  expect(found, "side by side").to.deep.equal(answers);
  const result = await expectSameTrace(model, request, executor);
  executor.close();
  return result;
}

/** What the reference says, where it runs. */
export async function referenceZoo(model: Model, request: TraceRequest): Promise<ZooResult> {
  const commitment = await traceRequest(model, request, { executor: referenceExecutor });
  return { modelRoot: model.commitment.modelRoot, commitment };
}

async function expectSameTrace(
  model: Model,
  request: TraceRequest,
  executor: FastExecutor | GpuExecutor,
): Promise<ZooResult> {
  const expected = await referenceZoo(model, request);
  const traced: Executor = (of, options) => generate(of, { ...options, executor });
  expect(await traceRequest(model, request, { executor: traced }), "roots").to.deep.equal(
    expected.commitment,
  );
  return expected;
}

/** Cuts tokens into parts of random lengths. */
function cut(tokens: readonly number[], random: () => number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < tokens.length;) {
    const end = start + 1 + Math.floor(random() * 20);
    parts.push(tokens.slice(start, end));
    start = end;
  }
  return parts;
}
