import { EngineError } from "../errors.ts";
import type { JsonObject } from "./checkpoint.ts";

/** The parts of config.json that determine a Llama model. */
export interface LlamaConfig {
  readonly architecture: string;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly rotaryTheta: number;
  readonly epsilon: number;
  /** The output head is the embedding. */
  readonly tiedHead: boolean;
}

/**
 * Fields that change what a model computes, and the only values of them that are executed here. Absent is
 * always accepted; anything else is refused rather than silently computed wrongly.
 */
const NEUTRAL_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  model_type: ["llama"],
  hidden_act: ["silu", "swish"],
  rope_scaling: [null],
  attention_bias: [false, null],
  mlp_bias: [false, null],
  sliding_window: [null],
  use_sliding_window: [false, null],
  quantization_config: [null],
  partial_rotary_factor: [1, null],
  final_logit_softcapping: [null],
  attn_logit_softcapping: [null],
  embedding_multiplier: [1, null],
  residual_multiplier: [1, null],
  attention_multiplier: [null],
  logits_scaling: [1, null],
  logit_scale: [1, null],
  num_local_experts: [null, 0],
  num_experts: [null, 0],
  use_qk_norm: [false, null],
  is_encoder_decoder: [false, null],
  add_cross_attention: [false, null],
};

/**
 * Reads config.json.
 *
 * @param contextLength use a shorter context than the model was trained for.
 * @throws EngineError `CONFIG_FIELD_UNSUPPORTED`, `CONFIG_FIELD_INVALID` naming the field and its value.
 */
export function readConfig(config: JsonObject, contextLength?: number): LlamaConfig {
  const architectures = config.architectures;
  if (
    !Array.isArray(architectures) ||
    architectures.length !== 1 ||
    architectures[0] !== "LlamaForCausalLM"
  ) {
    throw unsupported("architectures", architectures, '["LlamaForCausalLM"]');
  }
  for (const [field, accepted] of Object.entries(NEUTRAL_VALUES)) {
    if (field in config && !accepted.includes(config[field])) {
      throw unsupported(field, config[field], accepted.map((value) => JSON.stringify(value)).join(" or "));
    }
  }
  const layerTypes = config.layer_types;
  if (Array.isArray(layerTypes) && layerTypes.some((type) => type !== "full_attention")) {
    throw unsupported("layer_types", layerTypes, "full_attention in every layer");
  }
  const hiddenSize = whole(config, "hidden_size", 1, 65536);
  const heads = whole(config, "num_attention_heads", 1, 1024);
  const keyValueHeads = whole(config, "num_key_value_heads", 1, heads, heads);
  if (heads % keyValueHeads !== 0) {
    throw invalid("num_key_value_heads", keyValueHeads, `a divisor of num_attention_heads ${heads}`);
  }
  const headSize = whole(config, "head_dim", 2, 256, hiddenSize / heads);
  if (headSize % 2 !== 0) throw invalid("head_dim", headSize, "an even number");
  if (heads * headSize > 65536) {
    throw invalid("head_dim", headSize, "at most 65,536 when multiplied by the heads");
  }
  const trained = whole(config, "max_position_embeddings", 1, 2 ** 31);
  return {
    architecture: "LlamaForCausalLM",
    vocabularySize: whole(config, "vocab_size", 1, 2 ** 24),
    contextLength: checkedContext(trained, contextLength),
    hiddenSize,
    feedForwardSize: whole(config, "intermediate_size", 1, 65536),
    layers: whole(config, "num_hidden_layers", 1, 1024),
    heads,
    keyValueHeads,
    headSize,
    rotaryTheta: rotaryTheta(config),
    epsilon: real(config, "rms_norm_eps", 0, 1, 1e-6),
    tiedHead: flag(config, "tie_word_embeddings", false),
  };
}

/** Token ids that end an answer, from generation_config.json, or else from config.json. */
export function readStopTokens(config: JsonObject, generation: JsonObject, vocabularySize: number): number[] {
  const source = generation.eos_token_id ?? config.eos_token_id ?? [];
  const tokens: unknown[] = Array.isArray(source) ? source : [source];
  for (const token of tokens) {
    if (!Number.isInteger(token) || (token as number) < 0 || (token as number) >= vocabularySize) {
      throw invalid("eos_token_id", source, `token ids below vocab_size ${vocabularySize}`);
    }
  }
  return [...new Set(tokens as number[])].sort((left, right) => left - right);
}

function checkedContext(trained: number, wanted: number | undefined): number {
  if (
    wanted !== undefined &&
    (!Number.isSafeInteger(wanted) || wanted < 1 || wanted > Math.min(trained, 65536))
  ) {
    throw new EngineError(
      "INVALID_ARGUMENT",
      `contextLength ${wanted} is not in [1, ${Math.min(trained, 65536)}].`,
      {
        remedy: "Choose a context that the model was trained for, of at most 65,536 tokens.",
        details: { contextLength: wanted, trained },
      },
    );
  }
  if (wanted === undefined && trained > 65536) {
    throw invalid(
      "max_position_embeddings",
      trained,
      "at most 65,536, or the option contextLength to use fewer",
    );
  }
  return wanted ?? trained;
}

/** Newer configurations keep the base angle in rope_parameters. */
function rotaryTheta(config: JsonObject): number {
  const parameters = config.rope_parameters;
  if (parameters === undefined || parameters === null) return real(config, "rope_theta", 1, 1e12, 10000);
  const { rope_type: type, ...rest } = parameters as JsonObject;
  if (type !== undefined && type !== "default") {
    throw unsupported("rope_parameters.rope_type", type, '"default"');
  }
  const extra = Object.keys(rest).find((key) => key !== "rope_theta");
  if (extra !== undefined) throw unsupported(`rope_parameters.${extra}`, rest[extra], "nothing");
  return real({ rope_theta: config.rope_theta, ...rest }, "rope_theta", 1, 1e12, 10000);
}

function whole(config: JsonObject, field: string, minimum: number, maximum: number, absent?: number): number {
  const value = config[field] ?? absent;
  if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum) {
    throw invalid(field, value, `a whole number from ${minimum} to ${maximum}`);
  }
  return value as number;
}

function real(config: JsonObject, field: string, minimum: number, maximum: number, absent: number): number {
  const value = config[field] ?? absent;
  if (typeof value !== "number" || !(value >= minimum && value <= maximum)) {
    throw invalid(field, value, `a number from ${minimum} to ${maximum}`);
  }
  return value;
}

function flag(config: JsonObject, field: string, absent: boolean): boolean {
  const value = config[field] ?? absent;
  if (typeof value !== "boolean") throw invalid(field, value, "true or false");
  return value;
}

function unsupported(field: string, value: unknown, supported: string): EngineError {
  return new EngineError("CONFIG_FIELD_UNSUPPORTED", `config.json: ${field} is ${JSON.stringify(value)}.`, {
    remedy: `Supported: ${supported}.`,
    details: { field, value },
  });
}

function invalid(field: string, value: unknown, expected: string): EngineError {
  return new EngineError("CONFIG_FIELD_INVALID", `config.json: ${field} is ${JSON.stringify(value)}.`, {
    remedy: `Expected ${expected}.`,
    details: { field, value },
  });
}
