import type { RowTensor, TableTensor } from "../tensors/tensor.ts";

/** Covers the rounding of narrow inputs, below 0.8 % in length for 65,536 elements, and of normalisation, below 0.1 %. */
const ROUNDING_MARGIN = 1 + 2 ** -5;

/**
 * A value that no row can exceed in magnitude, whatever the residual (Cauchy and Schwarz).
 *
 * The normalised vector is y[k] = d[k] · gains[k] · 2^(8 - fraction) with |d| <= 1, each element rounded to 2^-fraction, so
 * |row · y| <= |row ∘ gains| · 2^(8 - fraction) + |row| · sqrt(columns) · 2^-fraction / 2. Row and gains are the quantised
 * ones: it is they that run.
 *
 * @param fraction fraction bits of the normalised vector.
 * @param bias [rows], added to the product.
 */
export function largestProduct(
  weights: RowTensor,
  gains: TableTensor,
  fraction: number,
  bias?: Float64Array,
): number {
  let largest = 0;
  for (let row = 0; row < weights.rows; row++) {
    let squares = 0;
    let scaledSquares = 0;
    for (let column = 0; column < weights.columns; column++) {
      const q = weights.values[row * weights.columns + column]!;
      const scaled = q * gains.values[column]!;
      squares += q * q;
      scaledSquares += scaled * scaled;
    }
    const scale = weights.multipliers[row]! * 2 ** -weights.shifts[row]!;
    const exact = Math.sqrt(scaledSquares) * 2 ** (8 - fraction);
    const rounding = (Math.sqrt(squares * weights.columns) * 2 ** -fraction) / 2;
    const offset = Math.abs(bias?.[row] ?? 0) * ROUNDING_MARGIN;
    largest = Math.max(largest, scale * (exact * ROUNDING_MARGIN + rounding) + offset);
  }
  return largest;
}
