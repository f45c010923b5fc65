import { open, type FileHandle } from "node:fs/promises";
import { fillRandom, type ModelShape } from "./random-model.ts";

const ALIGNMENT = 32;
/** Numbers of the types in llama.cpp's file format GGUF. */
const TYPES = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };
const TENSOR_TYPES = { float32: 0, q8: 8 };
/** Q8_0: a float16 scale and 32 weights of 8 bits. */
const BLOCK = 32;
/** 2^-10 as float16. */
const SCALE = 0x1400;
/** llama.cpp's kinds of tokens. */
const TOKEN = { normal: 1, unknown: 2, control: 3, byte: 6 };

interface TensorInfo {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** Writes a Llama model of the shape with random weights in Q8_0 as llama.cpp reads it. */
export async function writeRandomGguf(file: string, shape: ModelShape): Promise<void> {
  const tensors = tensorsOf(shape);
  const header = headerOf(shape, tensors);
  const handle = await open(file, "w");
  try {
    await handle.write(header);
    for (const tensor of tensors) await writeTensor(handle, tensor);
  } finally {
    await handle.close();
  }
}

function tensorsOf(shape: ModelShape): TensorInfo[] {
  const { vocabulary, hidden, feedForward, layers, heads, keyValueHeads } = shape;
  const keys = (hidden / heads) * keyValueHeads;
  const tensor = (name: string, rows: number, columns: number) => ({ name: `${name}.weight`, rows, columns });
  return [
    tensor("token_embd", vocabulary, hidden),
    tensor("output_norm", 1, hidden),
    ...Array.from({ length: layers }, (_, layer) => [
      tensor(`blk.${layer}.attn_norm`, 1, hidden),
      tensor(`blk.${layer}.attn_q`, hidden, hidden),
      tensor(`blk.${layer}.attn_k`, keys, hidden),
      tensor(`blk.${layer}.attn_v`, keys, hidden),
      tensor(`blk.${layer}.attn_output`, hidden, hidden),
      tensor(`blk.${layer}.ffn_norm`, 1, hidden),
      tensor(`blk.${layer}.ffn_gate`, feedForward, hidden),
      tensor(`blk.${layer}.ffn_up`, feedForward, hidden),
      tensor(`blk.${layer}.ffn_down`, hidden, feedForward),
    ]).flat(),
  ];
}

function bytesOf({ rows, columns }: TensorInfo): number {
  return rows === 1 ? 4 * columns : ((rows * columns) / BLOCK) * (BLOCK + 2);
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

function headerOf(shape: ModelShape, tensors: readonly TensorInfo[]): Buffer {
  const { vocabulary, context, hidden, feedForward, layers, heads, keyValueHeads } = shape;
  const tokens = Array.from({ length: vocabulary }, (_, id) => tokenOf(id));
  const entries = [
    entry("general.architecture", TYPES.string, text("llama")),
    entry("llama.context_length", TYPES.uint32, uint32(context)),
    entry("llama.embedding_length", TYPES.uint32, uint32(hidden)),
    entry("llama.feed_forward_length", TYPES.uint32, uint32(feedForward)),
    entry("llama.block_count", TYPES.uint32, uint32(layers)),
    entry("llama.attention.head_count", TYPES.uint32, uint32(heads)),
    entry("llama.attention.head_count_kv", TYPES.uint32, uint32(keyValueHeads)),
    entry("llama.rope.dimension_count", TYPES.uint32, uint32(hidden / heads)),
    entry("llama.attention.layer_norm_rms_epsilon", TYPES.float32, float32(1e-5)),
    entry("tokenizer.ggml.model", TYPES.string, text("llama")),
    entry("tokenizer.ggml.bos_token_id", TYPES.uint32, uint32(1)),
    entry("tokenizer.ggml.eos_token_id", TYPES.uint32, uint32(2)),
    entry(
      "tokenizer.ggml.tokens",
      TYPES.array,
      array(
        TYPES.string,
        tokens.map(({ name }) => text(name)),
      ),
    ),
    entry(
      "tokenizer.ggml.scores",
      TYPES.array,
      array(
        TYPES.float32,
        tokens.map((_, id) => float32(-id)),
      ),
    ),
    entry(
      "tokenizer.ggml.token_type",
      TYPES.array,
      array(
        TYPES.int32,
        tokens.map(({ kind }) => uint32(kind)),
      ),
    ),
  ];
  let offset = 0;
  const infos = tensors.map((tensor) => {
    const { name, rows, columns } = tensor;
    const isVector = rows === 1;
    const info = Buffer.concat([
      text(name),
      uint32(isVector ? 1 : 2),
      uint64(columns),
      ...(isVector ? [] : [uint64(rows)]),
      uint32(isVector ? TENSOR_TYPES.float32 : TENSOR_TYPES.q8),
      uint64(offset),
    ]);
    offset += aligned(bytesOf(tensor));
    return info;
  });
  const header = Buffer.concat([
    Buffer.from("GGUF"),
    uint32(3),
    uint64(tensors.length),
    uint64(entries.length),
    ...entries,
    ...infos,
  ]);
  return Buffer.concat([header, Buffer.alloc(aligned(header.length) - header.length)]);
}

async function writeTensor(handle: FileHandle, tensor: TensorInfo): Promise<void> {
  const size = bytesOf(tensor);
  const data = Buffer.alloc(aligned(size));
  if (tensor.rows === 1) {
    new Float32Array(data.buffer, data.byteOffset, tensor.columns).fill(1);
  } else {
    fillRandom(new Int8Array(data.buffer, data.byteOffset, size));
    for (let block = 0; block < size; block += BLOCK + 2) data.writeUInt16LE(SCALE, block);
  }
  await handle.write(data);
}

/** A vocabulary that llama.cpp accepts: three special tokens, all bytes, and made-up words. */
function tokenOf(id: number): { name: string; kind: number } {
  if (id === 0) return { name: "<unk>", kind: TOKEN.unknown };
  if (id <= 2) return { name: id === 1 ? "<s>" : "</s>", kind: TOKEN.control };
  if (id < 259) {
    const byte = (id - 3).toString(16).toUpperCase().padStart(2, "0");
    return { name: `<0x${byte}>`, kind: TOKEN.byte };
  }
  return { name: `word${id}`, kind: TOKEN.normal };
}

function entry(key: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([text(key), uint32(type), value]);
}

function array(type: number, values: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(type), uint64(values.length), ...values]);
}

function text(value: string): Buffer {
  return Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)]);
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function uint64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function float32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}
