/** Nearest int32 to any integer. */
export function saturate32(value: i64): i64 {
  return min<i64>(i32.MAX_VALUE, max<i64>(i32.MIN_VALUE, value));
}

/** As docs/engine.md section 1 defines it, for |value| < 2^53; here in 64-bit integers. */
export function shiftRound(value: i64, shift: i32): i64 {
  if (shift >= 54) return 0;
  if (shift >= 1) return (value + ((<i64>1) << (shift - 1))) >> shift;
  if (value == 0) return 0;
  if (shift < -31) return value < 0 ? i32.MIN_VALUE : i32.MAX_VALUE;
  return saturate32(saturate32(value) << -shift);
}

/** Nearest integer in [-32,639, 32,639]. */
export function saturateNarrow(value: i32): i32 {
  return min(32639, max(-32639, value));
}

/** Largest magnitude of `count` int32, in [0, 2^31]. */
export function largestMagnitude(values: usize, count: i32): u32 {
  let largest: u32 = 0;
  for (let index = 0; index < count; index++) {
    const value = load<i32>(values + (index << 2));
    // The magnitude of -2^31 is right as an unsigned number.
    const magnitude: u32 = value < 0 ? -value : value;
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** Smallest e >= 0 with shiftRound(largest, e) <= 32,639; at most 17. */
export function narrowExponent(largest: u32): i32 {
  let exponent = 0;
  while ((exponent == 0 ? <i64>largest : shiftRound(<i64>largest, exponent)) > 32639) exponent++;
  return exponent;
}

/** shiftRound(value, exponent) for exponents up to 31, without leaving 32 bits; the value itself at 0. */
export function narrowed(value: i32, exponent: i32): i32 {
  return exponent == 0 ? value : (value >> exponent) + ((value >> (exponent - 1)) & 1);
}
