import type { CheckpointSource } from "../import/checkpoint.ts";
import type { LlamaConfig } from "../import/config.ts";
import { openConfig } from "../import/import-model.ts";
import { Weights } from "../import/weights.ts";

/*
 * A model of the Llama family (Llama, Mistral, Qwen2, Gemma) in float64, computed from the checkpoint's own numbers. What the
 * integer engine is measured against, so it shares none of its arithmetic: only the reading of files and of config.json.
 */

interface FloatLayer {
  readonly attentionNorm: Float64Array;
  readonly query: Float64Array;
  readonly key: Float64Array;
  readonly value: Float64Array;
  /** Zeros in models without biases. */
  readonly queryBias: Float64Array;
  readonly keyBias: Float64Array;
  readonly valueBias: Float64Array;
  /** Of each head, in models that normalise queries and keys. */
  readonly queryNorm: Float64Array | undefined;
  readonly keyNorm: Float64Array | undefined;
  readonly output: Float64Array;
  readonly feedForwardNorm: Float64Array;
  readonly gate: Float64Array;
  readonly up: Float64Array;
  readonly down: Float64Array;
}

export interface FloatLlama {
  readonly config: LlamaConfig;
  readonly embedding: Float64Array;
  readonly layers: readonly FloatLayer[];
  readonly norm: Float64Array;
  readonly head: Float64Array;
}

export async function loadFloatLlama(source: CheckpointSource): Promise<FloatLlama> {
  const { layout, config } = await openConfig(source);
  const { hiddenSize, headSize, heads, keyValueHeads, feedForwardSize, vocabularySize } = config;
  const weights = new Weights(layout);
  const matrix = (name: string, rows: number, columns: number) => weights.elements(name, rows, columns);
  const headNorm = async (name: string) => (config.headNorms ? weights.vector(name, headSize) : undefined);
  const bias = async (name: string, rows: number) =>
    config.biases ? weights.elements(name, rows) : new Float64Array(rows);
  const gains = (name: string) => weights.gains(name, hiddenSize, config.gainsFromOne);
  const embedding = await matrix("model.embed_tokens.weight", vocabularySize, hiddenSize);
  const layers: FloatLayer[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    layers.push({
      attentionNorm: await gains(`${at}.input_layernorm.weight`),
      query: await matrix(`${at}.self_attn.q_proj.weight`, heads * headSize, hiddenSize),
      key: await matrix(`${at}.self_attn.k_proj.weight`, keyValueHeads * headSize, hiddenSize),
      value: await matrix(`${at}.self_attn.v_proj.weight`, keyValueHeads * headSize, hiddenSize),
      queryBias: await bias(`${at}.self_attn.q_proj.bias`, heads * headSize),
      keyBias: await bias(`${at}.self_attn.k_proj.bias`, keyValueHeads * headSize),
      valueBias: await bias(`${at}.self_attn.v_proj.bias`, keyValueHeads * headSize),
      queryNorm: await headNorm(`${at}.self_attn.q_norm.weight`),
      keyNorm: await headNorm(`${at}.self_attn.k_norm.weight`),
      output: await matrix(`${at}.self_attn.o_proj.weight`, hiddenSize, heads * headSize),
      feedForwardNorm: await gains(`${at}.post_attention_layernorm.weight`),
      gate: await matrix(`${at}.mlp.gate_proj.weight`, feedForwardSize, hiddenSize),
      up: await matrix(`${at}.mlp.up_proj.weight`, feedForwardSize, hiddenSize),
      down: await matrix(`${at}.mlp.down_proj.weight`, hiddenSize, feedForwardSize),
    });
  }
  const norm = await gains("model.norm.weight");
  const head = config.tiedHead ? embedding : await matrix("lm_head.weight", vocabularySize, hiddenSize);
  return { config, embedding, layers, norm, head };
}

const ACTIVATIONS: Readonly<Record<LlamaConfig["activation"], (x: number) => number>> = {
  silu: (x) => x / (1 + Math.exp(-x)),
  "tanh-gelu": (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** A sequence computed token by token. */
export class FloatSession {
  readonly #model: FloatLlama;
  /** Keys and values of each layer, one array a position. */
  readonly #keys: Float64Array[][];
  readonly #values: Float64Array[][];

  constructor(model: FloatLlama) {
    this.#model = model;
    this.#keys = model.layers.map(() => []);
    this.#values = model.layers.map(() => []);
  }

  /** Logits [vocabularySize] after one more token. */
  next(token: number): Float64Array {
    const { config, embedding, layers, norm, head } = this.#model;
    const { hiddenSize, activation } = config;
    let residual = embedding.slice(token * hiddenSize, (token + 1) * hiddenSize) as Float64Array;
    if (config.scaledEmbedding) residual = residual.map((x) => x * Math.sqrt(hiddenSize));
    for (const [index, layer] of layers.entries()) {
      residual = sum(
        residual,
        this.#attention(index, layer, rmsNorm(residual, layer.attentionNorm, config.epsilon)),
      );
      const input = rmsNorm(residual, layer.feedForwardNorm, config.epsilon);
      const up = product(layer.up, input);
      const gated = product(layer.gate, input).map((x, channel) => ACTIVATIONS[activation](x) * up[channel]!);
      residual = sum(residual, product(layer.down, gated));
    }
    return product(head, rmsNorm(residual, norm, config.epsilon));
  }

  #attention(index: number, layer: FloatLayer, input: Float64Array): Float64Array {
    const { heads, keyValueHeads, headSize } = this.#model.config;
    const position = this.#keys[index]!.length;
    const angles = this.#angles(position);
    const { epsilon } = this.#model.config;
    const projected = sum(product(layer.query, input), layer.queryBias);
    const query = rotate(normHeads(projected, layer.queryNorm, epsilon), angles);
    const key = sum(product(layer.key, input), layer.keyBias);
    this.#keys[index]!.push(rotate(normHeads(key, layer.keyNorm, epsilon), angles));
    this.#values[index]!.push(sum(product(layer.value, input), layer.valueBias));
    const mixed = new Float64Array(heads * headSize);
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / keyValueHeads)) * headSize;
      const scores = this.#keys[index]!.map((key) => {
        let dot = 0;
        for (let i = 0; i < headSize; i++) dot += query[head * headSize + i]! * key[shared + i]!;
        return dot / Math.sqrt(headSize);
      });
      const weights = softmax(scores);
      for (const [at, value] of this.#values[index]!.entries()) {
        for (let i = 0; i < headSize; i++) mixed[head * headSize + i]! += weights[at]! * value[shared + i]!;
      }
    }
    return product(layer.output, mixed);
  }

  /** Angle of each rotary pair, [headSize / 2]. */
  #angles(position: number): Float64Array {
    const { headSize, rotaryTheta, rotaryScaling } = this.#model.config;
    return Float64Array.from({ length: headSize / 2 }, (_, pair) => {
      const frequency = rotaryTheta ** (-(2 * pair) / headSize);
      if (!rotaryScaling) return position * frequency;
      // As Hugging Face's _compute_llama3_parameters has it, in wavelengths.
      const { factor, lowFrequency, highFrequency, originalContext } = rotaryScaling;
      const wavelength = (2 * Math.PI) / frequency;
      if (wavelength < originalContext / highFrequency) return position * frequency;
      if (wavelength > originalContext / lowFrequency) return (position * frequency) / factor;
      const smooth = (originalContext / wavelength - lowFrequency) / (highFrequency - lowFrequency);
      return position * (((1 - smooth) * frequency) / factor + smooth * frequency);
    });
  }
}

/** Hugging Face's half-split rotary embedding of one or more heads. */
function rotate(vector: Float64Array, angles: Float64Array): Float64Array {
  const half = angles.length;
  const cosines = angles.map(Math.cos);
  const sines = angles.map(Math.sin);
  return vector.map((x, at) => {
    const i = at % (2 * half);
    const partner = i < half ? -vector[at + half]! : vector[at - half]!;
    return x * cosines[i % half]! + partner * sines[i % half]!;
  });
}

export function softmax(scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores);
  const largest = values.reduce((maximum, score) => Math.max(maximum, score), -Infinity);
  const exponentials = values.map((score) => Math.exp(score - largest));
  const total = exponentials.reduce((left, right) => left + right, 0);
  return exponentials.map((exponential) => exponential / total);
}

function rmsNorm(input: Float64Array, gains: Float64Array, epsilon: number): Float64Array {
  const mean = input.reduce((squares, x) => squares + x * x, 0) / input.length;
  const factor = 1 / Math.sqrt(mean + epsilon);
  return input.map((x, index) => x * factor * gains[index]!);
}

/** Each part of the gains' length on its own. */
function normHeads(vector: Float64Array, gains: Float64Array | undefined, epsilon: number): Float64Array {
  if (!gains) return vector;
  const normed = new Float64Array(vector.length);
  for (let start = 0; start < vector.length; start += gains.length) {
    normed.set(rmsNorm(vector.subarray(start, start + gains.length), gains, epsilon), start);
  }
  return normed;
}

function product(matrix: Float64Array, vector: Float64Array): Float64Array {
  const output = new Float64Array(matrix.length / vector.length);
  for (let row = 0; row < output.length; row++) {
    let dot = 0;
    for (let column = 0; column < vector.length; column++) {
      dot += matrix[row * vector.length + column]! * vector[column]!;
    }
    output[row] = dot;
  }
  return output;
}

function sum(left: Float64Array, right: Float64Array): Float64Array {
  return left.map((x, index) => x + right[index]!);
}
