import { NARROW_MAXIMUM } from "../arithmetic/round.ts";
import { MIX_FRACTION } from "../operators/mix.ts";
import type { RowTensor } from "../tensors/tensor.ts";
import { largestProduct } from "./bounds.ts";
import type { LlamaConfig } from "./config.ts";
import { equalizeChannels, equalizeNorm, equalizeRotaryGains, equalizeRotaryPairs } from "./equalize.ts";
import {
  epsilonWithin,
  narrowed,
  normalized,
  residualScale,
  TABLES,
  type Normalized,
  type Wire,
} from "./llama-wires.ts";
import type { Matrix } from "./matrix.ts";
import type { ProgramBuilder } from "./program-builder.ts";
import { fractionWithin, quantizeBias, quantizeGains, quantizeRows, scaleOf } from "./quantize.ts";
import type { Weights } from "./weights.ts";

/**
 * Projections are scaled so that their values stay below this whatever the input. int32 ends at 2^31: rotation may lengthen a
 * coordinate by sqrt(2).
 */
const WIDE_LIMIT = 2 ** 30;
/** No more fraction bits than this, however small the values. */
const LARGEST_FRACTION = 30;
const LOG2_E = 1.4426950408889634;

/** The operators of one layer. */
export class LayerBuilder {
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
