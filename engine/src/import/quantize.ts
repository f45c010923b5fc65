import { EngineError } from "../errors.ts";
import { GAIN_LIMIT } from "../operators/normalize.ts";
import {
  MULTIPLIER_LIMIT,
  SHIFT_MAXIMUM,
  SHIFT_MINIMUM,
  type RowTensor,
  type TableTensor,
} from "../tensors/tensor.ts";
import { tableOf } from "../tables/tables.ts";
import type { Matrix } from "./matrix.ts";

/**
 * Rounds each row to int8 with one scale, the largest weight becoming ±127. The scale is first rounded up to
 * multiplier · 2^-shift and the weights are divided by that, so the scale itself adds no error.
 *
 * @throws EngineError `TENSOR_OUT_OF_RANGE` when a row's weights are too large for the format (above 2^80).
 */
export function quantizeRows(matrix: Matrix, name: string): RowTensor {
  const tensor = emptyRows(matrix.rows, matrix.columns);
  quantizeInto(tensor, 0, matrix, name);
  return tensor;
}

export function emptyRows(rows: number, columns: number): RowTensor {
  return {
    kind: "rows",
    rows,
    columns,
    values: new Int8Array(rows * columns),
    multipliers: new Uint16Array(rows),
    shifts: new Int16Array(rows),
  };
}

/** Quantises a block of a matrix into its rows of `tensor`, from row `first` on. */
export function quantizeInto(tensor: RowTensor, first: number, block: Matrix, name: string): void {
  const { values, multipliers, shifts, columns } = tensor;
  block.forEachRow((weights, index) => {
    const row = first + index;
    let largest = 0;
    for (let column = 0; column < columns; column++) largest = Math.max(largest, Math.abs(weights[column]!));
    const [multiplier, shift] = scaleOf(largest / 127, `Tensor ${name}, row ${row}`);
    multipliers[row] = multiplier;
    shifts[row] = shift;
    const scale = multiplier * 2 ** -shift;
    for (let column = 0; column < columns; column++) {
      values[row * columns + column] = Math.round(weights[column]! / scale);
    }
  });
}

/** A bias [rows] in units of its projection's output, which `largestProduct` keeps within int32. */
export function quantizeBias(bias: Float64Array, fraction: number): TableTensor {
  return tableOf(
    1,
    bias.length,
    bias.map((value) => Math.round(value * 2 ** fraction)),
  );
}

/**
 * Smallest multiplier · 2^-shift that is at least `scale`, multiplier in [2^14, 2^15). Scales too small to tell from
 * zero, and zero, get the smallest scale there is.
 */
export function scaleOf(scale: number, what: string): [multiplier: number, shift: number] {
  let shift = SHIFT_MINIMUM;
  let multiplier = Math.ceil(scale * 2 ** shift);
  if (multiplier >= MULTIPLIER_LIMIT) {
    throw new EngineError("TENSOR_OUT_OF_RANGE", `${what} needs the scale ${scale}, which is too large.`, {
      remedy: "The checkpoint is damaged or its training diverged; use another one.",
      details: { scale },
    });
  }
  while (multiplier < MULTIPLIER_LIMIT / 2 && shift < SHIFT_MAXIMUM) {
    shift++;
    multiplier = Math.ceil(scale * 2 ** shift);
    // Rounding up may reach 2^15 exactly: the same scale one shift back.
    if (multiplier === MULTIPLIER_LIMIT) return [MULTIPLIER_LIMIT / 2, shift - 1];
  }
  return [Math.max(1, multiplier), shift];
}

/**
 * Norm gains as integers: gain · sqrt(width) · 2^scale, with the largest scale that keeps them below 2^22.
 * The normalised vector then has 8 + scale fraction bits.
 */
export function quantizeGains(gains: Float64Array): { table: TableTensor; fraction: number } {
  const root = Math.sqrt(gains.length);
  const largest = gains.reduce((maximum, gain) => Math.max(maximum, Math.abs(gain)), 0) * root;
  const scale = largest === 0 ? 0 : fractionWithin(largest, GAIN_LIMIT - 1, 64);
  const table = tableOf(
    1,
    gains.length,
    gains.map((gain) => Math.round(gain * root * 2 ** scale)),
  );
  return { table, fraction: 8 + scale };
}

/** Largest fraction f <= most with bound · 2^f <= limit. */
export function fractionWithin(bound: number, limit: number, most: number): number {
  let fraction = most;
  while (bound * 2 ** fraction > limit) fraction--;
  return fraction;
}
