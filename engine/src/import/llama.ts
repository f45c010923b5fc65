import { NARROW_MAXIMUM } from "../arithmetic/round.ts";
import { MIX_FRACTION } from "../operators/mix.ts";
import { exponentialTable, rotaryTable, sigmoidTable, tableOf, tanhGeluTable } from "../tables/tables.ts";
import type { RowTensor, TableTensor } from "../tensors/tensor.ts";
import { largestProduct } from "./bounds.ts";
import type { LlamaConfig } from "./config.ts";
import {
  ColumnLengths,
  equalizeChannels,
  equalizeNorm,
  equalizeRotaryGains,
  equalizeRotaryPairs,
  inverses,
} from "./equalize.ts";
import type { Matrix } from "./matrix.ts";
import { type ProgramBuilder } from "./program-builder.ts";
import {
  emptyRows,
  fractionWithin,
  quantizeBias,
  quantizeGains,
  quantizeInto,
  quantizeRows,
  scaleOf,
} from "./quantize.ts";
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
  readonly activation: number;
}

/** The first tensors of every program, in this order. */
const EMBEDDING = 0;
const TABLES: SharedTables = { rotary: 1, exponential: 2, activation: 3 };

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

/**
 * What the residual is multiplied by in the program. An embedding times sqrt(hiddenSize) is left as it is, and all that is
 * added to it is divided instead: norms see no difference, given an epsilon that is divided, too.
 */
function residualScale({ scaledEmbedding, hiddenSize }: LlamaConfig): number {
  return scaledEmbedding ? 1 / Math.sqrt(hiddenSize) : 1;
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
  const squares = config.epsilon * config.hiddenSize * residualScale(config) ** 2;
  const epsilon = Math.round(squares * 4 ** residualFraction);
  const operator = builder.operator("normalize", `${name}.norm`, {
    inputs: [residual],
    tensors: [builder.tensor(table)],
    constants: [1, config.hiddenSize, Math.min(epsilon, 2 ** 52 - 1)],
  });
  return {
    ...narrowed(builder, `${name}.input`, { operator, fraction }, 1, config.hiddenSize),
    gains: table,
  };
}

/** A sum of squares in units of 4^-fraction, as far as the operator takes it. */
function epsilonWithin(epsilon: number, fraction: number): number {
  return Math.min(Math.round(epsilon * 4 ** fraction), 2 ** 52 - 1);
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
  readonly #residualFraction: number;
  readonly #layer: number;

  constructor(
    builder: ProgramBuilder,
    config: LlamaConfig,
    weights: Weights,
    residualFraction: number,
    layer: number,
  ) {
    this.#builder = builder;
    this.#config = config;
    this.#weights = weights;
    this.#residualFraction = residualFraction;
    this.#layer = layer;
  }

  async attention(residual: number): Promise<number> {
    const { hiddenSize, heads, keyValueHeads, headSize, layers } = this.#config;
    const builder = this.#builder;
    const keyValueSize = keyValueHeads * headSize;
    const query = await this.#biased("self_attn.q_proj", heads * headSize, hiddenSize);
    const key = await this.#biased("self_attn.k_proj", keyValueSize, hiddenSize);
    const value = await this.#biased("self_attn.v_proj", keyValueSize, hiddenSize);
    const output = await this.#matrix("self_attn.o_proj.weight", hiddenSize, heads * headSize);
    const gains = equalizeNorm(await this.#gains("input_layernorm.weight"), [query, key, value]);
    const group = heads / keyValueHeads;
    equalizeChannels(value, output, (row) => {
      const [head, channel] = [Math.floor(row / headSize), row % headSize];
      return Array.from({ length: group }, (_, member) => (head * group + member) * headSize + channel);
    });
    const norms = this.#config.headNorms ? await this.#headNorms() : undefined;
    if (!norms) equalizeRotaryPairs(query, key, heads, keyValueHeads, gains);

    const input = this.#normalized("attention", residual, gains);
    const rotatedKey = this.#rotated(
      "attention.key",
      this.#projected("attention.key", input, key, WIDE_LIMIT),
      keyValueHeads,
      norms?.key,
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
      norms?.query,
    );
    const scores = this.#scores(rotatedQuery, rotatedKey);
    const softmax = builder.operator("softmax", this.#name("attention.weights"), {
      inputs: [scores],
      tensors: [TABLES.exponential],
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
    const gains = equalizeNorm(await this.#gains("post_attention_layernorm.weight"), [gateMatrix, up]);
    equalizeChannels(up, down, (row) => [row]);

    const input = this.#normalized("feed-forward", residual, gains);
    const gateWire = this.#projected("feed-forward.gate", input, gateMatrix, WIDE_LIMIT);
    const upWire = this.#projected("feed-forward.up", input, up, WIDE_LIMIT);
    // Both factors stay below 2^30, so their product shifted by 30 does, too.
    const productShift = 30;
    const gated = this.#builder.operator("gate", this.#name("feed-forward.gated"), {
      inputs: [gateWire.operator, upWire.operator],
      tensors: [TABLES.activation],
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

  /** @param gains [head size] of a norm in each head that comes before the rotation, if there is one. */
  #rotated(name: string, projected: Wire, heads: number, gains?: Float64Array): Wire {
    const { headSize } = this.#config;
    const wire = gains ? this.#normalizedHeads(name, projected, heads, gains) : projected;
    const operator = this.#builder.operator("rotate", this.#name(`${name}.rotated`), {
      inputs: [wire.operator],
      tensors: [TABLES.rotary],
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

  /** Each head of a projection, normalised: below 2^30 whatever the input, as gains are below 2^22. */
  #normalizedHeads(name: string, wire: Wire, heads: number, gains: Float64Array): Wire {
    const { headSize, epsilon } = this.#config;
    const { table, fraction } = quantizeGains(gains);
    const operator = this.#builder.operator("normalize", this.#name(`${name}.norm`), {
      inputs: [wire.operator],
      tensors: [this.#builder.tensor(table)],
      constants: [heads, headSize, epsilonWithin(epsilon * headSize, wire.fraction)],
    });
    return { operator, fraction };
  }

  async #headNorms(): Promise<{ readonly query: Float64Array; readonly key: Float64Array }> {
    const gains = (name: string) =>
      this.#weights.vector(`model.layers.${this.#layer}.self_attn.${name}.weight`, this.#config.headSize);
    return equalizeRotaryGains(await gains("q_norm"), await gains("k_norm"));
  }

  /** A projection of the normalised input with the largest fraction for which no input can exceed `limit`. */
  #projected(name: string, input: Normalized, matrix: Matrix, limit: number): Wire {
    const rows = quantizeRows(matrix, this.#name(name));
    const bound = largestProduct(rows, input.gains, input.fraction, matrix.bias);
    return this.#linear(name, input, rows, fractionWithin(bound, limit, LARGEST_FRACTION), matrix.bias);
  }

  /** A projection back to the residual. */
  #returned(name: string, input: Wire, matrix: Matrix): Wire {
    const scale = residualScale(this.#config);
    if (scale !== 1) matrix.scaleRows(new Float64Array(matrix.rows).fill(scale));
    return this.#linear(name, input, quantizeRows(matrix, this.#name(name)), this.#residualFraction);
  }

  #linear(name: string, input: Wire, rows: RowTensor, fraction: number, bias?: Float64Array): Wire {
    const tensors = [this.#builder.tensor(rows)];
    if (bias) tensors.push(this.#builder.tensor(quantizeBias(bias, fraction)));
    const operator = this.#builder.operator("linear", this.#name(name), {
      inputs: [input.operator],
      tensors,
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

  /** A projection with its bias, if the model's have one. */
  #biased(name: string, rows: number, columns: number): Promise<Matrix> {
    const at = `model.layers.${this.#layer}.${name}`;
    return this.#weights.matrix(
      `${at}.weight`,
      rows,
      columns,
      this.#config.biases ? `${at}.bias` : undefined,
    );
  }

  #gains(name: string): Promise<Float64Array> {
    const { hiddenSize, gainsFromOne } = this.#config;
    return this.#weights.gains(`model.layers.${this.#layer}.${name}`, hiddenSize, gainsFromOne);
  }

  #name(name: string): string {
    return `layers.${this.#layer}.${name}`;
  }
}
