import { availableParallelism } from "node:os";
import { formatTable } from "../lib/table.ts";
import { measureLlamaCpp } from "./engine/llama-cpp.ts";
import { parametersOf, randomModel, type ModelShape } from "./engine/random-model.ts";
import { measureFast, type Speed } from "./engine/speed.ts";

export interface EngineOptions {
  /** Also a model of a billion parameters, which takes 4 GB of memory. */
  readonly large?: boolean;
  /** Threads of both programs. Default: all that the machine has. */
  readonly threads?: number;
}

export interface EngineResult {
  readonly cpu: readonly EngineMeasurement[];
}

/** Speeds in tokens a second, ratios to the peer's. */
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

/** The fast executor beside llama.cpp with Q8_0 weights, on random weights of the same shapes. */
export async function benchEngine({ large = false, threads }: EngineOptions = {}): Promise<EngineResult> {
  const request = {
    prompt: Array.from({ length: PROMPT }, (_, index) => 300 + ((index * 7919) % 31000)),
    maxTokens: TOKENS,
    threads: threads ?? availableParallelism(),
  };
  const cpu: EngineMeasurement[] = [];
  for (const shape of large ? [SMALL, LARGE] : [SMALL]) {
    const peer = await measureLlamaCpp(shape, request);
    const own = await measureFast(randomModel(shape), request);
    cpu.push({
      parameters: parametersOf(shape),
      threads: request.threads,
      ...own,
      peer: { name: "llama.cpp Q8_0", ...peer },
      decodeRatio: own.decode / peer.decode,
      prefillRatio: own.prefill / peer.prefill,
    });
  }
  return { cpu };
}

export function engineTable({ cpu }: EngineResult): string {
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
