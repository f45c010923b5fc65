/*
 * Elementary functions in BigInt fixed point, for the tables that are part of a model's root. Math.exp and Math.cos may
 * differ between JavaScript engines in the last bit; these cannot. Numbers are n / 2^128; errors stay below 2^-110.
 */

export const FRACTION = 128n;
export const ONE = 1n << FRACTION;

/** A finite float64, exactly unless it has bits below 2^-128. */
export function fromNumber(value: number): bigint {
  let scale = 0n;
  let whole = value;
  for (; !Number.isInteger(whole) && scale < FRACTION; scale++) whole *= 2;
  return BigInt(Math.trunc(whole)) << (FRACTION - scale);
}

export function multiply(left: bigint, right: bigint): bigint {
  return (left * right) >> FRACTION;
}

export function divide(left: bigint, right: bigint): bigint {
  return (left << FRACTION) / right;
}

/** Nearest integer to x · 2^bits, halves up. */
export function roundTo(x: bigint, bits: bigint): number {
  return Number((x + (1n << (FRACTION - bits - 1n))) >> (FRACTION - bits));
}

/** 2 · artanh(x) = ln((1 + x) / (1 - x)), for |x| <= 1/3. */
function twiceArtanh(x: bigint): bigint {
  const square = multiply(x, x);
  let power = x;
  let sum = 0n;
  for (let odd = 1n; power !== 0n && power !== -1n; odd += 2n) {
    sum += power / odd;
    power = multiply(power, square);
  }
  return 2n * sum;
}

export const LN2 = twiceArtanh(ONE / 3n);

/** arctan(1 / n) for n > 1. */
function inverseTangent(n: bigint): bigint {
  let power = ONE / n;
  let sum = 0n;
  for (let odd = 1n; power !== 0n; odd += 2n) {
    sum += odd % 4n === 1n ? power / odd : -(power / odd);
    power /= n * n;
  }
  return sum;
}

/** By Machin's formula. */
export const PI = 16n * inverseTangent(5n) - 4n * inverseTangent(239n);

/** Natural logarithm of x > 0. */
export function logarithm(x: bigint): bigint {
  let mantissa = x;
  let exponent = 0n;
  for (; mantissa >= 2n * ONE; exponent++) mantissa >>= 1n;
  for (; mantissa < ONE; exponent--) mantissa <<= 1n;
  return twiceArtanh(divide(mantissa - ONE, mantissa + ONE)) + exponent * LN2;
}

/** exp(x) for x <= 0. */
export function exponential(x: bigint): bigint {
  const halvings = -x / LN2;
  const rest = x + halvings * LN2;
  let term = ONE;
  let sum = 0n;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = multiply(term, rest) / n;
  }
  return sum >> halvings;
}

/** [cos x, sin x] for 0 <= x <= 2. */
export function cosineAndSine(x: bigint): [bigint, bigint] {
  const sums: [bigint, bigint] = [0n, 0n];
  let term = ONE;
  for (let n = 0; term !== 0n; n++) {
    sums[n % 2 === 0 ? 0 : 1] += n % 4 < 2 ? term : -term;
    term = multiply(term, x) / BigInt(n + 1);
  }
  return sums;
}
