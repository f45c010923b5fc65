/**
 * The fast executor's operators, in AssemblyScript. Every function reads and writes the one memory that it is given;
 * parameters named after arrays are byte addresses. Definitions and overflow bounds are in docs/engine.md, section 5.
 * `npm run kernels -w @athanor/engine` compiles them to src/fast/kernels.generated.ts.
 */
import {
  largestMagnitude,
  narrowed,
  narrowExponent,
  saturate32,
  saturateNarrow,
  shiftRound,
} from "./arithmetic";

export { linear, packRows, rowPartials } from "./linear";
export { mix, scores, softmax, storeKeys } from "./attention";

const REDUCTION_CHUNK = 1024;
const LOGIT_CHUNK = 1024;

/** y = saturate32(shiftRound(q · m, shift)) for int8 q. */
export function embed(weights: usize, width: i32, multiplier: i32, shift: i32, output: usize): void {
  for (let index = 0; index < width; index++) {
    const product = <i64>(<i32>load<i8>(weights + index) * multiplier);
    store<i32>(output + (index << 2), <i32>saturate32(shiftRound(product, shift)));
  }
}

/** maxima uint32 [chunks]; squares int64 [chunks]; scalars int32: exponent, multiplier, shift. */
export function normalize(
  residual: usize,
  gains: usize,
  width: i32,
  epsilon: f64,
  output: usize,
  maxima: usize,
  squares: usize,
  scalars: usize,
): void {
  let largest: u32 = 0;
  for (let start = 0; start < width; start += REDUCTION_CHUNK) {
    const best = largestMagnitude(residual + (start << 2), min(REDUCTION_CHUNK, width - start));
    store<u32>(maxima, best);
    maxima += 4;
    largest = max(largest, best);
  }
  const exponent = narrowExponent(largest);
  let sum: i64 = 0;
  for (let start = 0; start < width; start += REDUCTION_CHUNK) {
    let partial: i64 = 0;
    for (let index = start; index < min(width, start + REDUCTION_CHUNK); index++) {
      const value = <i64>narrowed(load<i32>(residual + (index << 2)), exponent);
      partial += value * value;
    }
    store<i64>(squares, partial);
    squares += 8;
    sum += partial;
  }
  let mantissa = max<i64>(1, sum + (exponent == 0 ? <i64>epsilon : shiftRound(<i64>epsilon, 2 * exponent)));
  let half = 0;
  for (; mantissa >= (<i64>1) << 32; half++) mantissa >>= 2;
  for (; mantissa < 1 << 30; half--) mantissa <<= 2;
  // A square root of an integer below 2^32 rounded to float64 has the right floor.
  const multiplier = ((<i64>1) << 31) / <i64>Math.sqrt(<f64>mantissa);
  const shift = 1 + half + exponent;
  store<i32>(scalars, exponent);
  store<i32>(scalars, <i32>multiplier, 4);
  store<i32>(scalars, shift, 8);
  for (let index = 0; index < width; index++) {
    const direction = saturate32(shiftRound(<i64>load<i32>(residual + (index << 2)) * multiplier, shift));
    const value = saturate32(shiftRound(direction * <i64>load<i32>(gains + (index << 2)), 22));
    store<i32>(output + (index << 2), <i32>value);
  }
}

/** int16 [groups][size] with exponents int32 [groups]; maxima uint32 [groups][chunks]. */
export function narrow(
  input: usize,
  groups: i32,
  size: i32,
  output: usize,
  exponents: usize,
  maxima: usize,
): void {
  for (let group = 0; group < groups; group++) {
    let largest: u32 = 0;
    for (let start = 0; start < size; start += REDUCTION_CHUNK) {
      const best = largestMagnitude(input + (start << 2), min(REDUCTION_CHUNK, size - start));
      store<u32>(maxima, best);
      maxima += 4;
      largest = max(largest, best);
    }
    const exponent = narrowExponent(largest);
    store<i32>(exponents + (group << 2), exponent);
    for (let index = 0; index < size; index++) {
      store<i16>(output + (index << 1), <i16>narrowed(load<i32>(input + (index << 2)), exponent));
    }
    input += size << 2;
    output += size << 1;
  }
}

/** `angles` is the position's row of the rotary table. */
export function rotate(input: usize, angles: usize, heads: i32, size: i32, output: usize): void {
  const half = size << 1;
  for (let head = 0; head < heads; head++) {
    for (let pair = 0; pair < half; pair += 4) {
      const x1 = <i64>load<i32>(input + pair);
      const x2 = <i64>load<i32>(input + half + pair);
      const cosine = <i64>load<i32>(angles + pair);
      const sine = <i64>load<i32>(angles + half + pair);
      store<i32>(output + pair, <i32>saturate32(shiftRound(x1 * cosine - x2 * sine, 20)));
      store<i32>(output + half + pair, <i32>saturate32(shiftRound(x2 * cosine + x1 * sine, 20)));
    }
    input += size << 2;
    output += size << 2;
  }
}

/** Writes one column of a page, int16 [channels][32]. */
export function storeValues(input: usize, channels: i32, column: i32, page: usize): void {
  for (let channel = 0; channel < channels; channel++) {
    const value = saturateNarrow(load<i32>(input + (channel << 2)));
    store<i16>(page + (channel << 6) + (column << 1), <i16>value);
  }
}

function positiveSigmoid(x: i64, table: usize): i64 {
  if (x >= 1 << 20) return 1 << 20;
  const row = table + ((<usize>(x >> 10)) << 3);
  return <i64>(load<i32>(row) + ((load<i32>(row, 4) * <i32>(x & 1023) + 512) >> 10));
}

/** |silu| <= 2^31 and |u| <= 2^31, so product and half fit into 64 bits for every productShift in [17, 62]. */
export function gate(
  gates: usize,
  ups: usize,
  width: i32,
  sigmoidShift: i32,
  productShift: i32,
  table: usize,
  output: usize,
): void {
  const half = (<i64>1) << (productShift - 1);
  for (let index = 0; index < width; index++) {
    const value = <i64>load<i32>(gates + (index << 2));
    const x = shiftRound(value, sigmoidShift);
    const sigmoid = x < 0 ? (1 << 20) - positiveSigmoid(-x, table) : positiveSigmoid(x, table);
    const silu = (value * sigmoid + (1 << 19)) >> 20;
    const product = silu * <i64>load<i32>(ups + (index << 2));
    store<i32>(output + (index << 2), <i32>saturate32((product + half) >> productShift));
  }
}

export function add(left: usize, right: usize, width: i32, output: usize): void {
  for (let index = 0; index < width << 2; index += 4) {
    const sum = <i64>load<i32>(left + index) + <i64>load<i32>(right + index);
    store<i32>(output + index, <i32>saturate32(sum));
  }
}

/** winners int32 [chunks][2]: token and logit. */
export function argmax(logits: usize, count: i32, winners: usize, output: usize): void {
  let winner = 0;
  let highest = i32.MIN_VALUE;
  for (let start = 0; start < count; start += LOGIT_CHUNK) {
    let best = start;
    let value = load<i32>(logits + (start << 2));
    for (let token = start + 1; token < min(count, start + LOGIT_CHUNK); token++) {
      const logit = load<i32>(logits + (token << 2));
      if (logit > value) {
        value = logit;
        best = token;
      }
    }
    store<i32>(winners, best);
    store<i32>(winners, value, 4);
    winners += 8;
    if (value > highest) {
      highest = value;
      winner = best;
    }
  }
  store<i32>(output, winner);
}
