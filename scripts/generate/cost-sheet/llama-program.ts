import { validateProgram } from "../../../engine/src/program/validate.ts";
import type { Operator, Phase, Program } from "../../../engine/src/program/program.ts";
import type { TensorDescriptor } from "../../../engine/src/tensors/tensor.ts";

export interface LlamaShape {
  readonly name: string;
  readonly vocabulary: number;
  readonly context: number;
  readonly hidden: number;
  readonly feedForward: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

const common = { vocabulary: 128_256, context: 8_192, keyValueHeads: 8, headSize: 128 };
/** The shapes of Llama 3. */
export const LLAMA_SHAPES: readonly LlamaShape[] = [
  { name: "8 B", ...common, hidden: 4_096, feedForward: 14_336, layers: 32, heads: 32 },
  { name: "70 B", ...common, hidden: 8_192, feedForward: 28_672, layers: 80, heads: 64 },
];

/** Everything at the largest that a program may have, the vocabulary excepted. */
export const LARGEST_SHAPE: LlamaShape = {
  name: "largest",
  vocabulary: 2 ** 18,
  context: 65_536,
  hidden: 65_536,
  feedForward: 65_536,
  layers: 512,
  heads: 256,
  keyValueHeads: 256,
  headSize: 256,
};

/** The program that the importer makes of a checkpoint of this shape with its own output head; shifts are arbitrary. */
export function llamaProgram(shape: LlamaShape): Program {
  const { vocabulary, context, hidden, feedForward, layers, heads, keyValueHeads, headSize } = shape;
  const operators: Operator[] = [];
  const tensors: TensorDescriptor[] = [];
  let phase: Phase = "always";
  const tensor = (kind: TensorDescriptor["kind"], rows: number, columns: number) =>
    tensors.push({ kind, rows, columns }) - 1;
  const add = (
    kind: Operator["kind"],
    name: string,
    inputs: readonly number[],
    constants: readonly number[],
    used: readonly number[] = [],
  ) => operators.push({ kind, name, phase, inputs, constants, tensors: used }) - 1;
  const normalize = (name: string, input: number) =>
    add("normalize", name, [input], [1, hidden, 1], [tensor("table", 1, hidden)]);
  const linear = (name: string, input: number, rows: number, columns: number) =>
    add("linear", name, [input], [rows, columns, 0], [tensor("rows", rows, columns)]);

  const embedding = tensor("rows", vocabulary, hidden);
  const rotary = tensor("table", context, headSize);
  const exponential = tensor("table", 256, 2);
  const sigmoid = tensor("table", 1024, 2);
  const queries = heads * headSize;
  const keys = keyValueHeads * headSize;
  let residual = add("embed", "embedding", [], [vocabulary, hidden, 0], [embedding]);
  for (let layer = 0; layer < layers; layer++) {
    const norm = normalize("attention.norm", residual);
    const input = add("narrow", "attention.input", [norm], [1, hidden]);
    const key = linear("attention.key", input, keys, hidden);
    const rotatedKey = add("rotate", "attention.key", [key], [keyValueHeads, headSize], [rotary]);
    const narrowKey = add("narrow", "attention.key", [rotatedKey], [keyValueHeads, headSize]);
    const value = linear("attention.value", input, keys, hidden);
    const page = add("page", "attention.values", [value], [keyValueHeads, headSize]);
    if (layer === layers - 1) phase = "generating";
    const query = linear("attention.query", input, queries, hidden);
    const rotatedQuery = add("rotate", "attention.query", [query], [heads, headSize], [rotary]);
    const narrowQuery = add("narrow", "attention.query", [rotatedQuery], [heads, headSize]);
    const scores = add(
      "scores",
      "attention.scores",
      [narrowQuery, narrowKey],
      [heads, keyValueHeads, headSize, 1, 0],
    );
    const weights = add("softmax", "attention.weights", [scores], [heads], [exponential]);
    const mix = add("mix", "attention.mix", [weights, page], [heads, keyValueHeads, headSize]);
    const mixed = add("narrow", "attention.mixed", [mix], [1, queries]);
    const attended = linear("attention.output", mixed, hidden, queries);
    residual = add("add", "residual", [residual, attended], [hidden]);
    const norm2 = normalize("feed-forward.norm", residual);
    const input2 = add("narrow", "feed-forward.input", [norm2], [1, hidden]);
    const gate = linear("feed-forward.gate", input2, feedForward, hidden);
    const up = linear("feed-forward.up", input2, feedForward, hidden);
    const gated = add("gate", "feed-forward.gated", [gate, up], [feedForward, 0, 30], [sigmoid]);
    const inner = add("narrow", "feed-forward.hidden", [gated], [1, feedForward]);
    const down = linear("feed-forward.down", inner, hidden, feedForward);
    residual = add("add", "residual", [residual, down], [hidden]);
  }
  phase = "always";
  const seen = add("seen", "output.seen", [], [vocabulary]);
  const recent = add("recent", "output.recent", [], []);
  phase = "generating";
  const norm = normalize("output.norm", residual);
  const input = add("narrow", "output.input", [norm], [1, hidden]);
  const logits = linear("output.logits", input, vocabulary, hidden);
  const list = tensor("table", 1, 4);
  const token = add("sample", "output.token", [logits, seen], [vocabulary, 4], [exponential, list]);
  add("stop", "output.stop", [token, recent], [4], [list]);
  const program = { vocabularySize: vocabulary, contextLength: context, operators, tensors };
  validateProgram(program);
  return program;
}
