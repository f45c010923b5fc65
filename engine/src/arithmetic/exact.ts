/*
 * The arithmetic of docs/engine.md in unbounded integers, written from its definitions. The chain's steps are recomputed with
 * it, whatever their inputs, and tests hold the executors against it at the edges of every range.
 */

/** Beyond every integer that is shifted here: from this shift on, all of them are rounded to 0. */
const LARGEST_SHIFT = 512n;

export function saturate(value: bigint): bigint {
  if (value > 2147483647n) return 2147483647n;
  return value < -2147483648n ? -2147483648n : value;
}

/** Nearest integer in [-32,639, 32,639]. */
export function saturateNarrowExact(value: bigint): bigint {
  if (value > 32639n) return 32639n;
  return value < -32639n ? -32639n : value;
}

/** Total over |value| < 2^511 and every shift. */
export function shiftRoundExact(value: bigint, shift: bigint): bigint {
  if (shift <= 0n) return saturate(saturate(value) << smaller(-shift, 32n));
  const bits = smaller(shift, LARGEST_SHIFT);
  return (value + (1n << (bits - 1n))) >> bits;
}

/** Largest integer whose square is at most `value`, which is below 2^82. */
export function squareRootExact(value: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

export function dotExact(left: Iterable<number>, right: Iterable<number>): bigint {
  const other = [...right];
  return [...left].reduce((sum, value, index) => sum + BigInt(value) * BigInt(other[index]!), 0n);
}

/** Number of binary digits of a positive integer. */
export function bitLengthExact(value: bigint): bigint {
  return BigInt(value.toString(2).length);
}

export function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

export function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
