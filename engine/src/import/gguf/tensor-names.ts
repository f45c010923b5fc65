import type { StoredTensor, StoredTensors } from "../stored-tensor.ts";
import type { GgufFamily } from "./config.ts";
import { headerInvalid, type GgufHeader } from "./read-gguf.ts";

const NAMES: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};
const LAYER_NAMES: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  ffn_norm: "post_attention_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  attn_output: "self_attn.o_proj",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

/** The name in Hugging Face's layout; a tensor that no such model has keeps its own. */
function nameOf(name: string): string {
  if (Object.hasOwn(NAMES, name)) return NAMES[name]!;
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (part === undefined || !Object.hasOwn(LAYER_NAMES, part)) return name;
  return `model.layers.${layer}.${LAYER_NAMES[part]}.${kind}`;
}

/** llama.cpp's name of a tensor in Hugging Face's layout. */
export function storedName(name: string): string {
  const whole = Object.keys(NAMES).find((stored) => NAMES[stored] === name);
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.([\w.]+)\.(weight|bias)$/.exec(name) ?? [];
  const stored = Object.keys(LAYER_NAMES).find((key) => LAYER_NAMES[key] === part);
  return whole ?? (stored === undefined ? name : `blk.${layer}.${stored}.${kind}`);
}

/** @throws EngineError `GGUF_HEADER_INVALID` where two tensors would be the same one. */
export function namedTensors({ file, tensors }: GgufHeader): StoredTensors {
  const named = new Map<string, StoredTensor>();
  for (const tensor of tensors) {
    const name = nameOf(tensor.name);
    if (named.has(name)) throw headerInvalid(file, `it has the tensor ${tensor.name} twice`);
    named.set(name, tensor);
  }
  return named;
}

/** Notes how the family stores rows of queries and keys, and gains. */
export function withConventions(tensors: StoredTensors, family: GgufFamily, headSize: number): StoredTensors {
  const noted = (name: string, tensor: StoredTensor): StoredTensor => {
    if (family.pairedRows && /\.[qk]_proj\.weight$/.test(name)) {
      return { ...tensor, pairedHeadSize: headSize };
    }
    return family.gainsIncludeOne && /norm\.weight$/.test(name) ? { ...tensor, includesOne: true } : tensor;
  };
  return new Map([...tensors].map(([name, tensor]) => [name, noted(name, tensor)]));
}
