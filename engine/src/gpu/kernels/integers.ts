/**
 * The arithmetic of docs/engine.md, section 1, in WGSL, which has no integers of 64 bits: they are two's complement in
 * vec2<u32>(low, high), here called "wide".
 */
export const INTEGERS = /* wgsl */ `
const LARGEST: i32 = 2147483647;
const SMALLEST: i32 = -2147483648;

fn wide(value: i32) -> vec2<u32> { return vec2(bitcast<u32>(value), bitcast<u32>(value >> 31u)); }

fn wideSum(left: vec2<u32>, right: vec2<u32>) -> vec2<u32> {
  let low = left.x + right.x;
  return vec2(low, left.y + right.y + select(0u, 1u, low < left.x));
}

fn wideBelow(left: vec2<u32>, right: vec2<u32>) -> bool {
  return left.y < right.y || (left.y == right.y && left.x < right.x);
}

/** The whole product of two factors without signs. */
fn productOf(left: u32, right: u32) -> vec2<u32> {
  let low = (left & 0xffffu) * (right & 0xffffu);
  let first = (left >> 16u) * (right & 0xffffu);
  let second = (left & 0xffffu) * (right >> 16u);
  let middle = (low >> 16u) + (first & 0xffffu) + (second & 0xffffu);
  let high = (left >> 16u) * (right >> 16u) + (first >> 16u) + (second >> 16u) + (middle >> 16u);
  return vec2((low & 0xffffu) | (middle << 16u), high);
}

/** The whole product of two factors with signs. */
fn wideProduct(left: i32, right: i32) -> vec2<u32> {
  let product = productOf(bitcast<u32>(left), bitcast<u32>(right));
  let correction = select(0u, bitcast<u32>(right), left < 0) + select(0u, bitcast<u32>(left), right < 0);
  return vec2(product.x, product.y - correction);
}

/** value · factor, where that fits into 64 bits. */
fn wideTimes(value: vec2<u32>, factor: u32) -> vec2<u32> {
  let product = productOf(value.x, factor);
  return vec2(product.x, product.y + value.y * factor);
}

/** value · 2^bits, bits in [0, 63]. */
fn shiftLeft(value: vec2<u32>, bits: u32) -> vec2<u32> {
  if (bits == 0u) { return value; }
  if (bits >= 32u) { return vec2(0u, value.x << (bits - 32u)); }
  return vec2(value.x << bits, (value.y << bits) | (value.x >> (32u - bits)));
}

/** floor(value / 2^bits), bits in [0, 63]. */
fn shiftRight(value: vec2<u32>, bits: u32) -> vec2<u32> {
  if (bits == 0u) { return value; }
  let high = bitcast<i32>(value.y);
  if (bits >= 32u) { return vec2(bitcast<u32>(high >> (bits - 32u)), bitcast<u32>(high >> 31u)); }
  return vec2((value.x >> bits) | (value.y << (32u - bits)), bitcast<u32>(high >> bits));
}

/** The nearest int32. */
fn saturate32(value: vec2<u32>) -> i32 {
  let low = bitcast<i32>(value.x);
  if (bitcast<i32>(value.y) == (low >> 31u)) { return low; }
  return select(LARGEST, SMALLEST, bitcast<i32>(value.y) < 0);
}

/** shiftRound of the specification, for |value| < 2^62 and any shift. */
fn wideShiftRound(value: vec2<u32>, shift: i32) -> vec2<u32> {
  if (shift >= 64) { return vec2(0u, 0u); }
  if (shift >= 1) {
    return shiftRight(wideSum(value, shiftLeft(vec2(1u, 0u), u32(shift - 1))), u32(shift));
  }
  let nearest = saturate32(value);
  if (shift <= -32) { return wide(select(select(SMALLEST, LARGEST, nearest > 0), 0, nearest == 0)); }
  return wide(saturate32(shiftLeft(wide(nearest), u32(-shift))));
}

fn shiftRound32(value: vec2<u32>, shift: i32) -> i32 { return saturate32(wideShiftRound(value, shift)); }

/** shiftRound of an int32 by bits in [0, 31], not saturated. */
fn shiftRoundSmall(value: i32, bits: u32) -> i32 {
  if (bits == 0u) { return value; }
  return (value >> bits) + ((value >> (bits - 1u)) & 1);
}

fn saturatedSum(left: i32, right: i32) -> i32 {
  let sum = left + right;
  return select(sum, select(LARGEST, SMALLEST, left < 0), ((left ^ sum) & (right ^ sum)) < 0);
}

fn magnitude(value: i32) -> u32 { return select(bitcast<u32>(value), 0u - bitcast<u32>(value), value < 0); }

/** Smallest exponent with which a magnitude of at most 2^31 becomes one of at most 32,639. */
fn narrowExponent(maximum: u32) -> u32 {
  var exponent = 0u;
  var rounded = maximum;
  while (rounded > 32639u) {
    exponent++;
    rounded = (maximum >> exponent) + ((maximum >> (exponent - 1u)) & 1u);
  }
  return exponent;
}

/** a = 256 · high + low, both in int8 since |a| <= 32,639. */
fn lowHalf(value: i32) -> i32 { return (value << 24u) >> 24u; }
fn highHalf(value: i32) -> i32 { return (value - lowHalf(value)) >> 8u; }

/** Four values as (four high halves, four low halves), the first in the lowest byte. */
fn splitHalves(values: vec4<i32>) -> vec2<u32> {
  let low = vec4(lowHalf(values.x), lowHalf(values.y), lowHalf(values.z), lowHalf(values.w));
  let high = (values - low) >> vec4(8u);
  return vec2(pack4xI8(high), pack4xI8(low));
}
`;
