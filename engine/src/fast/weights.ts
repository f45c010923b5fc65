import type { Model } from "../model.ts";
import { constant } from "../operators/definition.ts";
import type { Operator } from "../program/program.ts";
import type { RowTensor, TableTensor } from "../tensors/tensor.ts";
import { align } from "./layout.ts";
import { allocateMemory, type WasmMemory } from "./kernels.ts";
import type { SharedMemory, Threads } from "./threads.ts";

/** Rows of one matrix that lie in one shard, and where. Addresses are in bytes. */
export interface Piece {
  readonly shard: number;
  readonly firstRow: number;
  readonly rows: number;
  /** Bytes of a row: the columns, filled up with zeros to a multiple of 16. */
  readonly stride: number;
  readonly weights: number;
  readonly multipliers: number;
  readonly shifts: number;
  /** 0 without bias. */
  readonly bias: number;
}

/** One WebAssembly memory of weights, with room for a block's inputs and outputs. */
export interface Shard {
  readonly memory: WasmMemory;
  readonly shared: SharedMemory;
  readonly bytes: Uint8Array;
}

/** Rows lie in groups of four, 16 columns of each in turn; see `packRows` in engine/kernels. */
export const ROWS_TOGETHER = 4;

/** Where every shard keeps the vectors of the product that is being computed. */
export interface Exchange {
  readonly exponents: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
}

/** Places all matrices before anything is allocated, so that a budget can be judged. */
export interface WeightsPlan {
  readonly exchange: Exchange;
  /** By index of the linear operator. */
  readonly pieces: ReadonlyMap<number, readonly Piece[]>;
  readonly shardSizes: readonly number[];
  /** Bytes of all shards. */
  readonly size: number;
}

export function matrixOf(model: Model, operator: Operator): RowTensor {
  return model.tensors[operator.tensors[0]!] as RowTensor;
}

/** @param shardSize largest memory in bytes */
export function planWeights(model: Model, blockSize: number, shardSize: number): WeightsPlan {
  const linears = [...model.program.operators.entries()].filter(([, { kind }]) => kind === "linear");
  const positionsOf = (operator: Operator) => (operator.phase === "always" ? blockSize : 1);
  const largest = (of: (operator: Operator) => number) =>
    Math.max(0, ...linears.map(([, operator]) => of(operator)));
  const exponents = 64;
  const inputs = align(exponents + 4 * blockSize);
  const outputs = align(
    inputs + largest((operator) => positionsOf(operator) * inputPitch(constant(operator, 1))),
  );
  const outputsEnd = outputs + largest((operator) => positionsOf(operator) * 4 * constant(operator, 0));
  // Groups of rows come in through the same room.
  const packingEnd = inputs + largest((operator) => ROWS_TOGETHER * constant(operator, 1));
  const size = align(Math.max(outputsEnd, packingEnd));
  const shardSizes: number[] = [size];
  const pieces = new Map<number, Piece[]>();
  for (const [index, operator] of linears) {
    const stride = align(constant(operator, 1), 16);
    const rows = constant(operator, 0);
    const placed: Piece[] = [];
    for (let firstRow = 0; firstRow < rows;) {
      const used = shardSizes.at(-1)!;
      // 64 bytes an array for alignment; a row, its multiplier, shift and bias take stride + 8.
      const groups = Math.floor((shardSize - used - 256) / (stride + 8) / ROWS_TOGETHER);
      if (groups < 1 && used > size) {
        shardSizes.push(size);
        continue;
      }
      const count = Math.min(rows - firstRow, ROWS_TOGETHER * Math.max(1, groups));
      const multipliers = align(used + align(count, ROWS_TOGETHER) * stride);
      const shifts = align(multipliers + 2 * count);
      const bias = align(shifts + 2 * count);
      const hasBias = operator.tensors.length > 1;
      placed.push({
        shard: shardSizes.length - 1,
        firstRow,
        rows: count,
        stride,
        weights: used,
        multipliers,
        shifts,
        bias: hasBias ? bias : 0,
      });
      shardSizes[shardSizes.length - 1] = hasBias ? align(bias + 4 * count) : bias;
      firstRow += count;
    }
    pieces.set(index, placed);
  }
  return {
    exchange: { exponents, inputs, outputs, size },
    pieces,
    shardSizes: shardSizes.map((bytes) => align(bytes + 64, 65536)),
    size: shardSizes.reduce((sum, bytes) => sum + align(bytes + 64, 65536), 0),
  };
}

/** Bytes from one position's input to the next: never a multiple of 4,096, whose multiples caches keep in one place. */
export function inputPitch(columns: number): number {
  return 2 * align(columns, 16) + 64;
}

/** Copies a model's matrices into memories of their own. */
export function loadWeights(model: Model, plan: WeightsPlan, threads: Threads): Shard[] {
  const shards = plan.shardSizes.map((size): Shard => {
    const memory = allocateMemory(size);
    return { memory, shared: threads.share(memory), bytes: new Uint8Array(memory.buffer) };
  });
  for (const [index, pieces] of plan.pieces) {
    const operator = model.program.operators[index]!;
    const bias = operator.tensors[1];
    for (const piece of pieces) {
      const { buffer } = shards[piece.shard]!.memory;
      copyRows(matrixOf(model, operator), piece, shards[piece.shard]!, plan.exchange.inputs);
      if (bias !== undefined) {
        const { values } = model.tensors[bias] as TableTensor;
        const end = piece.firstRow + piece.rows;
        new Int32Array(buffer, piece.bias, piece.rows).set(values.subarray(piece.firstRow, end));
      }
    }
  }
  return shards;
}

function copyRows(matrix: RowTensor, piece: Piece, { memory, shared, bytes }: Shard, room: number): void {
  const { columns } = matrix;
  const { buffer } = memory;
  const end = piece.firstRow + piece.rows;
  for (let row = piece.firstRow; row < end; row += ROWS_TOGETHER) {
    const last = Math.min(end, row + ROWS_TOGETHER);
    bytes.set(matrix.values.subarray(row * columns, last * columns), room);
    const target = piece.weights + (row - piece.firstRow) * piece.stride;
    shared.kernels.packRows(room, last - row, columns, piece.stride, target);
  }
  new Uint16Array(buffer, piece.multipliers, piece.rows).set(
    matrix.multipliers.subarray(piece.firstRow, end),
  );
  new Int16Array(buffer, piece.shifts, piece.rows).set(matrix.shifts.subarray(piece.firstRow, end));
}
