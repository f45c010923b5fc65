import { EngineError } from "../../errors.ts";
import type { CheckpointSource, JsonObject } from "../checkpoint.ts";
import { fieldError, invalid, unsupported } from "../config-fields.ts";
import { readTensor, type StoredTensor, type StoredTensors } from "../stored-tensor.ts";
import { shown, type Metadata } from "./metadata.ts";

/** An architecture as llama.cpp names it, and what it is in Hugging Face's layout. */
export interface GgufFamily {
  readonly architecture: string;
  readonly modelType: string;
  /** Rows of queries and keys lie pair by pair, as Meta's rotary embedding takes them. */
  readonly pairedRows: boolean;
  /** Gains are stored as 1 + weight. */
  readonly gainsIncludeOne: boolean;
}

const FAMILIES: Readonly<Record<string, GgufFamily>> = {
  llama: { architecture: "LlamaForCausalLM", modelType: "llama", pairedRows: true, gainsIncludeOne: false },
  qwen2: { architecture: "Qwen2ForCausalLM", modelType: "qwen2", pairedRows: false, gainsIncludeOne: false },
  qwen3: {
    architecture: "Qwen3ForCausalLM",
    modelType: "qwen3",
    pairedRows: false,
    gainsIncludeOne: false,
  },
  gemma: { architecture: "GemmaForCausalLM", modelType: "gemma", pairedRows: false, gainsIncludeOne: true },
};

/** Fields of config.json that are plain values of `ARCHITECTURE.key` here. */
const KEYS: Readonly<Record<string, string>> = {
  max_position_embeddings: "context_length",
  hidden_size: "embedding_length",
  num_hidden_layers: "block_count",
  intermediate_size: "feed_forward_length",
  num_attention_heads: "attention.head_count",
  num_key_value_heads: "attention.head_count_kv",
  head_dim: "attention.key_length",
  rms_norm_eps: "attention.layer_norm_rms_epsilon",
  rope_theta: "rope.freq_base",
  sliding_window: "attention.sliding_window",
  num_experts: "expert_count",
};
const OPTIONAL = ["num_key_value_heads", "head_dim", "rope_theta", "sliding_window", "num_experts"];

/** Further keys of an architecture, and the only values of them that are executed. */
const NEUTRAL_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  expert_used_count: [0],
  "attention.causal": [true],
  "rope.scaling.type": ["none"],
  "rope.scaling.factor": [1],
  "rope.scale_linear": [1],
  logit_scale: [1],
};
/** Keys that repeat what others say, and are held against them. */
const REPEATED = ["vocab_size", "attention.value_length", "rope.dimension_count"];

/** Divisors of the rotary frequencies: part of the configuration rather than a weight. */
export const ROTARY_FACTORS = "rope_freqs.weight";
/** Llama 3.1 and its successors, which differ in the factor alone. */
const LLAMA3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

/** @throws EngineError `CONFIG_FIELD_UNSUPPORTED`, naming the key, for another kind of file or another architecture. */
export function readFamily(metadata: Metadata): GgufFamily {
  const { file } = metadata;
  const type = metadata.text("general.type") ?? "model";
  if (type !== "model") throw unsupported("general.type", shown(type), '"model"', file);
  const parts = metadata.number("split.count") ?? 1;
  if (parts > 1) {
    throw unsupported("split.count", parts, "one file; join the parts with llama-gguf-split --merge", file);
  }
  const name = metadata.text("general.architecture") ?? "";
  if (!Object.hasOwn(FAMILIES, name)) {
    throw unsupported("general.architecture", shown(name), Object.keys(FAMILIES).join(", "), file);
  }
  return FAMILIES[name]!;
}

/**
 * What config.json would say. An unknown key of the architecture is refused: it might change the function.
 *
 * @param tensors by their names in Hugging Face's layout.
 * @throws EngineError `CONFIG_FIELD_UNSUPPORTED`, `CONFIG_FIELD_INVALID` naming the key and its value.
 */
export async function configOf(
  metadata: Metadata,
  family: GgufFamily,
  tensors: StoredTensors,
  source: CheckpointSource,
): Promise<JsonObject> {
  const name = metadata.text("general.architecture")!;
  const known = [...Object.values(KEYS), ...Object.keys(NEUTRAL_VALUES), ...REPEATED];
  for (const key of metadata.keys) {
    if (!key.startsWith(`${name}.`)) continue;
    const rest = key.slice(name.length + 1);
    if (!known.includes(rest)) throw unsupported(key, shown(metadata.get(key)), "nothing", metadata.file);
    const accepted = NEUTRAL_VALUES[rest];
    if (accepted && !accepted.includes(metadata.get(key))) {
      throw unsupported(key, shown(metadata.get(key)), JSON.stringify(accepted[0]), metadata.file);
    }
  }
  const config: JsonObject = { architectures: [family.architecture], model_type: family.modelType };
  for (const [field, key] of Object.entries(KEYS)) {
    const at = `${name}.${key}`;
    const value = OPTIONAL.includes(field) ? metadata.number(at) : metadata.required(at);
    if (value !== undefined) config[field] = value;
  }
  const heads = config.num_attention_heads as number;
  config.num_key_value_heads ??= heads;
  config.head_dim ??= (config.hidden_size as number) / heads;
  config.vocab_size = tensors.get("model.embed_tokens.weight")?.shape[0];
  config.tie_word_embeddings = !tensors.has("lm_head.weight");
  // A window that llama.cpp is told of is used.
  if (config.sliding_window === undefined) config.sliding_window = null;
  else config.use_sliding_window = true;
  checkRepeated(metadata, name, config);
  const factors = tensors.get(ROTARY_FACTORS);
  if (factors) config.rope_scaling = await scalingOf(metadata.file, factors, source, config);
  return config;
}

function checkRepeated(metadata: Metadata, name: string, config: JsonObject): void {
  const expected = [config.vocab_size, config.head_dim, config.head_dim];
  for (const [index, key] of REPEATED.entries()) {
    const found = metadata.number(`${name}.${key}`);
    if (found === undefined || found === expected[index]) continue;
    throw unsupported(`${name}.${key}`, found, String(expected[index]), metadata.file);
  }
}

/** Llama 3's scaling from the divisors of its frequencies, which are all that llama.cpp keeps of it. */
async function scalingOf(
  file: string,
  tensor: StoredTensor,
  source: CheckpointSource,
  config: JsonObject,
): Promise<JsonObject | null> {
  const size = config.head_dim as number;
  const expected = `the divisors of Llama 3's ${size / 2} rotary frequencies, or none`;
  if (tensor.shape.length !== 1 || tensor.shape[0] !== size / 2) {
    throw invalid(`the shape of ${ROTARY_FACTORS}`, tensor.shape, expected, file);
  }
  const found = await readTensor(source, tensor);
  const factor = found.reduce((largest, divisor) => Math.max(largest, divisor), 0);
  if (found.every((divisor) => divisor === 1)) return null;
  const theta = (config.rope_theta as number | undefined) ?? 10000;
  const wrong = found.findIndex((divisor, pair) => {
    const exact = llama3Divisor(theta ** ((-2 * pair) / size), factor);
    return !(Math.abs(divisor / exact - 1) < 1e-4);
  });
  if (wrong >= 0) throw unsupported(`${ROTARY_FACTORS}[${wrong}]`, found[wrong], expected, file);
  return { rope_type: "llama3", factor, ...LLAMA3 };
}

function llama3Divisor(frequency: number, factor: number): number {
  const { low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = LLAMA3;
  const turns = (context * frequency) / (2 * Math.PI);
  if (turns > high) return 1;
  if (turns < low) return factor;
  const share = (turns - low) / (high - low);
  return 1 / ((1 - share) / factor + share);
}

/** Says of a refused field of config.json which key of the file it is. */
export function inTermsOf(metadata: Metadata, error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  const { code } = error;
  if (code !== "CONFIG_FIELD_INVALID" && code !== "CONFIG_FIELD_UNSUPPORTED") return error;
  const { field, value } = error.details as { field: string; value: unknown };
  const key = KEYS[field];
  const name = key === undefined ? field : `${metadata.text("general.architecture")}.${key}`;
  return fieldError(code, metadata.file, name, value, error.remedy);
}

/** What generation_config.json would say: the tokens that end an answer. */
export function generationOf(metadata: Metadata): JsonObject {
  const ids = ["eos", "eot", "eom"].map((name) => metadata.number(`tokenizer.ggml.${name}_token_id`));
  return { eos_token_id: [...new Set(ids.filter((id) => id !== undefined))] };
}
