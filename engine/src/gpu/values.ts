import { OPERATORS } from "../operators/index.ts";
import type { Program } from "../program/program.ts";
import type { GpuMemory } from "./memory.ts";
import { inputsOf, outputsOf, type Item } from "./fuse.ts";
import { TILE_POSITIONS } from "./kernels/kernel.ts";

/** Where an operator's output lies, for every row; counted in words of four bytes. */
export interface Place {
  readonly buffer: GPUBuffer;
  /** Words before the first element of a row. */
  readonly first: number;
  /** Words from one row to the next. */
  readonly pitch: number;
  /** Of narrow values: [rows][groups] exponents. */
  readonly exponents?: GPUBuffer;
}

/** Words of the high halves of one group of narrow values, in whole vectors of 16 values. */
export function narrowWords(size: number): number {
  return Math.ceil(size / 16) * 4;
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Gives each operator's output a place, and uses buffers again when nobody reads them any more. */
export class Values {
  readonly #memory: GpuMemory;
  readonly #program: Program;
  readonly #rows: number;
  /** Positions that a sequence can have, in whole tiles. */
  readonly #positions: number;
  readonly #places = new Map<number, Place>();
  readonly #lastItem: Map<number, number>;
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #taken: { buffer: GPUBuffer; bytes: number; until: number }[] = [];

  constructor(
    memory: GpuMemory,
    program: Program,
    items: readonly Item[],
    size: { readonly rows: number; readonly positions: number },
  ) {
    this.#memory = memory;
    this.#program = program;
    this.#rows = size.rows;
    this.#positions = roundUp(size.positions, TILE_POSITIONS);
    this.#lastItem = new Map(
      items.flatMap((item, index) => [
        ...inputsOf(item, program).map((input) => [input, index] as const),
        // Tokens and flags are read when the step is done.
        ...outputsOf(item)
          .filter((output) => ["token", "flag"].includes(this.#shape(output).type))
          .map((output) => [output, Infinity] as const),
      ]),
    );
  }

  at(operator: number): Place {
    return this.#places.get(operator)!;
  }

  /** Words of a row of an operator's output. */
  pitchOf(operator: number): number {
    const { type, groups, size } = this.#shape(operator);
    if (type === "narrow") return groups * 2 * narrowWords(size);
    return type === "positions" || type === "weights" ? groups * this.#positions : groups * size;
  }

  /** A place for the outputs of item number `index`, one behind another in each row. */
  take(index: number, operators: readonly number[]): void {
    const pitch = operators.reduce((sum, operator) => sum + this.pitchOf(operator), 0);
    const until = Math.max(index, ...operators.map((operator) => this.#lastItem.get(operator) ?? index));
    const buffer = this.scratch(index, pitch, until);
    let first = 0;
    for (const operator of operators) {
      const { type, groups } = this.#shape(operator);
      const exponents = type === "narrow" ? { exponents: this.scratch(index, groups, until) } : {};
      this.#places.set(operator, { buffer, first, pitch, ...exponents });
      first += this.pitchOf(operator);
    }
  }

  /** A buffer of `words` for each row until item `until` is done. */
  scratch(index: number, words: number, until = index): GPUBuffer {
    const bytes = roundUp(4 * words * this.#rows, 256);
    const buffer = this.#free.get(bytes)?.pop() ?? this.#memory.storage("values", bytes);
    this.#taken.push({ buffer, bytes, until });
    return buffer;
  }

  /** Item number `index` has all its buffers. */
  release(index: number): void {
    for (let at = this.#taken.length - 1; at >= 0; at--) {
      const { buffer, bytes, until } = this.#taken[at]!;
      if (until > index) continue;
      this.#taken.splice(at, 1);
      this.#free.set(bytes, [...(this.#free.get(bytes) ?? []), buffer]);
    }
  }

  #shape(index: number) {
    const operator = this.#program.operators[index]!;
    return OPERATORS[operator.kind].output(operator);
  }
}
