import { encodeGguf, type GgufElementType, type GgufTensor, type TypedValue } from "./gguf-writer.ts";
import { filesOf, type TinyCheckpoint } from "./tiny-checkpoint.ts";

const FAMILIES: Readonly<Record<string, string>> = {
  LlamaForCausalLM: "llama",
  MistralForCausalLM: "llama",
  Qwen2ForCausalLM: "qwen2",
  Qwen3ForCausalLM: "qwen3",
  GemmaForCausalLM: "gemma",
};
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^model\.embed_tokens\./, "token_embd."],
  [/^model\.norm\./, "output_norm."],
  [/^lm_head\./, "output."],
  [/^model\.layers\.(\d+)\.input_layernorm\./, "blk.$1.attn_norm."],
  [/^model\.layers\.(\d+)\.post_attention_layernorm\./, "blk.$1.ffn_norm."],
  [/^model\.layers\.(\d+)\.self_attn\.([qk])_norm\./, "blk.$1.attn_$2_norm."],
  [/^model\.layers\.(\d+)\.self_attn\.o_proj\./, "blk.$1.attn_output."],
  [/^model\.layers\.(\d+)\.self_attn\.([qkv])_proj\./, "blk.$1.attn_$2."],
  [/^model\.layers\.(\d+)\.mlp\.(gate|up|down)_proj\./, "blk.$1.ffn_$2."],
];

/** A GGUF file in parts that a test can change before it makes bytes of them. */
export interface GgufParts {
  readonly metadata: Map<string, TypedValue>;
  readonly tensors: Map<string, GgufTensor>;
}

/**
 * A checkpoint as llama.cpp's converter writes it: matrices in `type`, vectors in F32, rows of a Llama's queries and keys
 * pair by pair, Gemma's gains with their 1, Llama 3's scaling as divisors of the frequencies.
 */
export function ggufParts({ config, generation, tensors }: TinyCheckpoint, type: GgufElementType): GgufParts {
  const field = (name: string) => config[name] as number;
  const [architecture] = config.architectures as [string];
  const name = FAMILIES[architecture]!;
  const metadata = new Map<string, TypedValue>([
    ["general.architecture", ["string", name]],
    ["general.type", ["string", "model"]],
    [`${name}.context_length`, ["u32", field("max_position_embeddings")]],
    [`${name}.embedding_length`, ["u32", field("hidden_size")]],
    [`${name}.block_count`, ["u32", field("num_hidden_layers")]],
    [`${name}.feed_forward_length`, ["u32", field("intermediate_size")]],
    [`${name}.attention.head_count`, ["u32", field("num_attention_heads")]],
    [`${name}.attention.head_count_kv`, ["u32", field("num_key_value_heads")]],
    [`${name}.attention.key_length`, ["u32", field("head_dim")]],
    [`${name}.attention.value_length`, ["u32", field("head_dim")]],
    [`${name}.rope.dimension_count`, ["u32", field("head_dim")]],
    [`${name}.rope.freq_base`, ["f32", field("rope_theta")]],
    [`${name}.attention.layer_norm_rms_epsilon`, ["f32", field("rms_norm_eps")]],
    [`${name}.vocab_size`, ["u32", field("vocab_size")]],
    ["tokenizer.ggml.eos_token_id", ["u32", generation.eos_token_id]],
  ]);
  const named = new Map<string, GgufTensor>();
  for (const [original, tensor] of tensors) {
    const [pattern, replacement] = NAMES.find(([candidate]) => candidate.test(original))!;
    const includesOne = name === "gemma" && /norm\.weight$/.test(original);
    const paired = name === "llama" && /[qk]_proj\.weight$/.test(original);
    named.set(original.replace(pattern, replacement), {
      shape: tensor.shape,
      values: paired
        ? inPairs(tensor.values, tensor.shape[1]!, field("head_dim"))
        : tensor.values.map((value) => (includesOne ? 1 + value : value)),
      type: tensor.shape.length === 1 ? "F32" : type,
    });
  }
  const scaling = config.rope_scaling as Llama3 | undefined;
  if (scaling) {
    const values = divisors(scaling, field("rope_theta"), field("head_dim"));
    named.set("rope_freqs.weight", { shape: [values.length], values, type: "F32" });
  }
  return { metadata, tensors: named };
}

/** A folder with the file and, beside it, the checkpoint's own tokenizer.json. */
export function ggufFiles(
  checkpoint: TinyCheckpoint,
  type: GgufElementType,
  change: (parts: GgufParts) => void = () => undefined,
): Map<string, Uint8Array> {
  const parts = ggufParts(checkpoint, type);
  change(parts);
  return new Map([
    ["model.gguf", encodeGguf(parts)],
    ["tokenizer.json", filesOf(checkpoint).get("tokenizer.json")!],
  ]);
}

/** Rows of each head from first halves and second halves to pairs. */
function inPairs(values: Float64Array, columns: number, headSize: number): Float64Array {
  const paired = new Float64Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const [head, channel] = [Math.floor(row / headSize), row % headSize];
    const [half, pair] = [Math.floor(channel / (headSize / 2)), channel % (headSize / 2)];
    const to = head * headSize + 2 * pair + half;
    paired.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return paired;
}

interface Llama3 {
  readonly factor: number;
  readonly low_freq_factor: number;
  readonly high_freq_factor: number;
  readonly original_max_position_embeddings: number;
}

/** In wavelengths, as llama.cpp's converter computes them. */
function divisors(scaling: Llama3, theta: number, headSize: number): Float64Array {
  const { factor, low_freq_factor: low, high_freq_factor: high } = scaling;
  const context = scaling.original_max_position_embeddings;
  return Float64Array.from({ length: headSize / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * pair) / headSize);
    if (wavelength < context / high) return 1;
    if (wavelength > context / low) return factor;
    const smooth = (context / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}
