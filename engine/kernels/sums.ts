/** Four sums of 32 bits as two of 64. */
export function widened(sums: v128): v128 {
  return i64x2.add(i64x2.extend_low_i32x4_s(sums), i64x2.extend_high_i32x4_s(sums));
}

export function total(sums: v128): i64 {
  return i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1);
}

/**
 * 2^-shift. Beyond 800 the shift does not matter: with what is added to it, which is in [-64, 127], nothing is left of a
 * sum, or everything that is not 0 saturates.
 */
export function reciprocalPower(shift: i32): f64 {
  return reinterpret<f64>((<i64>(1023 - min(800, max(-800, shift)))) << 52);
}

/** Totals of two sums as float64: integers below 2^51, which become the fraction of 1.5 · 2^52. */
export function totals(left: v128, right: v128): v128 {
  const both = i64x2.add(i64x2.shuffle(left, right, 0, 2), i64x2.shuffle(left, right, 1, 3));
  const magic = i64x2.splat(0x4338000000000000);
  return f64x2.sub(i64x2.add(both, magic), magic);
}

/**
 * saturate32(shiftRound(sum · m, s)) of two sums, with factors m · 2^-s, in the lower two lanes. |sum · m| is at most
 * 65,536 · 127 · 32,639 · 32,767 where weights are multiplied, and 256 · 32,639² · 32,767 in scores, both below
 * 0.993 · 2^53: the product with the factor is exact, and floor(x + 0.5) is what docs/engine.md section 1 shows it to be,
 * for shifts from 54 on as well, where |x| < 0.497.
 */
export function scaled(sums: v128, factors: v128): v128 {
  const rounded = f64x2.floor(f64x2.add(f64x2.mul(sums, factors), f64x2.splat(0.5)));
  return i32x4.trunc_sat_f64x2_s_zero(rounded);
}
