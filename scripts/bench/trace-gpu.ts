import { EngineError } from "../../engine/src/errors.ts";
import { requestGpuDevice } from "../../engine/src/gpu/device.ts";
import { createGpuExecutor } from "../../engine/src/gpu/executor.ts";
import type { Model } from "../../engine/src/model.ts";
import { openGpu } from "../../engine/src/node.ts";
import { generate } from "../../engine/src/run/generate.ts";
import { offerSoftwareGpu } from "../../engine/src/testing/software-gpu.ts";
import { traceRequest } from "../../engine/src/trace/trace.ts";

/** An answer of a graphics card, alone and with its trace root, which the card hashes. */
export interface GpuTraceResult {
  readonly adapter: string;
  /** A processor plays the card: that it is right is all that this shows. */
  readonly software: boolean;
  readonly outputTokens: number;
  readonly answerSeconds: number;
  readonly traceSeconds: number;
}

/** Tokens that a card in software answers with. */
const SOFTWARE_TOKENS = 8;

/**
 * @returns undefined where there is no WebGPU
 * @throws when the card and the processor disagree
 */
export async function benchGpuTrace(
  model: Model,
  request: { readonly prompt: readonly number[]; readonly maxTokens: number },
): Promise<GpuTraceResult | undefined> {
  offerSoftwareGpu();
  let gpu;
  try {
    gpu = await requestGpuDevice(await openGpu());
  } catch (error) {
    if (error instanceof EngineError && error.code === "GPU_UNAVAILABLE") return undefined;
    throw error;
  }
  const { device, report } = gpu;
  const maxTokens = report.software ? Math.min(SOFTWARE_TOKENS, request.maxTokens) : request.maxTokens;
  const asked = { ...request, maxTokens };
  const executor = await createGpuExecutor(model, {
    open: () => Promise.resolve(gpu),
    maxSequences: 1,
    capacity: asked.prompt.length + maxTokens,
  });
  const answer = () => generate(model, { ...asked, executor });
  const trace = () =>
    traceRequest(model, asked, { executor: (_, options) => generate(model, { ...options, executor }) });
  const expected = await traceRequest(model, asked);
  // Compiled and warm from here on.
  const { traceRoot } = await trace();
  if (traceRoot !== expected.traceRoot) {
    throw new Error(`The graphics card's trace root is ${traceRoot}, not ${expected.traceRoot}.`);
  }
  const answerSeconds = await seconds(answer);
  const traceSeconds = await seconds(trace);
  executor.close();
  device.destroy();
  return {
    adapter: report.description || report.device,
    software: report.software,
    outputTokens: expected.tokens.length,
    answerSeconds,
    traceSeconds,
  };
}

export async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}
