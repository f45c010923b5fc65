import { fileURLToPath } from "node:url";
import { loadModel } from "../../engine/src/node.ts";
import type { Model } from "../../engine/src/model.ts";
import { generate } from "../../engine/src/run/generate.ts";
import { Tokenizer } from "../../engine/src/tokenizer.ts";
import { traceRequest } from "../../engine/src/trace/trace.ts";
import { traceWork } from "../generate/cost-sheet/trace-work.ts";
import { formatTable } from "../lib/table.ts";
import { benchHashing, type HashingResult } from "./hashing.ts";
import { benchGpuTrace, seconds, type GpuTraceResult } from "./trace-gpu.ts";

const BUNDLED_MODEL = fileURLToPath(new URL("../../models/bard", import.meta.url));
const OPENING = "KING HENRY:\n";

export interface TraceBenchOptions {
  readonly model?: string;
  readonly tokens?: number;
}

export interface TraceResult {
  readonly traceRoot: string;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Answering with the default executor, alone and with the trace; seconds. */
  readonly answerSeconds: number;
  readonly traceSeconds: number;
  /** What all tiles of the trace hold, in bytes, and the permutations of keccak over them and their trees. */
  readonly traceBytes: number;
  readonly blocks: number;
  /** What tracing adds to answering, by block; the factor for other models, microseconds. */
  readonly microsecondsPerBlock: number;
  /** What tracing adds to the process's largest resident set, MiB. */
  readonly memoryMiB: number;
  /** What hashing alone takes, by the processor and on a graphics card. */
  readonly hashing: HashingResult;
  /** The same request on a graphics card; null where there is none. */
  readonly gpu: GpuTraceResult | null;
}

/** Time and memory of the trace root of one answer. */
export async function benchTrace(options: TraceBenchOptions = {}): Promise<TraceResult> {
  const model = endless(await loadModel(options.model ?? BUNDLED_MODEL));
  const tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
  const request = { prompt: tokenizer.encode(OPENING), maxTokens: options.tokens ?? 256 };
  // Compiled and warm, as in a provider's process.
  await traceRequest(model, { ...request, maxTokens: 8 });
  const answerSeconds = await seconds(() => generate(model, request));
  const before = process.resourceUsage().maxRSS;
  let result: Awaited<ReturnType<typeof traceRequest>> | undefined;
  const traceSeconds = await seconds(async () => (result = await traceRequest(model, request)));
  const { traceRoot, tokens } = result!;
  const memoryMiB = (process.resourceUsage().maxRSS - before) / 1024;
  let [traceBytes, blocks] = [0, 0];
  for (let position = 0; position < request.prompt.length + tokens.length - 1; position++) {
    const work = traceWork(model.program, position, position >= request.prompt.length - 1);
    traceBytes += work.bytes;
    blocks += work.blocks;
  }
  return {
    traceRoot,
    promptTokens: request.prompt.length,
    outputTokens: tokens.length,
    answerSeconds,
    traceSeconds,
    traceBytes,
    blocks,
    microsecondsPerBlock: ((traceSeconds - answerSeconds) / blocks) * 1e6,
    memoryMiB,
    hashing: await benchHashing(),
    gpu: (await benchGpuTrace(model, request)) ?? null,
  };
}

/** Without the model's stop tokens, so that the answer has the length that is asked for; the trace keeps its shape. */
function endless(model: Model): Model {
  const operators = model.program.operators.map((operator) =>
    operator.kind === "stop" ? { ...operator, constants: [0], tensors: [] } : operator,
  );
  return {
    ...model,
    header: { ...model.header, stopTokens: [] },
    program: { ...model.program, operators },
  };
}

export function traceTable(result: TraceResult): string {
  return formatTable(
    [{ heading: "measure" }, { heading: "value", align: "right" }],
    [
      ["trace root", result.traceRoot],
      ["prompt and output tokens", `${result.promptTokens} + ${result.outputTokens}`],
      ["answer alone", `${result.answerSeconds.toFixed(2)} s`],
      ["answer with trace root", `${result.traceSeconds.toFixed(2)} s`],
      ["with trace root, to alone", (result.traceSeconds / result.answerSeconds).toFixed(2)],
      ["tiles", `${(result.traceBytes / 2 ** 20).toFixed(1)} MiB`],
      ["keccak blocks", result.blocks.toLocaleString("en-US")],
      ["added per block", `${result.microsecondsPerBlock.toFixed(2)} µs`],
      ["added memory", `${result.memoryMiB.toFixed(1)} MiB`],
      ["hashing, one thread", megabytes(result.hashing.processor)],
      ...hashingRows(result.hashing),
      ...answerRows(result.gpu),
    ],
  );
}

function hashingRows({ gpu }: HashingResult): string[][] {
  if (!gpu) return [["graphics card", "none"]];
  const software = gpu.software ? " (a processor: correctness only)" : "";
  return [
    ["graphics card", `${gpu.adapter}${software}`],
    ["its hashing", megabytes(gpu.bytesPerSecond)],
  ];
}

function answerRows(gpu: GpuTraceResult | null): string[][] {
  if (!gpu) return [];
  return [
    [`its answer of ${gpu.outputTokens} tokens`, `${gpu.answerSeconds.toFixed(2)} s`],
    ["its answer with trace root", `${gpu.traceSeconds.toFixed(2)} s`],
    ["with trace root, to alone", (gpu.traceSeconds / gpu.answerSeconds).toFixed(2)],
  ];
}

function megabytes(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
}
