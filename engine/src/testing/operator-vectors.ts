import { fromHex, toHex, type Hex } from "../commitments/hash.ts";
import type { GenerationParameters } from "../commitments/generation.ts";
import type { SectionType, SectionValues, Value } from "../operators/definition.ts";
import type { OperatorKind } from "../program/program.ts";
import type { Tensor } from "../tensors/tensor.ts";
import { encodeElements } from "../trace/encode-tile.ts";
import type { OperatorRun } from "./run-operator.ts";

type ElementType = SectionType | "int8" | "uint16";

/** An array of integers: its type and its elements, big endian. */
export interface VectorArray {
  readonly type: ElementType;
  readonly data: Hex;
}

export interface VectorValue extends VectorArray {
  readonly exponents?: Hex;
}

export type VectorTensor =
  | { kind: "rows"; rows: number; columns: number; values: Hex; multipliers: Hex; shifts: Hex }
  | { kind: "table"; rows: number; columns: number; values: Hex };

/** JSON has no bigints: the seed in decimals. */
export type VectorParameters = Omit<GenerationParameters, "seed"> & { readonly seed?: string };

/** One execution of an operator. */
export interface VectorCase {
  /** Begins with random, extreme or edge. */
  readonly name: string;
  readonly constants: readonly number[];
  readonly position: number;
  readonly token: number;
  readonly generated: number;
  readonly parameters: VectorParameters;
  readonly startOffset: number;
  readonly inputs: readonly VectorValue[];
  /** Of scores: the keys by position. Of mix: the pages by page, the last one as of `position`. */
  readonly history: readonly VectorValue[];
  readonly previous?: VectorValue;
  /** Indices into the file's tensors. */
  readonly tensors: readonly number[];
  /** The trace, in order. */
  readonly sections: Readonly<Record<string, VectorArray>>;
}

/** A file of engine/vectors/operators. */
export interface VectorFile {
  readonly kind: OperatorKind;
  readonly opcode: number;
  readonly tensors: readonly VectorTensor[];
  readonly cases: readonly VectorCase[];
}

/** What `runOperator` takes. */
export function decodeCase(file: VectorFile, vector: VectorCase): OperatorRun {
  const { constants, position, token, generated, parameters, startOffset } = vector;
  const { inputs, history, previous, tensors } = vector;
  const pages = file.kind === "mix" ? 32 : 1;
  return {
    constants,
    position,
    token,
    generated,
    parameters: { ...parameters, seed: BigInt(parameters.seed ?? 0) },
    startOffset,
    inputs: inputs.map(decodeValue),
    history: Array.from({ length: history.length * pages }, (_, index) =>
      decodeValue(history[Math.floor(index / pages)]!),
    ),
    ...(previous && { previous: decodeValue(previous) }),
    tensors: tensors.map((index) => decodeTensor(file.tensors[index]!)),
  };
}

export function decodeArray({ type, data }: VectorArray): SectionValues | Int8Array | Uint16Array {
  const bytes = fromHex(data);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const width = Number(type.replace(/\D/g, "")) / 8;
  const read = <Element>(get: (at: number) => Element) =>
    Array.from({ length: bytes.length / width }, (_, index) => get(index * width));
  switch (type) {
    case "int8":
      return Int8Array.from(read((at) => view.getInt8(at)));
    case "int16":
      return Int16Array.from(read((at) => view.getInt16(at)));
    case "uint16":
      return Uint16Array.from(read((at) => view.getUint16(at)));
    case "int32":
      return Int32Array.from(read((at) => view.getInt32(at)));
    case "uint32":
      return Uint32Array.from(read((at) => view.getUint32(at)));
    case "int64":
      return BigInt64Array.from(read((at) => view.getBigInt64(at)));
  }
}

export function encodeArray(values: SectionValues): VectorArray & { type: SectionType } {
  const type = typeOf(values);
  return { type, data: toHex(encodeElements(type, values)) };
}

export function encodeValue({ values, exponents }: Value): VectorValue {
  return { ...encodeArray(values), ...(exponents && { exponents: encodeArray(exponents).data }) };
}

export function encodeTensor(tensor: Tensor): VectorTensor {
  const { kind, rows, columns } = tensor;
  if (kind === "table") return { kind, rows, columns, values: encodeArray(tensor.values).data };
  const { values, multipliers, shifts } = tensor;
  return {
    kind,
    rows,
    columns,
    values: toHex(new Uint8Array(values.buffer, values.byteOffset, values.length)),
    // Multipliers are below 2^15: the same bytes as int16.
    multipliers: encodeArray(Int16Array.from(multipliers)).data,
    shifts: encodeArray(shifts).data,
  };
}

function decodeValue({ type, data, exponents }: VectorValue): Value {
  const values = decodeArray({ type, data }) as Value["values"];
  return exponents
    ? { values, exponents: decodeArray({ type: "int32", data: exponents }) as Int32Array }
    : { values };
}

function decodeTensor(tensor: VectorTensor): Tensor {
  const { kind, rows, columns } = tensor;
  const array = (type: ElementType, data: Hex) => decodeArray({ type, data });
  if (kind === "table") {
    return { kind, rows, columns, values: array("int32", tensor.values) as Int32Array };
  }
  return {
    kind,
    rows,
    columns,
    values: array("int8", tensor.values) as Int8Array,
    multipliers: array("uint16", tensor.multipliers) as Uint16Array,
    shifts: array("int16", tensor.shifts) as Int16Array,
  };
}

function typeOf(values: SectionValues): SectionType {
  if (values instanceof Int16Array) return "int16";
  if (values instanceof Uint32Array) return "uint32";
  return values instanceof BigInt64Array ? "int64" : "int32";
}
