import { ProgramBuilder } from "../../../engine/src/import/program-builder.ts";
import type { Model, RowTensor } from "../../../engine/src/index.ts";
import { exponentialTable, rotaryTable, sigmoidTable } from "../../../engine/src/tables/tables.ts";
import type { Tensor } from "../../../engine/src/tensors/tensor.ts";

/** Sizes of a Llama model; the head is the embedding. */
export interface ModelShape {
  readonly vocabulary: number;
  readonly context: number;
  readonly hidden: number;
  readonly feedForward: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
}

export function parametersOf(shape: ModelShape): number {
  const { vocabulary, hidden, feedForward, layers, heads, keyValueHeads } = shape;
  const attention = 2 * hidden * hidden + 2 * hidden * ((hidden / heads) * keyValueHeads);
  return vocabulary * hidden + layers * (attention + 3 * hidden * feedForward + 2 * hidden) + hidden;
}

const NO_ROOT = `0x${"0".repeat(64)}` as const;

/**
 * A model of the shape with random 8-bit weights, without the way over a checkpoint: the same operators as the importer
 * makes. Its speed is that of a trained model; what it says means nothing.
 */
export function randomModel(shape: ModelShape): Model {
  const { vocabulary, context, hidden, feedForward, layers, heads, keyValueHeads } = shape;
  const size = hidden / heads;
  const tensors: Tensor[] = [];
  const builder = new ProgramBuilder((tensor) => tensors.push(tensor));
  const rows = (count: number, columns: number) => builder.tensor(randomRows(count, columns));
  const embedding = rows(vocabulary, hidden);
  const rotary = builder.tensor(rotaryTable(context, size, 10_000));
  const exponential = builder.tensor(exponentialTable());
  const sigmoid = builder.tensor(sigmoidTable());
  const gains = builder.tensor({
    kind: "table",
    rows: 1,
    columns: hidden,
    values: new Int32Array(hidden).fill(Math.round(Math.sqrt(hidden) * 2 ** 12)),
  });
  const linear = (
    name: string,
    input: number,
    out: number,
    columns: number,
    shift: number,
    tensor?: number,
  ) =>
    builder.operator("linear", name, {
      inputs: [input],
      tensors: [tensor ?? rows(out, columns)],
      constants: [out, columns, shift],
    });
  const narrow = (name: string, input: number, groups: number, columns: number) =>
    builder.operator("narrow", name, { inputs: [input], constants: [groups, columns] });
  const normalized = (name: string, input: number) =>
    narrow(
      `${name}.input`,
      builder.operator("normalize", `${name}.norm`, {
        inputs: [input],
        tensors: [gains],
        constants: [1, hidden, 1],
      }),
      1,
      hidden,
    );
  const rotated = (name: string, input: number, count: number) =>
    narrow(
      `${name}.narrow`,
      builder.operator("rotate", `${name}.rotated`, {
        inputs: [input],
        tensors: [rotary],
        constants: [count, size],
      }),
      count,
      size,
    );
  const add = (name: string, left: number, right: number) =>
    builder.operator("add", name, { inputs: [left, right], constants: [hidden] });

  // The normalised vector has 20 fraction bits, the residual 16.
  let residual = builder.operator("embed", "embedding", {
    tensors: [embedding],
    constants: [vocabulary, hidden, -16],
  });
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`;
    const input = normalized(name("attention"), residual);
    const key = linear(name("key"), input, size * keyValueHeads, hidden, 0);
    const rotatedKey = rotated(name("key"), key, keyValueHeads);
    const values = builder.operator("page", name("values"), {
      inputs: [linear(name("value"), input, size * keyValueHeads, hidden, 10)],
      constants: [keyValueHeads, size],
    });
    if (layer === layers - 1) builder.phase = "generating";
    const query = rotated(name("query"), linear(name("query"), input, hidden, hidden, 0), heads);
    const scores = builder.operator("scores", name("scores"), {
      inputs: [query, rotatedKey],
      constants: [heads, keyValueHeads, size, 23_000, 39],
    });
    const weights = builder.operator("softmax", name("weights"), {
      inputs: [scores],
      tensors: [exponential],
      constants: [heads],
    });
    const mix = builder.operator("mix", name("mix"), {
      inputs: [weights, values],
      constants: [heads, keyValueHeads, size],
    });
    const mixed = narrow(name("mixed"), mix, 1, hidden);
    residual = add(name("attention"), residual, linear(name("output"), mixed, hidden, hidden, 6));
    const second = normalized(name("feed-forward"), residual);
    const gated = builder.operator("gate", name("gated"), {
      inputs: [
        linear(name("gate"), second, feedForward, hidden, 0),
        linear(name("up"), second, feedForward, hidden, 0),
      ],
      tensors: [sigmoid],
      constants: [feedForward, 4, 20],
    });
    const down = linear(name("down"), narrow(name("hidden"), gated, 1, feedForward), hidden, feedForward, 4);
    residual = add(name("feed-forward"), residual, down);
  }
  builder.phase = "always";
  const seen = builder.operator("seen", "seen", { constants: [vocabulary] });
  const recent = builder.operator("recent", "recent", {});
  builder.phase = "generating";
  const last = normalized("output", residual);
  const logits = linear("logits", last, vocabulary, hidden, 4, embedding);
  const token = builder.operator("sample", "token", {
    inputs: [logits, seen],
    tensors: [exponential],
    constants: [vocabulary, 0],
  });
  builder.operator("stop", "stop", { inputs: [token, recent], constants: [0] });
  const program = builder.program(vocabulary, context);
  return {
    header: {
      architecture: "LlamaForCausalLM",
      vocabularySize: vocabulary,
      contextLength: context,
      hiddenSize: hidden,
      layers,
      heads,
      keyValueHeads,
      headSize: size,
      feedForwardSize: feedForward,
      parameters: parametersOf(shape),
      stopTokens: [],
      logitFraction: 16,
    },
    program,
    tensors,
    commitment: {
      modelRoot: NO_ROOT,
      vocabularySize: vocabulary,
      contextLength: context,
      workPerPosition: 0n,
      programRoot: NO_ROOT,
      weightsRoot: NO_ROOT,
      tokenizerHash: NO_ROOT,
    },
    tokenizerJson: {},
    tokenizerConfigJson: undefined,
  };
}

/** Weights of a root mean square of about 1 / sqrt(columns). */
function randomRows(count: number, columns: number): RowTensor {
  const values = new Int8Array(count * columns);
  fillRandom(values);
  return {
    kind: "rows",
    rows: count,
    columns,
    values,
    multipliers: new Uint16Array(count).fill(Math.round(2 ** 20 / Math.sqrt(columns) / 73)),
    shifts: new Int16Array(count).fill(20),
  };
}

/** Uniform in [-127, 127], from a fixed seed (xorshift). */
export function fillRandom(values: Int8Array): void {
  let state = 0x9e3779b9;
  for (let index = 0; index < values.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[index] = ((state >>> 8) % 255) - 127;
  }
}
