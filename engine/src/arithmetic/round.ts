export const INT32_MINIMUM = -2147483648;
export const INT32_MAXIMUM = 2147483647;

/**
 * Largest magnitude of a 16-bit activation. Not 32,767: a GPU splits an activation into two signed bytes,
 * a = 256 · high + low with low in [-128, 127], and the high byte must not overflow.
 */
export const NARROW_MAXIMUM = 32639;

/** Nearest int32 to any integer. */
export function saturate32(value: number): number {
  return Math.min(INT32_MAXIMUM, Math.max(INT32_MINIMUM, value));
}

/** Nearest integer in [-32,639, 32,639]. */
export function saturateNarrow(value: number): number {
  return Math.min(NARROW_MAXIMUM, Math.max(-NARROW_MAXIMUM, value));
}

/**
 * value / 2^shift, rounded half up.
 *
 * shift >= 1: floor((value + 2^(shift - 1)) / 2^shift), not saturated.
 * shift <= 0: saturate32(saturate32(value) · 2^-shift).
 *
 * Exact for every integer |value| < 2^53 and every integer shift. The division is exact in float64. Adding one half
 * is exact below magnitude 2^(53 - shift), and the few larger sums lie within one half above that power of two,
 * where a rounded sum cannot reach the next integer. From shift 54 on, |value / 2^shift| < 1/2.
 */
export function shiftRound(value: number, shift: number): number {
  if (shift >= 54) return 0;
  if (shift >= 1) return Math.floor(value / 2 ** shift + 0.5);
  if (value === 0) return 0;
  return shift < -31 ? saturate32(Math.sign(value) * 2 ** 32) : saturate32(saturate32(value) * 2 ** -shift);
}

/**
 * floor((left · right + 2^(shift - 1)) / 2^shift) for int32 factors and a shift in [17, 62]: the one product
 * of the engine that needs 62 bits. Not saturated.
 *
 * With right = 2^16 · high + low (low in [0, 2^16)), left · right = 2^16 · (left · high + floor(left · low / 2^16))
 * plus a rest in [0, 2^16), and the rest cannot change the result because shift >= 17. Every term is below 2^48.
 */
export function shiftRoundProduct(left: number, right: number, shift: number): number {
  const high = right >> 16;
  const low = right & 0xffff;
  return shiftRound(left * high + Math.floor((left * low) / 65536), shift - 16);
}

/** Number of binary digits of a positive integer below 2^53. */
export function bitLength(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 32 + bitLength(Math.floor(value / 2 ** 32));
}
