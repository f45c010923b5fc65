import type { Model } from "../model.ts";
import { constant } from "../operators/definition.ts";
import { ROW_CHUNK } from "../tensors/chunks.ts";
import {
  inputPitch,
  ROWS_TOGETHER,
  type Exchange,
  type Piece,
  type Shard,
  type WeightsPlan,
} from "./weights.ts";
import type { Threads } from "./threads.ts";

/** Where a session has the inputs of one product, and wants its outputs. Addresses and pitches are in bytes. */
export interface Product {
  readonly positions: number;
  readonly bytes: Uint8Array;
  readonly input: number;
  readonly inputPitch: number;
  /** Where in an input's slot its exponent stands. */
  readonly exponents: number;
  readonly output: number;
  readonly outputPitch: number;
  /** Wants the partial sums of each position, [rows × chunks], if rows are longer than one chunk. */
  readonly onPartials: ((slot: number, partials: BigInt64Array) => void) | undefined;
}

/** Matrix products with a model's weights, for any number of sessions, one product at a time. */
export class Products {
  readonly #model: Model;
  readonly #exchange: Exchange;
  readonly #pieces: WeightsPlan["pieces"];
  readonly #shards: readonly Shard[];
  readonly #threads: Threads;

  constructor(model: Model, plan: WeightsPlan, shards: readonly Shard[], threads: Threads) {
    this.#model = model;
    this.#exchange = plan.exchange;
    this.#pieces = plan.pieces;
    this.#shards = shards;
    this.#threads = threads;
  }

  multiply(index: number, product: Product): void {
    const operator = this.#model.program.operators[index]!;
    const [, columns, shift] = operator.constants as [number, number, number];
    for (const piece of this.#pieces.get(index)!) {
      this.#bringInputs(piece, columns, product);
      const { outputs, inputs, exponents } = this.#exchange;
      const { positions } = product;
      const shard = this.#shards[piece.shard]!;
      this.#threads.run({
        memory: shard.shared,
        kernel: "linear",
        items: piece.rows,
        granularity: ROWS_TOGETHER,
        work: piece.rows * piece.stride * positions,
        parameters: [
          piece.weights,
          piece.stride,
          piece.multipliers,
          piece.shifts,
          piece.bias,
          inputs,
          inputPitch(columns),
          exponents,
          positions,
          shift,
          outputs,
          4 * piece.rows,
        ],
      });
      this.#takeOutputs(piece, product);
    }
    if (product.onPartials && columns > ROW_CHUNK) {
      for (let slot = 0; slot < product.positions; slot++) {
        product.onPartials(slot, this.#partials(index, columns, product, slot));
      }
    }
  }

  #bringInputs({ shard }: Piece, columns: number, product: Product): void {
    const { bytes } = this.#shards[shard]!;
    const { inputs, exponents } = this.#exchange;
    for (let slot = 0; slot < product.positions; slot++) {
      const from = product.input + slot * product.inputPitch;
      bytes.set(product.bytes.subarray(from, from + 2 * columns), inputs + slot * inputPitch(columns));
      const exponent = from + product.exponents;
      bytes.set(product.bytes.subarray(exponent, exponent + 4), exponents + 4 * slot);
    }
  }

  #takeOutputs({ shard, firstRow, rows }: Piece, product: Product): void {
    const { bytes } = this.#shards[shard]!;
    const { outputs } = this.#exchange;
    for (let slot = 0; slot < product.positions; slot++) {
      const from = outputs + slot * 4 * rows;
      product.bytes.set(
        bytes.subarray(from, from + 4 * rows),
        product.output + slot * product.outputPitch + 4 * firstRow,
      );
    }
  }

  /** Only for observers: the same sums once more, chunk by chunk, a row at a time. */
  #partials(index: number, columns: number, product: Product, slot: number): BigInt64Array {
    const chunks = Math.ceil(columns / ROW_CHUNK);
    const rows = constant(this.#model.program.operators[index]!, 0);
    const partials = new BigInt64Array(rows * chunks);
    const { inputs, outputs } = this.#exchange;
    const input = inputs + slot * inputPitch(columns);
    for (const piece of this.#pieces.get(index)!) {
      this.#bringInputs(piece, columns, product);
      const { shared, memory } = this.#shards[piece.shard]!;
      for (let row = 0; row < piece.rows; row++) {
        const group = row - (row % ROWS_TOGETHER);
        const weights = piece.weights + group * piece.stride + (row - group) * 16;
        shared.kernels.rowPartials(weights, piece.stride, input, outputs);
        partials.set(new BigInt64Array(memory.buffer, outputs, chunks), (piece.firstRow + row) * chunks);
      }
    }
    return partials;
  }
}
