import { availableParallelism } from "node:os";
import { formatTable } from "../lib/table.ts";
import { benchGpu, type GpuMeasurement } from "./engine/gpu.ts";
import { openLlamaCpp } from "./engine/llama-cpp.ts";
import { parametersOf, randomModel, type ModelShape } from "./engine/random-model.ts";
import { compare, openFast, type Comparison, type Request, type Runner, type Speed } from "./engine/speed.ts";

export interface EngineOptions {
  /** Also a model of a billion parameters, which takes 4 GB of memory. */
  readonly large?: boolean;
  /** Threads of both programs. Default: all that the machine has. */
  readonly threads?: number;
}

export interface EngineResult {
  readonly cpu: readonly EngineMeasurement[];
  /** Empty where there is no WebGPU. */
  readonly gpu: readonly GpuMeasurement[];
}

/** Medians of several rounds: speeds in tokens a second, ratios to the peer's of the same round. */
export interface EngineMeasurement extends Speed {
  readonly parameters: number;
  readonly threads: number;
  readonly peer: Speed & { readonly name: string };
  readonly decodeRatio: number;
  readonly prefillRatio: number;
}

const SMALL: ModelShape = {
  vocabulary: 32000,
  context: 1024,
  hidden: 768,
  feedForward: 2048,
  layers: 12,
  heads: 12,
  keyValueHeads: 4,
};

const LARGE: ModelShape = {
  vocabulary: 32000,
  context: 1024,
  hidden: 2048,
  feedForward: 5632,
  layers: 22,
  heads: 32,
  keyValueHeads: 4,
};

const PROMPT = 256;
const TOKENS = 64;

const ROUNDS = 7;

/** The fast executor beside llama.cpp with Q8_0 weights, on random weights of the same shapes, in turn. */
export async function benchEngine({ large = false, ...options }: EngineOptions = {}): Promise<EngineResult> {
  const threads = options.threads ?? availableParallelism();
  const request = {
    prompt: Array.from({ length: PROMPT }, (_, index) => 300 + ((index * 7919) % 31000)),
    maxTokens: TOKENS,
  };
  const cpu: EngineMeasurement[] = [];
  for (const shape of large ? [SMALL, LARGE] : [SMALL]) {
    const { own, peer, ratio } = await measure(shape, threads, request);
    cpu.push({
      parameters: parametersOf(shape),
      threads,
      ...own,
      peer: { name: "llama.cpp Q8_0", ...peer },
      decodeRatio: ratio.decode,
      prefillRatio: ratio.prefill,
    });
  }
  return { cpu, gpu: await benchGpu() };
}

async function measure(shape: ModelShape, threads: number, request: Request): Promise<Comparison> {
  const runners: Runner[] = [];
  try {
    runners.push(openFast(randomModel(shape), threads), await openLlamaCpp(shape, threads));
    return await compare(runners[0]!, runners[1]!, request, ROUNDS);
  } finally {
    for (const runner of runners) await runner.close();
  }
}

export function engineTable({ cpu, gpu }: EngineResult): string {
  return [cpuTable(cpu), ...(gpu.length > 0 ? [gpuTable(gpu)] : [])].join("\n\n");
}

function gpuTable(measured: readonly GpuMeasurement[]): string {
  const [{ adapter, correctnessOnly }] = measured as [GpuMeasurement];
  const table = formatTable(
    [
      { heading: "parameters", align: "right" },
      { heading: "requests", align: "right" },
      { heading: "decoding", align: "right" },
      { heading: "prompt", align: "right" },
      { heading: "bandwidth", align: "right" },
    ],
    measured.map(({ parameters, batch, decode, prefill, bandwidthShare }) => [
      `${(parameters / 1e6).toFixed(parameters < 1e7 ? 1 : 0)} M`,
      String(batch),
      decode.toFixed(1),
      prefill.toFixed(1),
      bandwidthShare === null ? "–" : `${(100 * bandwidthShare).toFixed(0)} %`,
    ]),
  );
  return `${adapter}${correctnessOnly ? " (a processor: correctness only)" : ""}, tokens a second\n${table}`;
}

function cpuTable(cpu: readonly EngineMeasurement[]): string {
  return formatTable(
    [
      { heading: "parameters", align: "right" },
      { heading: "tokens a second" },
      { heading: "Athanor", align: "right" },
      { heading: "llama.cpp Q8_0", align: "right" },
      { heading: "ratio", align: "right" },
    ],
    cpu.flatMap(({ parameters, decode, prefill, peer, decodeRatio, prefillRatio }) => [
      [
        `${Math.round(parameters / 1e6)} M`,
        "decoding",
        decode.toFixed(1),
        peer.decode.toFixed(1),
        decodeRatio.toFixed(2),
      ],
      ["", "prompt", prefill.toFixed(1), peer.prefill.toFixed(1), prefillRatio.toFixed(2)],
    ]),
  );
}
