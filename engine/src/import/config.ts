import { EngineError } from "../errors.ts";
import type { FrequencyScaling } from "../tables/tables.ts";
import type { JsonObject } from "./checkpoint.ts";
import { flag, invalid, real, unsupported, whole } from "./config-fields.ts";
import { readRotary } from "./rotary-config.ts";

/** The parts of config.json that determine a model of the Llama family: Llama, Mistral, Qwen2, Gemma. */
export interface LlamaConfig {
  readonly architecture: Architecture;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly rotaryTheta: number;
  /** Llama 3's longer context: low rotary frequencies are divided. */
  readonly rotaryScaling: FrequencyScaling | undefined;
  readonly epsilon: number;
  /** Queries and keys are normalised in each head before they are rotated. */
  readonly headNorms: boolean;
  /** Queries, keys and values have a bias. */
  readonly biases: boolean;
  /** The output head is the embedding. */
  readonly tiedHead: boolean;
  /** What the gate's values go through. */
  readonly activation: "silu" | "tanh-gelu";
  /** Norms multiply by 1 + weight. */
  readonly gainsFromOne: boolean;
  /** The residual begins with the embedding times sqrt(hiddenSize). */
  readonly scaledEmbedding: boolean;
}

export type Architecture =
  "LlamaForCausalLM" | "MistralForCausalLM" | "Qwen2ForCausalLM" | "Qwen3ForCausalLM" | "GemmaForCausalLM";

interface Family {
  readonly headNorms?: boolean;
  readonly modelType: string;
  readonly biases: boolean;
  /** What Hugging Face takes where config.json says nothing; undefined: as many as query heads. */
  readonly keyValueHeads?: number;
  readonly slidingWindow?: number;
  readonly headSize?: number;
  readonly tiedHead?: boolean;
  /** Norms, embedding and activation as Gemma has them. */
  readonly gemma?: boolean;
}

const FAMILIES: Readonly<Record<Architecture, Family>> = {
  Qwen3ForCausalLM: {
    modelType: "qwen3",
    biases: false,
    headNorms: true,
    keyValueHeads: 32,
    headSize: 128,
    slidingWindow: 4096,
  },
  LlamaForCausalLM: { modelType: "llama", biases: false },
  MistralForCausalLM: { modelType: "mistral", biases: false, keyValueHeads: 8, slidingWindow: 4096 },
  Qwen2ForCausalLM: { modelType: "qwen2", biases: true, keyValueHeads: 32, slidingWindow: 4096 },
  GemmaForCausalLM: {
    modelType: "gemma",
    biases: false,
    keyValueHeads: 16,
    headSize: 256,
    tiedHead: true,
    gemma: true,
  },
};

/**
 * Fields that change what a model computes, and the only values of them that are executed here. Absent is
 * always accepted; anything else is refused rather than silently computed wrongly.
 */
const NEUTRAL_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  attention_bias: [false, null],
  mlp_bias: [false, null],
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
  const architecture = readArchitecture(config);
  const family = FAMILIES[architecture];
  for (const [field, accepted] of Object.entries(NEUTRAL_VALUES)) {
    if (field in config && !accepted.includes(config[field])) {
      throw unsupported(field, config[field], accepted.map((value) => JSON.stringify(value)).join(" or "));
    }
  }
  const hiddenSize = whole(config, "hidden_size", 1, 65536);
  const heads = whole(config, "num_attention_heads", 1, 1024);
  const keyValueHeads = whole(config, "num_key_value_heads", 1, heads, family.keyValueHeads ?? heads);
  if (heads % keyValueHeads !== 0) {
    throw invalid("num_key_value_heads", keyValueHeads, `a divisor of num_attention_heads ${heads}`);
  }
  const headSize = whole(config, "head_dim", 2, 256, family.headSize ?? hiddenSize / heads);
  if (headSize % 2 !== 0) throw invalid("head_dim", headSize, "an even number");
  if (heads * headSize > 65536) {
    throw invalid("head_dim", headSize, "at most 65,536 when multiplied by the heads");
  }
  const trained = whole(config, "max_position_embeddings", 1, 2 ** 31);
  const usedContext = checkedContext(trained, contextLength);
  checkSlidingWindow(config, family, usedContext);
  const { gemma = false } = family;
  return {
    architecture,
    vocabularySize: whole(config, "vocab_size", 1, 2 ** 20),
    contextLength: usedContext,
    hiddenSize,
    feedForwardSize: whole(config, "intermediate_size", 1, 65536),
    layers: whole(config, "num_hidden_layers", 1, 1024),
    heads,
    keyValueHeads,
    headSize,
    ...readRotary(config),
    epsilon: real(config, "rms_norm_eps", 0, 1, 1e-6),
    headNorms: family.headNorms ?? false,
    biases: family.biases,
    tiedHead: flag(config, "tie_word_embeddings", family.tiedHead ?? false),
    activation: readActivation(config, gemma),
    gainsFromOne: gemma,
    scaledEmbedding: gemma,
  };
}

function readArchitecture(config: JsonObject): Architecture {
  const { architectures, model_type: type } = config;
  const name: unknown =
    Array.isArray(architectures) && architectures.length === 1 ? architectures[0] : undefined;
  if (typeof name !== "string" || !Object.hasOwn(FAMILIES, name)) {
    throw unsupported("architectures", architectures, Object.keys(FAMILIES).join(", "));
  }
  const architecture = name as Architecture;
  const expected = FAMILIES[architecture].modelType;
  if (type !== undefined && type !== expected) {
    throw unsupported("model_type", type, JSON.stringify(expected));
  }
  return architecture;
}

/** Gemma's first configurations say "gelu" and mean its approximation, with which they were trained. */
function readActivation(config: JsonObject, gemma: boolean): LlamaConfig["activation"] {
  const { hidden_act: older, hidden_activation: newer } = config;
  const [field, value] =
    newer === undefined || newer === null ? ["hidden_act", older] : ["hidden_activation", newer];
  const accepted: unknown[] = gemma
    ? ["gelu_pytorch_tanh", undefined, ...(field === "hidden_act" ? ["gelu"] : [])]
    : ["silu", "swish", undefined];
  if (accepted.includes(value)) return gemma ? "tanh-gelu" : "silu";
  throw unsupported(field, value, gemma ? '"gelu_pytorch_tanh"' : '"silu" or "swish"');
}

/** Attention here reaches back over the whole context: a window is accepted if it does, too. */
function checkSlidingWindow(config: JsonObject, family: Family, contextLength: number): void {
  const { sliding_window: stated, use_sliding_window: used, layer_types: layerTypes } = config;
  if (used !== undefined && used !== null && typeof used !== "boolean") {
    throw invalid("use_sliding_window", used, "true or false");
  }
  const window = stated === undefined ? (family.slidingWindow ?? null) : stated;
  if (window !== null && (!Number.isSafeInteger(window) || (window as number) < 1)) {
    throw invalid("sliding_window", window, "null or a whole number of positions");
  }
  const reaches = window !== null && (window as number) >= contextLength;
  // Qwen states a window even where it does not use it.
  const unused = window === null || (/^qwen[23]$/.test(family.modelType) && used !== true);
  if (!reaches && !unused) {
    throw unsupported("sliding_window", window, `null, or at least the context of ${contextLength}`);
  }
  const accepted: unknown[] = ["full_attention", ...(reaches ? ["sliding_attention"] : [])];
  if (Array.isArray(layerTypes) && !layerTypes.every((type) => accepted.includes(type))) {
    throw unsupported("layer_types", layerTypes, "full_attention in every layer");
  }
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
