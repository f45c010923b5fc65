import { NARROW_MAXIMUM } from "../arithmetic/round.ts";
import { MIX_FRACTION } from "../operators/mix.ts";
import { exponentialTable, rotaryTable, sigmoidTable, tableOf } from "../tables/tables.ts";
import type { RowTensor, TableTensor } from "../tensors/tensor.ts";
import { largestProduct } from "./bounds.ts";
import type { LlamaConfig } from "./config.ts";
import { equalizeChannels, equalizeNorm, equalizeRotaryPairs } from "./equalize.ts";
import type { Matrix } from "./matrix.ts";
import { ProgramBuilder } from "./program-builder.ts";
import { fractionWithin, quantizeGains, quantizeRows, scaleOf } from "./quantize.ts";
import type { Weights } from "./weights.ts";

/** Fraction bits of the logits. */
export const LOGIT_FRACTION = 16;
/**
 * Projections are scaled so that their values stay below this whatever the input. int32 ends at 2^31: rotation may lengthen a
 * coordinate by sqrt(2).
 */
const WIDE_LIMIT = 2 ** 30;
/** No more fraction bits than this, however small the values. */
const LARGEST_FRACTION = 30;
/** The embedding's root mean square in the residual's units: the stream may grow 2^20-fold before it saturates. */
const RESIDUAL_UNITS = 2 ** 11;
const LOG2_E = 1.4426950408889634;

/** A value in the program: the operator that makes it and its fraction bits. */
interface Wire {
  readonly operator: number;
  readonly fraction: number;
}

/** The normalised and narrowed residual. */
interface Normalized extends Wire {
  readonly gains: TableTensor;
}

/** Tables that all layers share, by tensor index. */
interface SharedTables {
  readonly rotary: number;
  readonly exponential: number;
  readonly sigmoid: number;
}

/** Turns a Llama checkpoint's weights into a program and its tensors. */
export async function buildLlama(
  config: LlamaConfig,
  stopTokens: readonly number[],
  weights: Weights,
): Promise<ProgramBuilder> {
  const builder = new ProgramBuilder();
  const { vocabularySize, hiddenSize } = config;
  const embedding = await weights.matrix("model.embed_tokens.weight", vocabularySize, hiddenSize);
  const residualFraction = fractionWithin(rootMeanSquare(embedding.values), RESIDUAL_UNITS, 24);
  const embeddingTensor = builder.tensor(quantizeRows(embedding, "model.embed_tokens.weight"));
  const tables: SharedTables = {
    rotary: builder.tensor(rotaryTable(config.contextLength, config.headSize, config.rotaryTheta)),
    exponential: builder.tensor(exponentialTable()),
    sigmoid: builder.tensor(sigmoidTable()),
  };
  let residual = builder.operator("embed", "embedding", {
    tensors: [embeddingTensor],
    constants: [vocabularySize, hiddenSize, -residualFraction],
  });
  for (let layer = 0; layer < config.layers; layer++) {
    const parts = new LayerBuilder(builder, config, weights, tables, residualFraction, layer);
    residual = await parts.attention(residual);
    residual = await parts.feedForward(residual);
  }
  builder.phase = "generating";
  const gains = await weights.vector("model.norm.weight", hiddenSize);
  const head = config.tiedHead
    ? undefined
    : await weights.matrix("lm_head.weight", vocabularySize, hiddenSize);
  const last = normalized(
    builder,
    config,
    "output",
    residual,
    residualFraction,
    head ? equalizeNorm(gains, [head]) : gains,
  );
  const headTensor = head ? builder.tensor(quantizeRows(head, "lm_head.weight")) : embeddingTensor;
  const logits = builder.operator("linear", "output.logits", {
    inputs: [last.operator],
    tensors: [headTensor],
    constants: [vocabularySize, hiddenSize, last.fraction - LOGIT_FRACTION],
  });
  const token = builder.operator("argmax", "output.token", { inputs: [logits], constants: [vocabularySize] });
  const stopList = stopTokens.length > 0 ? [builder.tensor(tableOf(1, stopTokens.length, stopTokens))] : [];
  builder.operator("stop", "output.stop", {
    inputs: [token],
    tensors: stopList,
    constants: [stopTokens.length],
  });
  return builder;
}

/** Normalisation and narrowing of the residual. */
function normalized(
  builder: ProgramBuilder,
  config: LlamaConfig,
  name: string,
  residual: number,
  residualFraction: number,
  gains: Float64Array,
): Normalized {
  const { table, fraction } = quantizeGains(gains);
  const epsilon = Math.round(config.epsilon * config.hiddenSize * 4 ** residualFraction);
  const operator = builder.operator("normalize", `${name}.norm`, {
    inputs: [residual],
    tensors: [builder.tensor(table)],
    constants: [config.hiddenSize, Math.min(epsilon, 2 ** 52 - 1)],
  });
  return {
    ...narrowed(builder, `${name}.input`, { operator, fraction }, 1, config.hiddenSize),
    gains: table,
  };
}

function narrowed(builder: ProgramBuilder, name: string, wire: Wire, groups: number, size: number): Wire {
  const operator = builder.operator("narrow", name, { inputs: [wire.operator], constants: [groups, size] });
  return { operator, fraction: wire.fraction };
}

/** The operators of one layer. */
class LayerBuilder {
  readonly #builder: ProgramBuilder;
  readonly #config: LlamaConfig;
  readonly #weights: Weights;
  readonly #tables: SharedTables;
  readonly #residualFraction: number;
  readonly #layer: number;

  constructor(
    builder: ProgramBuilder,
    config: LlamaConfig,
    weights: Weights,
    tables: SharedTables,
    residualFraction: number,
    layer: number,
  ) {
    this.#builder = builder;
    this.#config = config;
    this.#weights = weights;
    this.#tables = tables;
    this.#residualFraction = residualFraction;
    this.#layer = layer;
  }

  async attention(residual: number): Promise<number> {
    const { hiddenSize, heads, keyValueHeads, headSize, layers } = this.#config;
    const builder = this.#builder;
    const keyValueSize = keyValueHeads * headSize;
    const query = await this.#matrix("self_attn.q_proj.weight", heads * headSize, hiddenSize);
    const key = await this.#matrix("self_attn.k_proj.weight", keyValueSize, hiddenSize);
    const value = await this.#matrix("self_attn.v_proj.weight", keyValueSize, hiddenSize);
    const output = await this.#matrix("self_attn.o_proj.weight", hiddenSize, heads * headSize);
    const gains = equalizeNorm(await this.#vector("input_layernorm.weight"), [query, key, value]);
    const group = heads / keyValueHeads;
    equalizeChannels(value, output, (row) => {
      const [head, channel] = [Math.floor(row / headSize), row % headSize];
      return Array.from({ length: group }, (_, member) => (head * group + member) * headSize + channel);
    });
    equalizeRotaryPairs(query, key, heads, keyValueHeads);

    const input = this.#normalized("attention", residual, gains);
    const rotatedKey = this.#rotated(
      "attention.key",
      this.#projected("attention.key", input, key, WIDE_LIMIT),
      keyValueHeads,
    );
    const valueWire = this.#projected("attention.value", input, value, NARROW_MAXIMUM);
    const values = builder.operator("page", this.#name("attention.values"), {
      inputs: [valueWire.operator],
      constants: [keyValueHeads, headSize],
    });
    // Of the last layer, earlier positions need only keys and values.
    if (this.#layer === layers - 1) builder.phase = "generating";
    const rotatedQuery = this.#rotated(
      "attention.query",
      this.#projected("attention.query", input, query, WIDE_LIMIT),
      heads,
    );
    const scores = this.#scores(rotatedQuery, rotatedKey);
    const softmax = builder.operator("softmax", this.#name("attention.weights"), {
      inputs: [scores],
      tensors: [this.#tables.exponential],
      constants: [heads],
    });
    const mix = builder.operator("mix", this.#name("attention.mix"), {
      inputs: [softmax, values],
      constants: [heads, keyValueHeads, headSize],
    });
    const mixed = narrowed(
      builder,
      this.#name("attention.mixed"),
      { operator: mix, fraction: valueWire.fraction + MIX_FRACTION },
      1,
      heads * headSize,
    );
    return this.#added("attention", residual, this.#returned("attention.output", mixed, output));
  }

  async feedForward(residual: number): Promise<number> {
    const { hiddenSize, feedForwardSize } = this.#config;
    const gateMatrix = await this.#matrix("mlp.gate_proj.weight", feedForwardSize, hiddenSize);
    const up = await this.#matrix("mlp.up_proj.weight", feedForwardSize, hiddenSize);
    const down = await this.#matrix("mlp.down_proj.weight", hiddenSize, feedForwardSize);
    const gains = equalizeNorm(await this.#vector("post_attention_layernorm.weight"), [gateMatrix, up]);
    equalizeChannels(up, down, (row) => [row]);

    const input = this.#normalized("feed-forward", residual, gains);
    const gateWire = this.#projected("feed-forward.gate", input, gateMatrix, WIDE_LIMIT);
    const upWire = this.#projected("feed-forward.up", input, up, WIDE_LIMIT);
    // Both factors stay below 2^30, so their product shifted by 30 does, too.
    const productShift = 30;
    const gated = this.#builder.operator("gate", this.#name("feed-forward.gated"), {
      inputs: [gateWire.operator, upWire.operator],
      tensors: [this.#tables.sigmoid],
      constants: [feedForwardSize, gateWire.fraction - 16, productShift],
    });
    const fraction = gateWire.fraction + upWire.fraction - productShift;
    const hidden = narrowed(
      this.#builder,
      this.#name("feed-forward.hidden"),
      { operator: gated, fraction },
      1,
      feedForwardSize,
    );
    return this.#added("feed-forward", residual, this.#returned("feed-forward.down", hidden, down));
  }

  #scores(query: Wire, key: Wire): number {
    const { heads, keyValueHeads, headSize } = this.#config;
    // Scores have 16 fraction bits and base 2: score = dot · log2(e) / sqrt(size) · 2^(16 - fractions).
    const [multiplier, shift] = scaleOf(LOG2_E / Math.sqrt(headSize), "The attention scale");
    return this.#builder.operator("scores", this.#name("attention.scores"), {
      inputs: [query.operator, key.operator],
      constants: [heads, keyValueHeads, headSize, multiplier, shift - 16 + query.fraction + key.fraction],
    });
  }

  #rotated(name: string, wire: Wire, heads: number): Wire {
    const { headSize } = this.#config;
    const operator = this.#builder.operator("rotate", this.#name(`${name}.rotated`), {
      inputs: [wire.operator],
      tensors: [this.#tables.rotary],
      constants: [heads, headSize],
    });
    return narrowed(
      this.#builder,
      this.#name(`${name}.narrow`),
      { operator, fraction: wire.fraction },
      heads,
      headSize,
    );
  }

  /** A projection of the normalised input with the largest fraction for which no input can exceed `limit`. */
  #projected(name: string, input: Normalized, matrix: Matrix, limit: number): Wire {
    const rows = quantizeRows(matrix, this.#name(name));
    const bound = largestProduct(rows, input.gains, input.fraction);
    return this.#linear(name, input, rows, fractionWithin(bound, limit, LARGEST_FRACTION));
  }

  /** A projection back to the residual. */
  #returned(name: string, input: Wire, matrix: Matrix): Wire {
    return this.#linear(name, input, quantizeRows(matrix, this.#name(name)), this.#residualFraction);
  }

  #linear(name: string, input: Wire, rows: RowTensor, fraction: number): Wire {
    const tensor = this.#builder.tensor(rows);
    const operator = this.#builder.operator("linear", this.#name(name), {
      inputs: [input.operator],
      tensors: [tensor],
      constants: [rows.rows, rows.columns, input.fraction - fraction],
    });
    return { operator, fraction };
  }

  #added(name: string, residual: number, wire: Wire): number {
    return this.#builder.operator("add", this.#name(`${name}.residual`), {
      inputs: [residual, wire.operator],
      constants: [this.#config.hiddenSize],
    });
  }

  #normalized(name: string, residual: number, gains: Float64Array): Normalized {
    return normalized(this.#builder, this.#config, this.#name(name), residual, this.#residualFraction, gains);
  }

  #matrix(name: string, rows: number, columns: number): Promise<Matrix> {
    return this.#weights.matrix(`model.layers.${this.#layer}.${name}`, rows, columns);
  }

  #vector(name: string): Promise<Float64Array> {
    return this.#weights.vector(`model.layers.${this.#layer}.${name}`, this.#config.hiddenSize);
  }

  #name(name: string): string {
    return `layers.${this.#layer}.${name}`;
  }
}

function rootMeanSquare(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
