import { BUFFER_USAGE, requestGpuDevice, type GpuDevice } from "../../../engine/src/gpu/device.ts";
import { createGpuExecutor } from "../../../engine/src/gpu/executor.ts";
import { EngineError, generate, type Model } from "../../../engine/src/index.ts";
import { openGpu } from "../../../engine/src/node.ts";
import { offerSoftwareGpu } from "../../../engine/src/testing/software-gpu.ts";
import { parametersOf, randomModel, type ModelShape } from "./random-model.ts";

/** What a graphics card does with random weights of one shape, so many requests at a time. */
export interface GpuMeasurement {
  readonly adapter: string;
  /** A processor plays the card: its tokens are the right ones, and its speed says nothing. */
  readonly correctnessOnly: boolean;
  readonly parameters: number;
  readonly batch: number;
  /** Tokens a second of all requests together. */
  readonly decode: number;
  readonly prefill: number;
  /** Bytes of weights that decoding reads a second, as a share of what the card copies; null where speed says nothing. */
  readonly bandwidthShare: number | null;
}

const BILLION: ModelShape = {
  vocabulary: 128_256,
  context: 2048,
  hidden: 2048,
  feedForward: 8192,
  layers: 16,
  heads: 32,
  keyValueHeads: 8,
};
const EIGHT_BILLION: ModelShape = { ...BILLION, hidden: 4096, feedForward: 14_336, layers: 32 };
const SMALL: ModelShape = {
  vocabulary: 512,
  context: 128,
  hidden: 128,
  feedForward: 256,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
};

interface Plan {
  readonly shapes: readonly ModelShape[];
  readonly batches: readonly number[];
  readonly prompt: number;
  readonly tokens: number;
}

const ON_A_CARD: Plan = { shapes: [BILLION, EIGHT_BILLION], batches: [1, 8, 64], prompt: 256, tokens: 128 };
const IN_SOFTWARE: Plan = { shapes: [SMALL], batches: [1, 8], prompt: 12, tokens: 4 };

/**
 * @returns nothing where there is no WebGPU
 * @throws when a card and the processor disagree about the first request's tokens
 */
export async function benchGpu(): Promise<GpuMeasurement[]> {
  offerSoftwareGpu();
  let gpu: GpuDevice;
  try {
    gpu = await requestGpuDevice(await openGpu());
  } catch (error) {
    if (error instanceof EngineError && error.code === "GPU_UNAVAILABLE") return [];
    throw error;
  }
  const { software } = gpu.report;
  const plan = software ? IN_SOFTWARE : ON_A_CARD;
  const bandwidth = software ? undefined : await copyBandwidth(gpu);
  const measured: GpuMeasurement[] = [];
  for (const shape of plan.shapes) {
    const model = randomModel(shape);
    for (const batch of plan.batches) measured.push(await measure(gpu, model, shape, batch, plan, bandwidth));
  }
  gpu.device.destroy();
  return measured;
}

async function measure(
  gpu: GpuDevice,
  model: Model,
  shape: ModelShape,
  batch: number,
  { prompt, tokens }: Plan,
  bandwidth: number | undefined,
): Promise<GpuMeasurement> {
  const { report } = gpu;
  const executor = await createGpuExecutor(model, {
    open: () => Promise.resolve(gpu),
    maxSequences: batch,
    maxRows: Math.max(64, batch),
    capacity: prompt + tokens,
  });
  // Every prompt begins otherwise, so that nothing is shared.
  const promptOf = (request: number) =>
    Array.from({ length: prompt }, (_, index) => (request + 1 + index * 7919) % shape.vocabulary);
  const run = async (round: number) => {
    const start = performance.now();
    const first: number[] = [];
    const answers = await Promise.all(
      Array.from({ length: batch }, (_, request) =>
        generate(model, {
          prompt: promptOf(round * batch + request),
          maxTokens: tokens,
          executor,
          onToken: (_, index) => {
            if (index === 0) first.push(performance.now());
          },
        }),
      ),
    );
    return { answers, start, decoding: Math.max(...first), end: performance.now() };
  };
  // Compiles and warms up; and a card that is wrong is not measured.
  const { answers } = await run(0);
  if (report.software) {
    const expected = await generate(model, { prompt: promptOf(0), maxTokens: tokens });
    if (expected.tokens.join() !== answers[0]!.tokens.join()) {
      throw new Error(
        `The card answers ${answers[0]!.tokens.join()}, the processor ${expected.tokens.join()}.`,
      );
    }
  }
  const { start, decoding, end } = await run(1);
  executor.close();
  const steps = ((tokens - 1) * 1000) / (end - decoding);
  return {
    adapter: report.description || `${report.vendor} ${report.architecture} ${report.device}`,
    correctnessOnly: report.software,
    parameters: parametersOf(shape),
    batch,
    decode: batch * steps,
    prefill: (batch * prompt * 1000) / (decoding - start),
    bandwidthShare: bandwidth === undefined ? null : (steps * parametersOf(shape)) / bandwidth,
  };
}

/** Bytes a second that the card reads and writes when it copies. */
async function copyBandwidth({ device, report }: GpuDevice): Promise<number> {
  const size = Math.min(2 ** 29, report.limits.maxBufferSize);
  const usage = BUFFER_USAGE.copySource | BUFFER_USAGE.copyDestination;
  const [source, target] = [0, 1].map(() => device.createBuffer({ size, usage })) as [GPUBuffer, GPUBuffer];
  const copy = async (times: number) => {
    const encoder = device.createCommandEncoder();
    for (let time = 0; time < times; time++) encoder.copyBufferToBuffer(source, 0, target, 0, size);
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  await copy(1);
  const [few, many] = [await copy(4), await copy(36)];
  source.destroy();
  target.destroy();
  return (32 * 2 * size * 1000) / (many - few);
}
