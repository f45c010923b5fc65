import { EngineError } from "../errors.ts";
import type { CheckpointSource } from "./checkpoint.ts";

/** Where a tensor's elements lie. */
export interface StoredTensor {
  /** As the file has it. */
  readonly name: string;
  readonly file: string;
  readonly type: string;
  readonly shape: readonly number[];
  /** Byte range in the file. */
  readonly start: number;
  readonly end: number;
  /** Rows of each head of this size lie pair by pair: row 2i is pair i's first, row 2i + 1 its second. */
  readonly pairedHeadSize?: number;
  /** A gain that a norm multiplies by 1 + weight is stored as that sum. */
  readonly includesOne?: boolean;
}

/** A checkpoint's tensors by their names in Hugging Face's layout, whatever the file calls them. */
export type StoredTensors = ReadonlyMap<string, StoredTensor>;

interface ElementType {
  /** Elements that are stored together. */
  readonly block: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

/** Q8_0 is GGUF's: a binary16 scale and 32 int8. */
const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  F32: { block: 1, bytes: 4 },
  F16: { block: 1, bytes: 2 },
  BF16: { block: 1, bytes: 2 },
  Q8_0: { block: 32, bytes: 34 },
};
/** Elements read at a time, so that a tensor's bytes and its numbers are never both in memory as a whole. */
const READ_ELEMENTS = 2 ** 22;

/** Bytes of `elements` of a type; undefined for a type that is not imported, or where they end inside a block. */
export function bytesOf(type: string, elements: number): number | undefined {
  const stored = Object.hasOwn(ELEMENT_TYPES, type) ? ELEMENT_TYPES[type] : undefined;
  if (!stored || elements % stored.block !== 0) return undefined;
  return (elements / stored.block) * stored.bytes;
}

/** Elements that a type stores together; columns come in multiples of it. */
export function blockOf(type: string): number {
  return ELEMENT_TYPES[type]?.block ?? 1;
}

/** @param instead names of tensors that are there and that no such model has: perhaps it is one of them */
export function tensorMissing(name: string, why: string, instead: readonly string[] = []): EngineError {
  const found = instead.length === 0 ? "" : `; found instead: ${instead.slice(0, 3).join(", ")}`;
  return new EngineError("TENSOR_MISSING", `Tensor ${name} is missing: ${why}${found}.`, {
    remedy: "Download the checkpoint completely.",
    details: { tensor: name, expected: name, found: instead },
  });
}

/** @param found the type as its format names it */
export function typeUnsupported(file: string, tensor: string, found: string): EngineError {
  const expected = Object.keys(ELEMENT_TYPES).filter((type) => isGguf(file) || blockOf(type) === 1);
  return new EngineError("TENSOR_TYPE_UNSUPPORTED", `Tensor ${tensor} has elements of type ${found}.`, {
    remedy: `Use a checkpoint in ${expected.slice(0, -1).join(", ")} or ${expected.at(-1)}.`,
    details: { tensor, expected, found },
  });
}

export function isGguf(file: string): boolean {
  return file.endsWith(".gguf");
}

/** @param tensor the first one that is not whole; none if the header itself is not */
export function truncated(file: string, expected: number, found: number, tensor?: string): EngineError {
  const where = tensor === undefined ? "in its header" : `in tensor ${tensor}`;
  return new EngineError(
    isGguf(file) ? "GGUF_TRUNCATED" : "SAFETENSORS_TRUNCATED",
    `${file} is truncated ${where}: ${expected} bytes expected, ${found} found.`,
    {
      remedy: "Download the file again.",
      details: { file, expected, found, ...(tensor === undefined ? {} : { tensor }) },
    },
  );
}

/**
 * Reads a tensor's elements [first, last), exactly. Rows that lie pair by pair are put into order, which takes whole tensors.
 *
 * @throws EngineError `TENSOR_TYPE_UNSUPPORTED`, `TENSOR_NOT_FINITE`, `SAFETENSORS_TRUNCATED`, `GGUF_TRUNCATED`.
 */
export async function readTensor(
  source: CheckpointSource,
  tensor: StoredTensor,
  first = 0,
  last = tensor.shape.reduce((product, dimension) => product * dimension, 1),
): Promise<Float32Array> {
  const values = new Float32Array(last - first);
  for (let at = first; at < last; at += READ_ELEMENTS) {
    const end = Math.min(last, at + READ_ELEMENTS);
    values.set(await readElements(source, tensor, at, end), at - first);
  }
  if (tensor.pairedHeadSize !== undefined) separatePairs(values, tensor.shape[1] ?? 1, tensor.pairedHeadSize);
  return values;
}

/** Brings each head's rows into the order first rows of all pairs, second rows of all pairs; in place. */
function separatePairs(values: Float32Array, columns: number, headSize: number): void {
  const head = headSize * columns;
  const half = headSize / 2;
  for (let start = 0; start < values.length; start += head) {
    const paired = values.slice(start, start + head);
    for (let row = 0; row < headSize; row++) {
      const from = (row < half ? 2 * row : 2 * (row - half) + 1) * columns;
      values.set(paired.subarray(from, from + columns), start + row * columns);
    }
  }
}

async function readElements(
  source: CheckpointSource,
  tensor: StoredTensor,
  first: number,
  last: number,
): Promise<Float32Array> {
  const [before, length] = [bytesOf(tensor.type, first), bytesOf(tensor.type, last - first)];
  if (before === undefined || length === undefined) {
    throw typeUnsupported(tensor.file, tensor.name, tensor.type);
  }
  const start = tensor.start + before;
  const bytes = await source.readBytes(tensor.file, start, start + length);
  if (bytes.length !== length) {
    throw truncated(tensor.file, start + length, start + bytes.length, tensor.name);
  }
  const values = decodeElements(bytes, tensor.type, last - first);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new EngineError(
      "TENSOR_NOT_FINITE",
      `Tensor ${tensor.name} holds ${values[bad]} at element ${first + bad}.`,
      {
        remedy: "The checkpoint is damaged or its training diverged; use another one.",
        details: {
          tensor: tensor.name,
          element: first + bad,
          expected: "a finite number",
          found: String(values[bad]),
        },
      },
    );
  }
  return values;
}

function decodeElements(bytes: Uint8Array, type: string, elements: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(elements);
  const bits = new Uint32Array(values.buffer);
  if (type === "Q8_0") {
    decodeBlocks(view, values);
    return values;
  }
  for (let index = 0; index < values.length; index++) {
    if (type === "F32") bits[index] = view.getUint32(4 * index, true);
    else if (type === "BF16") bits[index] = view.getUint16(2 * index, true) << 16;
    else values[index] = halfToNumber(view.getUint16(2 * index, true));
  }
  return values;
}

/** Q8_0: a scale of 11 bits times 8 bits is exact in float32. */
function decodeBlocks(view: DataView, values: Float32Array): void {
  const { block, bytes } = ELEMENT_TYPES.Q8_0!;
  for (let index = 0; index < values.length; index++) {
    const start = Math.floor(index / block) * bytes;
    values[index] = halfToNumber(view.getUint16(start, true)) * view.getInt8(start + 2 + (index % block));
  }
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
