/**
 * The fast executor's operators, in AssemblyScript. Every function reads and writes the one memory that it is given;
 * parameters named after arrays are byte addresses. Definitions and overflow bounds are in docs/engine.md, section 5.
 * `npm run kernels -w @athanor/engine` compiles them to src/fast/kernels.generated.ts.
 */
import {
  largestMagnitude,
  narrowAll,
  narrowExponent,
  saturate32,
  saturateNarrow,
  shiftRound,
  sumOfSquares,
} from "./arithmetic";

export { linear, packRows, rowPartials } from "./linear";
export { scores, softmax, storeKeys } from "./attention";
export { mix } from "./mix";
export { adjust, draw, threshold, thresholds, weigh, winners } from "./sample";

const REDUCTION_CHUNK = 1024;

/** y = saturate32(shiftRound(q · m, shift)) for int8 q. */
export function embed(weights: usize, width: i32, multiplier: i32, shift: i32, output: usize): void {
  for (let index = 0; index < width; index++) {
    const product = <i64>(<i32>load<i8>(weights + index) * multiplier);
    store<i32>(output + (index << 2), <i32>saturate32(shiftRound(product, shift)));
  }
}

/**
 * One position after the other, [start, end); pitches are the bytes from one to the next. Where `maxima` is not 0,
 * which needs a single position: maxima uint32 [chunks]; squares int64 [chunks]; scalars int32: exponent, multiplier,
 * shift.
 */
export function normalize(
  start: i32,
  end: i32,
  input: usize,
  inputPitch: i32,
  output: usize,
  outputPitch: i32,
  gains: usize,
  groups: i32,
  size: i32,
  epsilon: f64,
  maxima: usize,
  squares: usize,
  scalars: usize,
): void {
  const chunks = (size + REDUCTION_CHUNK - 1) / REDUCTION_CHUNK;
  for (let slot = start; slot < end; slot++) {
    let from = input + slot * inputPitch;
    let to = output + slot * outputPitch;
    for (let group = 0; group < groups; group++) {
      let largest: u32 = 0;
      for (let chunk = 0; chunk < size; chunk += REDUCTION_CHUNK) {
        const best = largestMagnitude(from + (chunk << 2), min(REDUCTION_CHUNK, size - chunk));
        if (maxima != 0) store<u32>(maxima + ((group * chunks + (chunk >> 10)) << 2), best);
        largest = max(largest, best);
      }
      const exponent = narrowExponent(largest);
      let sum: i64 = 0;
      for (let chunk = 0; chunk < size; chunk += REDUCTION_CHUNK) {
        const partial = sumOfSquares(from + (chunk << 2), min(REDUCTION_CHUNK, size - chunk), exponent);
        if (maxima != 0) store<i64>(squares + ((group * chunks + (chunk >> 10)) << 3), partial);
        sum += partial;
      }
      const damping = exponent == 0 ? <i64>epsilon : shiftRound(<i64>epsilon, 2 * exponent);
      let mantissa = max<i64>(1, sum + damping);
      let half = 0;
      for (; mantissa >= (<i64>1) << 32; half++) mantissa >>= 2;
      for (; mantissa < 1 << 30; half--) mantissa <<= 2;
      // A square root of an integer below 2^32 rounded to float64 has the right floor.
      const multiplier = ((<i64>1) << 31) / <i64>Math.sqrt(<f64>mantissa);
      const shift = 1 + half + exponent;
      if (maxima != 0) {
        store<i32>(scalars + (group << 2), exponent);
        store<i32>(scalars + ((groups + 2 * group) << 2), <i32>multiplier);
        store<i32>(scalars + ((groups + 2 * group) << 2), shift, 4);
      }
      for (let index = 0; index < size << 2; index += 4) {
        const direction = saturate32(shiftRound(<i64>load<i32>(from + index) * multiplier, shift));
        const value = saturate32((direction * <i64>load<i32>(gains + index) + (1 << 21)) >> 22);
        store<i32>(to + index, <i32>value);
      }
      from += size << 2;
      to += size << 2;
    }
  }
}

/** int16 [groups][size] of each position of [start, end), with exponents int32 [groups]; maxima uint32 [groups][chunks] or 0. */
export function narrow(
  start: i32,
  end: i32,
  input: usize,
  inputPitch: i32,
  output: usize,
  exponents: usize,
  outputPitch: i32,
  groups: i32,
  size: i32,
  maxima: usize,
): void {
  for (let slot = start; slot < end; slot++) {
    let from = input + slot * inputPitch;
    let to = output + slot * outputPitch;
    for (let group = 0; group < groups; group++) {
      let largest: u32 = 0;
      for (let chunk = 0; chunk < size; chunk += REDUCTION_CHUNK) {
        const best = largestMagnitude(from + (chunk << 2), min(REDUCTION_CHUNK, size - chunk));
        if (maxima != 0) {
          store<u32>(maxima, best);
          maxima += 4;
        }
        largest = max(largest, best);
      }
      const exponent = narrowExponent(largest);
      store<i32>(exponents + slot * outputPitch + (group << 2), exponent);
      narrowAll(from, size, exponent, to);
      from += size << 2;
      to += size << 1;
    }
  }
}

/** `angles` is the row of the rotary table of the position of slot 0. */
export function rotate(
  start: i32,
  end: i32,
  input: usize,
  inputPitch: i32,
  output: usize,
  outputPitch: i32,
  angles: usize,
  heads: i32,
  size: i32,
): void {
  const half = size << 1;
  for (let slot = start; slot < end; slot++) {
    let from = input + slot * inputPitch;
    let to = output + slot * outputPitch;
    const row = angles + ((slot * size) << 2);
    for (let head = 0; head < heads; head++) {
      for (let pair = 0; pair < half; pair += 4) {
        const x1 = <i64>load<i32>(from + pair);
        const x2 = <i64>load<i32>(from + half + pair);
        const cosine = <i64>load<i32>(row + pair);
        const sine = <i64>load<i32>(row + half + pair);
        store<i32>(to + pair, <i32>saturate32(shiftRound(x1 * cosine - x2 * sine, 20)));
        store<i32>(to + half + pair, <i32>saturate32(shiftRound(x2 * cosine + x1 * sine, 20)));
      }
      from += size << 2;
      to += size << 2;
    }
  }
}

/** Writes one column of a page, int16 [channels][32]. */
export function storeValues(input: usize, channels: i32, column: i32, page: usize): void {
  for (let channel = 0; channel < channels; channel++) {
    const value = saturateNarrow(load<i32>(input + (channel << 2)));
    store<i16>(page + (channel << 6) + (column << 1), <i16>value);
  }
}

/** The sigmoid of x with 16 fraction bits, itself with 20; without a branch, because signs are as good as random. */
function sigmoidOf(x: i64, table: usize): i64 {
  const magnitude = select<i64>(-x, x, x < 0);
  const inside = min<i64>(magnitude, (1 << 20) - 1);
  const row = table + ((<usize>(inside >> 10)) << 3);
  const between = <i64>(load<i32>(row) + ((load<i32>(row, 4) * <i32>(inside & 1023) + 512) >> 10));
  const positive = select<i64>(1 << 20, between, magnitude >= 1 << 20);
  return select<i64>((1 << 20) - positive, positive, x < 0);
}

/** |silu| <= 2^31 and |u| <= 2^31, so product and half fit into 64 bits for every productShift in [17, 62]. */
export function gate(
  start: i32,
  end: i32,
  gates: usize,
  gatePitch: i32,
  ups: usize,
  upPitch: i32,
  output: usize,
  outputPitch: i32,
  width: i32,
  sigmoidShift: i32,
  productShift: i32,
  table: usize,
): void {
  const half = (<i64>1) << (productShift - 1);
  for (let slot = start; slot < end; slot++) {
    const left = gates + slot * gatePitch;
    const right = ups + slot * upPitch;
    const to = output + slot * outputPitch;
    for (let index = 0; index < width << 2; index += 4) {
      const value = <i64>load<i32>(left + index);
      const sigmoid = sigmoidOf(shiftRound(value, sigmoidShift), table);
      const silu = (value * sigmoid + (1 << 19)) >> 20;
      const product = silu * <i64>load<i32>(right + index);
      store<i32>(to + index, <i32>saturate32((product + half) >> productShift));
    }
  }
}

export function add(
  start: i32,
  end: i32,
  lefts: usize,
  leftPitch: i32,
  rights: usize,
  rightPitch: i32,
  output: usize,
  outputPitch: i32,
  width: i32,
): void {
  for (let slot = start; slot < end; slot++) {
    const left = lefts + slot * leftPitch;
    const right = rights + slot * rightPitch;
    const to = output + slot * outputPitch;
    for (let index = 0; index < width << 2; index += 4) {
      const sum = <i64>load<i32>(left + index) + <i64>load<i32>(right + index);
      store<i32>(to + index, <i32>saturate32(sum));
    }
  }
}
