import { brainBits, halfBits, type FloatTensor } from "./safetensors-writer.ts";

/** A value with its GGUF type: a scalar, or an array of scalars of one type. */
export type TypedValue = readonly [type: ScalarType, value: unknown];
export type ScalarType = keyof typeof SCALARS;
export type GgufElementType = "F32" | "F16" | "BF16" | "Q8_0";

const SCALARS = { u8: 0, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, u64: 10, i64: 11, f64: 12 } as const;
const WIDTHS = { u8: 1, bool: 1, u32: 4, i32: 4, f32: 4, f64: 8, u64: 8, i64: 8 } as const;
const ARRAY = 9;
const TENSOR_TYPES = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 } as const;
const BLOCK = 32;

export interface GgufTensor extends FloatTensor {
  readonly type: GgufElementType;
}

export interface GgufFile {
  readonly metadata: ReadonlyMap<string, TypedValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** Default 32. */
  readonly alignment?: number;
}

/** Writes a GGUF file of version 3. */
export function encodeGguf({ metadata, tensors, alignment = 32 }: GgufFile): Uint8Array {
  const header = new Bytes();
  header.number("u32", 0x46554747);
  header.number("u32", 3);
  header.number("u64", tensors.size);
  header.number("u64", metadata.size);
  for (const [key, [type, value]] of metadata) {
    header.text(key);
    if (Array.isArray(value)) {
      header.number("u32", ARRAY);
      header.number("u32", SCALARS[type]);
      header.number("u64", value.length);
      for (const item of value) header.scalar(type, item);
    } else {
      header.number("u32", SCALARS[type]);
      header.scalar(type, value);
    }
  }
  const data = new Bytes();
  for (const [name, { type, shape, values }] of tensors) {
    header.text(name);
    header.number("u32", shape.length);
    for (const dimension of [...shape].reverse()) header.number("u64", dimension);
    header.number("u32", TENSOR_TYPES[type]);
    header.number("u64", data.length);
    data.add(encodeElements(type, values));
    data.pad(alignment);
  }
  header.pad(alignment);
  header.add(data.bytes());
  return header.bytes();
}

export function encodeElements(type: GgufElementType, values: Float64Array): Uint8Array {
  if (type === "Q8_0") return encodeBlocks(values);
  const width = type === "F32" ? 4 : 2;
  const view = new DataView(new ArrayBuffer(width * values.length));
  values.forEach((value, index) => {
    if (type === "F32") view.setFloat32(4 * index, value, true);
    else view.setUint16(2 * index, type === "BF16" ? brainBits(value) : halfBits(value), true);
  });
  return new Uint8Array(view.buffer);
}

/** As llama.cpp has it: the scale is the block's largest magnitude / 127, here cut to binary16 before it is used. */
function encodeBlocks(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer((values.length / BLOCK) * (BLOCK + 2)));
  for (let start = 0, at = 0; start < values.length; start += BLOCK, at += BLOCK + 2) {
    const block = values.subarray(start, start + BLOCK);
    const largest = block.reduce((maximum, value) => Math.max(maximum, Math.abs(value)), 0);
    view.setUint16(at, halfBits(largest / 127), true);
    block.forEach((value, index) => {
      const scaled = largest === 0 ? 0 : Math.round((value / largest) * 127);
      view.setInt8(at + 2 + index, scaled);
    });
  }
  return new Uint8Array(view.buffer);
}

/** Bytes that grow. */
class Bytes {
  #bytes: Uint8Array = new Uint8Array(1024);
  length = 0;

  add(part: Uint8Array): void {
    if (this.length + part.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.length + part.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.length);
    this.length += part.length;
  }

  number(type: "u32" | "u64", value: number): void {
    this.scalar(type, value);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.number("u64", bytes.length);
    this.add(bytes);
  }

  scalar(type: ScalarType, value: unknown): void {
    if (type === "string") return this.text(value as string);
    const view = new DataView(new ArrayBuffer(8));
    const number = Number(value);
    if (type === "u8" || type === "bool") view.setUint8(0, number);
    else if (type === "u32") view.setUint32(0, number, true);
    else if (type === "i32") view.setInt32(0, number, true);
    else if (type === "f32") view.setFloat32(0, number, true);
    else if (type === "f64") view.setFloat64(0, number, true);
    else view.setBigInt64(0, BigInt(value as number), true);
    this.add(new Uint8Array(view.buffer, 0, WIDTHS[type]));
  }

  pad(alignment: number): void {
    this.add(new Uint8Array((alignment - (this.length % alignment)) % alignment));
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
