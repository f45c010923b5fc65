/*
 * The arithmetic of docs/engine.md in unbounded integers, written from its definitions. Tests hold the executor against it
 * at the edges of every range.
 */

export function saturate(value: bigint): bigint {
  if (value > 2147483647n) return 2147483647n;
  return value < -2147483648n ? -2147483648n : value;
}

export function shiftRoundExact(value: bigint, shift: bigint): bigint {
  return shift >= 1n ? (value + (1n << (shift - 1n))) >> shift : saturate(saturate(value) << -shift);
}

/** Largest integer whose square is at most `value`. */
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
