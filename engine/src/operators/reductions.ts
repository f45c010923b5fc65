import { NARROW_MAXIMUM, shiftRound } from "../arithmetic/round.ts";

/** Elements in one step of a maximum or of a sum of squares. */
export const REDUCTION_CHUNK = 1024;

/** Largest magnitude in each chunk of 1,024, in [0, 2^31]. */
export function chunkMaxima(values: Int32Array): Uint32Array {
  const maxima = new Uint32Array(Math.ceil(values.length / REDUCTION_CHUNK));
  for (let index = 0; index < values.length; index++) {
    const chunk = Math.floor(index / REDUCTION_CHUNK);
    maxima[chunk] = Math.max(maxima[chunk]!, Math.abs(values[index]!));
  }
  return maxima;
}

/**
 * Smallest exponent e >= 0 with shiftRound(maximum, e) <= 32,639. At most 17, since maximum <= 2^31.
 * Then |shiftRound(x, e)| <= 32,639 for every |x| <= maximum: nothing is ever clipped.
 */
export function narrowExponent(maximum: number): number {
  let exponent = 0;
  while ((exponent === 0 ? maximum : shiftRound(maximum, exponent)) > NARROW_MAXIMUM) exponent++;
  return exponent;
}

/** shiftRound(value, exponent), without saturation at exponent 0: |value| is then at most 32,639. */
export function narrowed(values: Int32Array, exponent: number): Int16Array {
  return Int16Array.from(values, (value) => shiftRound(value, exponent));
}
