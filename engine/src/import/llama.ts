import { exponentialTable, rotaryTable, sigmoidTable, tableOf, tanhGeluTable } from "../tables/tables.ts";
import type { RowTensor } from "../tensors/tensor.ts";
import type { LlamaConfig } from "./config.ts";
import { ColumnLengths, inverses } from "./equalize.ts";
import { LayerBuilder } from "./llama-layer.ts";
import { EMBEDDING, normalized, TABLES, type Wire } from "./llama-wires.ts";
import type { ProgramBuilder } from "./program-builder.ts";
import { emptyRows, fractionWithin, quantizeInto } from "./quantize.ts";
import type { Weights } from "./weights.ts";

/** Fraction bits of the logits. */
export const LOGIT_FRACTION = 16;
/** The embedding's root mean square in the residual's units: the stream may grow 2^20-fold before it saturates. */
const RESIDUAL_UNITS = 2 ** 11;

/** Parts of a build, one after another: the embedding, the layers, the output. */
export function stagesOf(config: LlamaConfig): number {
  return config.layers + 2;
}

/**
 * Makes one part of a program and its tensors from a checkpoint of the Llama family. A part needs nothing but what the
 * builder holds of the parts before it, so a build can be interrupted between any two.
 *
 * @param stage in [0, `stagesOf`).
 */
export async function buildStage(
  stage: number,
  config: LlamaConfig,
  stopTokens: readonly number[],
  weights: Weights,
  builder: ProgramBuilder,
): Promise<void> {
  if (stage === 0) return buildEmbedding(config, weights, builder);
  const residualFraction = -builder.operators[0]!.constants[2]!;
  const residual = builder.operators.length - 1;
  if (stage <= config.layers) {
    const layer = new LayerBuilder(builder, config, weights, residualFraction, stage - 1);
    await layer.feedForward(await layer.attention(residual));
    return;
  }
  return buildOutput(config, stopTokens, weights, builder, {
    operator: residual,
    fraction: residualFraction,
  });
}

async function buildEmbedding(config: LlamaConfig, weights: Weights, builder: ProgramBuilder): Promise<void> {
  const { vocabularySize, hiddenSize } = config;
  const name = "model.embed_tokens.weight";
  const tensor = emptyRows(vocabularySize, hiddenSize);
  let squares = 0;
  for await (const { first, block } of weights.blocks(name, vocabularySize, hiddenSize)) {
    block.forEachRow((row) => {
      for (let column = 0; column < hiddenSize; column++) squares += row[column]! * row[column]!;
    });
    quantizeInto(tensor, first, block, name);
  }
  const rootMeanSquare = Math.sqrt(squares / (vocabularySize * hiddenSize));
  const residualFraction = fractionWithin(rootMeanSquare, RESIDUAL_UNITS, 24);
  builder.tensor(tensor);
  builder.tensor(
    rotaryTable(config.contextLength, config.headSize, config.rotaryTheta, config.rotaryScaling),
  );
  builder.tensor(exponentialTable());
  builder.tensor(config.activation === "silu" ? sigmoidTable() : tanhGeluTable());
  builder.operator("embed", "embedding", {
    tensors: [EMBEDDING],
    constants: [vocabularySize, hiddenSize, -residualFraction],
  });
}

async function buildOutput(
  config: LlamaConfig,
  stopTokens: readonly number[],
  weights: Weights,
  builder: ProgramBuilder,
  residual: Wire,
): Promise<void> {
  const { vocabularySize, hiddenSize } = config;
  builder.phase = "always";
  const seen = builder.operator("seen", "output.seen", { constants: [vocabularySize] });
  const recent = builder.operator("recent", "output.recent", {});
  builder.phase = "generating";
  const gains = await weights.gains("model.norm.weight", hiddenSize, config.gainsFromOne);
  const head = config.tiedHead ? undefined : await quantizedHead(config, weights, gains);
  const last = normalized(
    builder,
    config,
    "output",
    residual.operator,
    residual.fraction,
    head?.gains ?? gains,
  );
  const headTensor = head ? builder.tensor(head.rows) : EMBEDDING;
  const logits = builder.operator("linear", "output.logits", {
    inputs: [last.operator],
    tensors: [headTensor],
    constants: [vocabularySize, hiddenSize, last.fraction - LOGIT_FRACTION],
  });
  const stopList = stopTokens.length > 0 ? [builder.tensor(tableOf(1, stopTokens.length, stopTokens))] : [];
  const token = builder.operator("sample", "output.token", {
    inputs: [logits, seen],
    tensors: [TABLES.exponential, ...stopList],
    constants: [vocabularySize, stopTokens.length],
  });
  builder.operator("stop", "output.stop", {
    inputs: [token, recent],
    tensors: stopList,
    constants: [stopTokens.length],
  });
}

/** The head, equalised with the last norm as `equalizeNorm` does it, but read twice in blocks. */
async function quantizedHead(
  config: LlamaConfig,
  weights: Weights,
  gains: Float64Array,
): Promise<{ rows: RowTensor; gains: Float64Array }> {
  const shape = ["lm_head.weight", config.vocabularySize, config.hiddenSize] as const;
  const columns = new ColumnLengths(config.hiddenSize);
  for await (const { block } of weights.blocks(...shape)) {
    block.scaleColumns(gains);
    columns.add(block);
  }
  const lengths = columns.lengths();
  const rows = emptyRows(config.vocabularySize, config.hiddenSize);
  for await (const { first, block } of weights.blocks(...shape)) {
    block.scaleColumns(gains);
    block.scaleColumns(inverses(lengths));
    quantizeInto(rows, first, block, shape[0]);
  }
  return { rows, gains: lengths };
}
