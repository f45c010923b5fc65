import { EngineError } from "../../errors.ts";
import { decodeText, type CheckpointSource } from "../checkpoint.ts";
import { blockOf, bytesOf, truncated, typeUnsupported, type StoredTensor } from "../stored-tensor.ts";

/*
 * The header of a GGUF file, as ggml's docs/gguf.md defines it, all numbers little endian:
 * "GGUF" ‖ uint32 version ‖ uint64 tensors ‖ uint64 keys ‖ keys ‖ tensors, then the data from the next multiple of the
 * alignment on. Nothing that the file claims is allocated before the bytes for it are there.
 */

/** uint8 … float64 as numbers; integers beyond 2^53 are refused. */
export type GgufValue =
  number | boolean | string | readonly number[] | readonly boolean[] | readonly string[];

export interface GgufHeader {
  readonly file: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly StoredTensor[];
}

const MAGIC = 0x46554747;
const LARGEST_HEADER = 100_000_000;
const FIRST_READ = 2 ** 20;
const LARGEST_KEY = 65535;
/** Items of all lists together: several times what the largest vocabularies take. */
const MOST_ITEMS = 2 ** 23;
const LARGEST_TENSOR_NAME = 64;
const ARRAY = 9;
const STRING = 8;
const FLOAT32 = 6;

/** Types of ggml tensors by number; those that cannot be imported are refused by their name. */
const TENSOR_TYPES: Readonly<Record<number, string>> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  8: "Q8_0",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  12: "Q4_K",
  13: "Q5_K",
  14: "Q6_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  30: "BF16",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

/**
 * Reads metadata and tensor descriptors of one GGUF file.
 *
 * @throws EngineError `GGUF_HEADER_INVALID`, `GGUF_TRUNCATED`, `GGUF_VERSION_UNSUPPORTED`, `TENSOR_TYPE_UNSUPPORTED`,
 * `TEXT_INVALID`.
 */
export async function readGguf(source: CheckpointSource, file: string): Promise<GgufHeader> {
  const size = await source.size(file);
  const largest = Math.min(size, LARGEST_HEADER);
  for (let length = Math.min(size, FIRST_READ); ; length = Math.min(largest, 4 * length)) {
    const bytes = await source.readBytes(file, 0, length);
    const reader = new Reader(file, bytes, size);
    try {
      return readHeader(reader);
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      if (bytes.length < length) throw truncated(file, length, bytes.length);
      if (length === size) throw truncated(file, error.needed, size);
      if (length === LARGEST_HEADER) throw headerInvalid(file, `its header exceeds ${LARGEST_HEADER} bytes`);
    }
  }
}

/** The part of the file that was read ends before the header does. */
class EndOfBytes extends Error {
  readonly needed: number;
  constructor(needed: number) {
    super(`${needed} bytes are needed`);
    this.needed = needed;
  }
}

function readHeader(reader: Reader): GgufHeader {
  const { file } = reader;
  const magic = reader.number(4);
  if (magic !== MAGIC) throw headerInvalid(file, "it does not begin with GGUF");
  const version = reader.number(4);
  if (version !== 2 && version !== 3) {
    throw new EngineError("GGUF_VERSION_UNSUPPORTED", `${file} is of GGUF version ${version}.`, {
      remedy: "Convert the model again with a newer llama.cpp: versions 2 and 3, little endian, are read.",
      details: { file, expected: [2, 3], found: version },
    });
  }
  // A tensor takes at least 24 bytes, a key with its value at least 13.
  const tensors = reader.count("tensors", 24);
  const keys = reader.count("keys", 13);
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < keys; index++) {
    const key = reader.text("a key", LARGEST_KEY);
    if (metadata.has(key)) throw headerInvalid(file, `it has the key ${key} twice`);
    metadata.set(key, reader.value(key, reader.number(4)));
  }
  const alignment = metadata.get("general.alignment") ?? 32;
  if (!Number.isSafeInteger(alignment) || (alignment as number) < 8 || (alignment as number) % 8 !== 0) {
    throw headerInvalid(file, `general.alignment is ${JSON.stringify(alignment)}, not a multiple of 8`);
  }
  const entries: Entry[] = [];
  for (let index = 0; index < tensors; index++) entries.push(readEntry(reader));
  return { file, metadata, tensors: placed(reader, entries, alignment as number) };
}

/** A descriptor whose offset still counts from where the data begin. */
interface Entry {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
}

function readEntry(reader: Reader): Entry {
  const { file, size } = reader;
  const name = reader.text("a tensor's name", LARGEST_TENSOR_NAME);
  const dimensions = reader.number(4);
  if (dimensions < 1 || dimensions > 4) {
    throw headerInvalid(file, `tensor ${name} has ${dimensions} dimensions`, { tensor: name });
  }
  // ggml counts the fastest dimension first.
  const shape = Array.from({ length: dimensions }, () => reader.whole64(`a dimension of ${name}`)).reverse();
  const number = reader.number(4);
  const offset = reader.whole64(`the offset of ${name}`);
  const type = TENSOR_TYPES[number] ?? `ggml ${number}`;
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  if (bytesOf(type, 0) === undefined) throw typeUnsupported(file, name, type);
  const described = `tensor ${name} of ${type} [${shape.join(", ")}]`;
  if (shape.at(-1)! % blockOf(type) !== 0) {
    throw headerInvalid(file, `${described} has rows that end inside a block of ${blockOf(type)}`, {
      tensor: name,
    });
  }
  const bytes = Number.isSafeInteger(elements) ? bytesOf(type, elements)! : Infinity;
  if (bytes === 0) throw headerInvalid(file, `${described} is empty`, { tensor: name });
  if (bytes > size) throw truncated(file, offset + bytes, size, name);
  return { name, type, shape, offset, bytes };
}

/** Places the tensors behind the header: aligned, one after another, with no more than padding in between. */
function placed(reader: Reader, entries: readonly Entry[], alignment: number): StoredTensor[] {
  const { file, size } = reader;
  const aligned = (at: number) => Math.ceil(at / alignment) * alignment;
  const dataStart = aligned(reader.position);
  const names = new Set<string>();
  for (const { name, offset } of entries) {
    if (names.has(name)) throw headerInvalid(file, `it has the tensor ${name} twice`, { tensor: name });
    names.add(name);
    if (offset % alignment !== 0) {
      const problem = `tensor ${name} begins at ${offset}, not a multiple of ${alignment}`;
      throw headerInvalid(file, problem, { tensor: name, expected: alignment, found: offset });
    }
  }
  let expected = 0;
  for (const { name, offset, bytes } of [...entries].sort((left, right) => left.offset - right.offset)) {
    const details = { tensor: name, expected, found: offset };
    if (offset < expected) throw headerInvalid(file, `tensor ${name} overlaps another one`, details);
    if (offset > expected) {
      const gap = `${offset - expected} bytes before tensor ${name} belong to no tensor`;
      throw headerInvalid(file, gap, details);
    }
    if (dataStart + offset + bytes > size) throw truncated(file, dataStart + offset + bytes, size, name);
    expected = aligned(offset + bytes);
  }
  if (size > dataStart + expected) {
    const rest = `${size - dataStart - expected} bytes at its end belong to no tensor`;
    throw headerInvalid(file, rest, { expected: dataStart + expected, found: size });
  }
  return entries.map(({ name, type, shape, offset, bytes }) => {
    const start = dataStart + offset;
    return { name, file, type, shape, start, end: start + bytes };
  });
}

/** Values one after another; every count is held against the bytes that are left in the file. */
class Reader {
  readonly file: string;
  /** Bytes of the whole file, of which `bytes` are the first. */
  readonly size: number;
  position = 0;
  #items = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(file: string, bytes: Uint8Array, size: number) {
    this.file = file;
    this.size = size;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  number(width: 1 | 2 | 4): number {
    const at = this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  whole64(what: string): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw headerInvalid(this.file, `${what} is ${value}, which is beyond 2^53`);
  }

  /** A number of items that take at least `least` bytes each. */
  count(what: string, least: number): number {
    const count = this.whole64(`the number of ${what}`);
    const left = this.size - this.position;
    if (count * least <= left) return count;
    throw headerInvalid(this.file, `it claims ${count} ${what}, but only ${left} bytes follow`, {
      expected: count,
      found: left,
    });
  }

  text(what: string, longest = LARGEST_HEADER): string {
    const length = this.count(`bytes of ${what}`, 1);
    if (length > longest) throw headerInvalid(this.file, `${what} has ${length} bytes`);
    const at = this.#take(length);
    return decodeText(this.#bytes.subarray(at, at + length), `${what} in ${this.file}`);
  }

  value(key: string, type: number): GgufValue {
    if (type !== ARRAY) return this.#scalar(key, type);
    const items = this.number(4);
    if (items === ARRAY) throw headerInvalid(this.file, `${key} is an array of arrays`);
    const count = this.count(`items of ${key}`, items === STRING ? 8 : 1);
    this.#items += count;
    if (this.#items > MOST_ITEMS) {
      throw headerInvalid(this.file, `its lists have more than ${MOST_ITEMS} items, with ${key}`);
    }
    const values: (number | boolean | string)[] = [];
    for (let index = 0; index < count; index++) values.push(this.#scalar(key, items));
    return values as readonly number[];
  }

  #scalar(key: string, type: number): number | boolean | string {
    const view = this.#view;
    switch (type) {
      case 0:
        return this.number(1);
      case 1:
        return view.getInt8(this.#take(1));
      case 2:
        return this.number(2);
      case 3:
        return view.getInt16(this.#take(2), true);
      case 4:
        return this.number(4);
      case 5:
        return view.getInt32(this.#take(4), true);
      case FLOAT32:
        return shortestDecimal(view.getFloat32(this.#take(4), true));
      case 7:
        return this.#flag(key);
      case STRING:
        return this.text(key);
      case 10:
        return this.whole64(key);
      case 11:
        return this.#signed64(key);
      case 12:
        return view.getFloat64(this.#take(8), true);
      default:
        throw headerInvalid(this.file, `${key} is of the unknown type ${type}`);
    }
  }

  #flag(key: string): boolean {
    const value = this.number(1);
    if (value > 1) throw headerInvalid(this.file, `${key} is the truth value ${value}`);
    return value === 1;
  }

  #signed64(key: string): number {
    const value = Number(this.#view.getBigInt64(this.#take(8), true));
    if (Number.isSafeInteger(value)) return value;
    throw headerInvalid(this.file, `${key} is ${value}, which is beyond 2^53`);
  }

  #take(length: number): number {
    const at = this.position;
    if (at + length > this.#bytes.length) throw new EndOfBytes(at + length);
    this.position += length;
    return at;
  }
}

/** The number that somebody wrote before it was rounded to float32: 1e-5 rather than 9.99999974737875e-6. */
function shortestDecimal(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return value;
}

export function headerInvalid(file: string, problem: string, details: object = {}): EngineError {
  return new EngineError("GGUF_HEADER_INVALID", `${file} is damaged: ${problem}.`, {
    remedy: "Download the file again.",
    details: { file, problem, ...details },
  });
}
