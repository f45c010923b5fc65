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
  // The magnitude of -2^31 is right as an unsigned number.
  let four = i32x4.splat(0);
  let index = 0;
  for (; index + 4 <= count; index += 4) {
    four = i32x4.max_u(four, i32x4.abs(v128.load(values + (index << 2))));
  }
  let largest = max(
    max<u32>(i32x4.extract_lane(four, 0), i32x4.extract_lane(four, 1)),
    max<u32>(i32x4.extract_lane(four, 2), i32x4.extract_lane(four, 3)),
  );
  for (; index < count; index++) {
    const value = load<i32>(values + (index << 2));
    largest = max<u32>(largest, value < 0 ? -value : value);
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
function narrowed(value: i32, exponent: i32): i32 {
  return exponent == 0 ? value : (value >> exponent) + ((value >> (exponent - 1)) & 1);
}

/** The same of four, at exponents from 1 on. */
function narrowedFour(values: v128, exponent: i32): v128 {
  const bit = v128.and(i32x4.shr_s(values, exponent - 1), i32x4.splat(1));
  return i32x4.add(i32x4.shr_s(values, exponent), bit);
}

/** Shifts `count` int32 to int16; all are within [-32,639, 32,639] then. */
export function narrowAll(values: usize, count: i32, exponent: i32, output: usize): void {
  let index = 0;
  for (; index + 8 <= count; index += 8) {
    let left = v128.load(values + (index << 2));
    let right = v128.load(values + (index << 2), 16);
    if (exponent != 0) {
      left = narrowedFour(left, exponent);
      right = narrowedFour(right, exponent);
    }
    v128.store(output + (index << 1), i16x8.narrow_i32x4_s(left, right));
  }
  for (; index < count; index++) {
    store<i16>(output + (index << 1), <i16>narrowed(load<i32>(values + (index << 2)), exponent));
  }
}

/** Sum of the squares of `count` int32 that are shifted into [-32,639, 32,639]. */
export function sumOfSquares(values: usize, count: i32, exponent: i32): i64 {
  let wide = i64x2.splat(0);
  let index = 0;
  for (; index + 4 <= count; index += 4) {
    let four = v128.load(values + (index << 2));
    if (exponent != 0) four = narrowedFour(four, exponent);
    wide = i64x2.add(wide, i64x2.extmul_low_i32x4_s(four, four));
    wide = i64x2.add(wide, i64x2.extmul_high_i32x4_s(four, four));
  }
  let sum = i64x2.extract_lane(wide, 0) + i64x2.extract_lane(wide, 1);
  for (; index < count; index++) {
    const value = <i64>narrowed(load<i32>(values + (index << 2)), exponent);
    sum += value * value;
  }
  return sum;
}
