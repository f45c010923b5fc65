import type { CheckpointSource } from "../import/checkpoint.ts";
import { encodeSafetensors, type ElementType, type FloatTensor } from "./safetensors-writer.ts";
import { generateNormal } from "./random.ts";

export type TinyFamily = "Llama" | "Mistral" | "Qwen2" | "Qwen3" | "Gemma";

/** Sizes of a random checkpoint; small ones by default. */
export interface TinyShape {
  readonly seed: number;
  readonly vocabulary: number;
  readonly context: number;
  readonly hidden: number;
  readonly feedForward: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly tied: boolean;
  /** Qwen2 has biases; Gemma's norms, embedding and activation differ. */
  readonly family: TinyFamily;
}

export const TINY: TinyShape = {
  seed: 1,
  vocabulary: 48,
  context: 96,
  hidden: 16,
  feedForward: 24,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 6,
  tied: true,
  family: "Llama",
};

/** A checkpoint in parts that a test can change before it makes files of them. */
export interface TinyCheckpoint {
  readonly config: Record<string, unknown>;
  readonly generation: Record<string, unknown>;
  readonly tokenizer: {
    added_tokens: unknown[];
    model: { vocab: Record<string, number> } & Record<string, unknown>;
  } & Record<string, unknown>;
  readonly tensors: Map<string, FloatTensor>;
}

export function tinyCheckpoint(changes: Partial<TinyShape> = {}): TinyCheckpoint {
  const shape = { ...TINY, ...changes };
  const { hidden, feedForward, heads, keyValueHeads, headSize, vocabulary } = shape;
  const normal = generateNormal(shape.seed);
  const tensors = new Map<string, FloatTensor>();
  const random = (name: string, rows: number, columns: number, scale: number) => {
    const values = Float64Array.from({ length: rows * columns }, () => Math.fround(scale * normal()));
    tensors.set(name, { shape: [rows, columns], values });
  };
  const headGains = (name: string, scale: number) => {
    const values = Float64Array.from({ length: headSize }, () =>
      Math.fround(scale * Math.abs(1 + 0.5 * normal())),
    );
    tensors.set(name, { shape: [headSize], values });
  };
  const gains = (name: string) => {
    const offset = shape.family === "Gemma" ? 1 : 0;
    const values = Float64Array.from({ length: hidden }, () =>
      Math.fround(Math.abs(1 + 0.3 * normal()) - offset),
    );
    tensors.set(name, { shape: [hidden], values });
  };
  const embeddingScale = shape.family === "Gemma" ? Math.sqrt(hidden) : 1;
  random("model.embed_tokens.weight", vocabulary, hidden, 2 / Math.sqrt(hidden) / embeddingScale);
  for (let layer = 0; layer < shape.layers; layer++) {
    const at = `model.layers.${layer}`;
    gains(`${at}.input_layernorm.weight`);
    gains(`${at}.post_attention_layernorm.weight`);
    random(`${at}.self_attn.q_proj.weight`, heads * headSize, hidden, 1 / Math.sqrt(hidden));
    random(`${at}.self_attn.k_proj.weight`, keyValueHeads * headSize, hidden, 1 / Math.sqrt(hidden));
    random(`${at}.self_attn.v_proj.weight`, keyValueHeads * headSize, hidden, 1 / Math.sqrt(hidden));
    random(`${at}.self_attn.o_proj.weight`, hidden, heads * headSize, 0.5 / Math.sqrt(heads * headSize));
    random(`${at}.mlp.gate_proj.weight`, feedForward, hidden, 1 / Math.sqrt(hidden));
    random(`${at}.mlp.up_proj.weight`, feedForward, hidden, 1 / Math.sqrt(hidden));
    random(`${at}.mlp.down_proj.weight`, hidden, feedForward, 0.5 / Math.sqrt(feedForward));
  }
  gains("model.norm.weight");
  // After all other numbers, so that those are the same in every family.
  if (shape.family === "Qwen2") {
    const bias = (name: string, size: number, scale: number) => {
      const values = Float64Array.from({ length: size }, () => Math.fround(scale * normal()));
      tensors.set(name, { shape: [size], values });
    };
    for (let layer = 0; layer < shape.layers; layer++) {
      const at = `model.layers.${layer}.self_attn`;
      bias(`${at}.q_proj.bias`, heads * headSize, 1);
      bias(`${at}.k_proj.bias`, keyValueHeads * headSize, 5);
      bias(`${at}.v_proj.bias`, keyValueHeads * headSize, 0.3);
    }
  }
  if (shape.family === "Qwen3") {
    for (let layer = 0; layer < shape.layers; layer++) {
      headGains(`model.layers.${layer}.self_attn.q_norm.weight`, 1);
      headGains(`model.layers.${layer}.self_attn.k_norm.weight`, 1.5);
    }
  }
  if (!shape.tied) random("lm_head.weight", vocabulary, hidden, 1.5 / Math.sqrt(hidden));
  return {
    config: configOf(shape),
    generation: { eos_token_id: 2 },
    tokenizer: tokenizerOf(vocabulary),
    tensors,
  };
}

export interface FileOptions {
  readonly type?: ElementType;
  /** More than one: that many files with an index. */
  readonly shards?: number;
}

/** The checkpoint's files by name, as Hugging Face lays them out. */
export function filesOf(checkpoint: TinyCheckpoint, options: FileOptions = {}): Map<string, Uint8Array> {
  const { type = "F32", shards = 1 } = options;
  const files = new Map<string, Uint8Array>();
  const write = (name: string, value: unknown) =>
    files.set(name, new TextEncoder().encode(JSON.stringify(value)));
  write("config.json", checkpoint.config);
  write("generation_config.json", checkpoint.generation);
  write("tokenizer.json", checkpoint.tokenizer);
  if (shards === 1) {
    files.set("model.safetensors", encodeSafetensors(checkpoint.tensors, type));
    return files;
  }
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-${shard + 1}-of-${shards}.safetensors`;
    const part = [...checkpoint.tensors].filter((_, index) => index % shards === shard);
    part.forEach(([name]) => (weightMap[name] = file));
    files.set(file, encodeSafetensors(new Map(part), type));
  }
  write("model.safetensors.index.json", { metadata: {}, weight_map: weightMap });
  return files;
}

export function memorySource(files: ReadonlyMap<string, Uint8Array>): CheckpointSource {
  const file = (name: string) => {
    const bytes = files.get(name);
    if (!bytes) throw new Error(`no file ${name}`);
    return bytes;
  };
  return {
    list: () => Promise.resolve([...files.keys()]),
    size: (name) => Promise.resolve(file(name).length),
    readBytes: (name, start, end) => Promise.resolve(file(name).slice(start, end)),
  };
}

export function tinySource(changes: Partial<TinyShape> = {}, options: FileOptions = {}): CheckpointSource {
  return memorySource(filesOf(tinyCheckpoint(changes), options));
}

function configOf(shape: TinyShape): Record<string, unknown> {
  return {
    architectures: [`${shape.family}ForCausalLM`],
    model_type: shape.family.toLowerCase(),
    vocab_size: shape.vocabulary,
    hidden_size: shape.hidden,
    intermediate_size: shape.feedForward,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyValueHeads,
    head_dim: shape.headSize,
    max_position_embeddings: shape.context,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    hidden_act: shape.family === "Gemma" ? "gelu_pytorch_tanh" : "silu",
    tie_word_embeddings: shape.tied,
    ...(["Llama", "Gemma"].includes(shape.family) ? {} : { sliding_window: shape.context }),
  };
}

/** One character a token; the first three tokens are special. */
function tokenizerOf(vocabulary: number): TinyCheckpoint["tokenizer"] {
  const special = ["<unk>", "<s>", "</s>"];
  const characters = Array.from({ length: vocabulary - special.length }, (_, index) =>
    String.fromCodePoint(0x61 + index),
  );
  const vocab = Object.fromEntries([...special, ...characters].map((token, id) => [token, id]));
  return {
    version: "1.0",
    added_tokens: special.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Fuse" },
    model: { type: "BPE", unk_token: "<unk>", vocab, merges: [] },
  };
}
