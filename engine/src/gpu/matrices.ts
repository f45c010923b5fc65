import type { Operator, Program } from "../program/program.ts";
import type { RowTensor, TableTensor, Tensor } from "../tensors/tensor.ts";
import type { GpuMemory } from "./memory.ts";

/** Some rows of a matrix in a buffer of their own. */
export interface MatrixPart {
  readonly buffer: GPUBuffer;
  readonly firstRow: number;
  readonly rows: number;
}

/** Weights of one tensor, or of several below one another, in as many buffers as the device's limits ask for. */
export interface Matrix {
  readonly rows: number;
  /** Vectors of 16 weights in a row, the last one filled up with zeros. */
  readonly vectors: number;
  readonly parts: readonly MatrixPart[];
}

/** Every matrix of a model, in a device's memory once. */
export class Matrices {
  readonly #memory: GpuMemory;
  readonly #tensors: readonly Tensor[];
  readonly #matrices = new Map<string, Promise<Matrix>>();

  constructor(memory: GpuMemory, tensors: readonly Tensor[]) {
    this.#memory = memory;
    this.#tensors = tensors;
  }

  /** The tensors below one another, all of the same columns. */
  of(tensors: readonly number[]): Promise<Matrix> {
    const key = tensors.join();
    let matrix = this.#matrices.get(key);
    if (!matrix) {
      matrix = this.#load(tensors.map((tensor) => this.#tensors[tensor] as RowTensor));
      this.#matrices.set(key, matrix);
    }
    return matrix;
  }

  /** How many buffers the tensors would take below one another. */
  partsOf(tensors: readonly number[]): number {
    const sources = tensors.map((tensor) => this.#tensors[tensor] as RowTensor);
    const rows = sources.reduce((sum, tensor) => sum + tensor.rows, 0);
    return Math.ceil(rows / this.#rowsAtMost(Math.ceil(sources[0]!.columns / 16)));
  }

  #rowsAtMost(vectors: number): number {
    return Math.max(1, Math.floor(this.#memory.largest / (16 * vectors)));
  }

  async #load(sources: readonly RowTensor[]): Promise<Matrix> {
    const { columns } = sources[0]!;
    const vectors = Math.ceil(columns / 16);
    const places = sources.flatMap((tensor) =>
      Array.from({ length: tensor.rows }, (_, row) => ({ tensor, row })),
    );
    const atMost = this.#rowsAtMost(vectors);
    const parts: MatrixPart[] = [];
    for (let firstRow = 0; firstRow < places.length; firstRow += atMost) {
      const rows = Math.min(atMost, places.length - firstRow);
      const buffer = this.#memory.storage("weights", rows * vectors * 16);
      await this.#memory.upload(buffer, rows, vectors * 16, (index, bytes) => {
        const { tensor, row } = places[firstRow + index]!;
        bytes.set(tensor.values.subarray(row * columns, (row + 1) * columns));
      });
      parts.push({ buffer, firstRow, rows });
    }
    return { rows: places.length, vectors, parts };
  }
}

/** A word for each row: its multiplier in the low half, its shift and the operator's in the high one. */
export function scalesOf(tensor: RowTensor, shift: number): Uint32Array {
  return Uint32Array.from(
    tensor.multipliers,
    (multiplier, row) => (((tensor.shifts[row]! + shift) << 16) | multiplier) >>> 0,
  );
}

/** Biases of linear operators one after another, zeros for those without; undefined if none has one. */
export function biasesOf(operators: readonly Operator[], tensors: readonly Tensor[]): Int32Array | undefined {
  if (operators.every((operator) => operator.tensors.length < 2)) return undefined;
  const parts = operators.map((operator) =>
    operator.tensors.length > 1
      ? (tensors[operator.tensors[1]!] as TableTensor).values
      : new Int32Array(operator.constants[0]!),
  );
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** How many operators read each tensor. */
export function tensorReaders({ operators }: Program): Map<number, number> {
  const readers = new Map<number, number>();
  for (const tensor of operators.flatMap((operator) => operator.tensors)) {
    readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
  }
  return readers;
}
