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
  const { rows, columns } = matrix;
  const values = new Int8Array(rows * columns);
  const multipliers = new Uint16Array(rows);
  const shifts = new Int16Array(rows);
  for (let row = 0; row < rows; row++) {
    const weights = matrix.values.subarray(row * columns, (row + 1) * columns);
    const largest = weights.reduce((maximum, weight) => Math.max(maximum, Math.abs(weight)), 0);
    const [multiplier, shift] = scaleOf(largest / 127, `Tensor ${name}, row ${row}`);
    multipliers[row] = multiplier;
    shifts[row] = shift;
    const scale = multiplier * 2 ** -shift;
    weights.forEach((weight, column) => (values[row * columns + column] = Math.round(weight / scale)));
  }
  return { kind: "rows", rows, columns, values, multipliers, shifts };
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
