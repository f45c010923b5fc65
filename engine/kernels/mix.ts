import { saturate32, shiftRound } from "./arithmetic";
import { total, widened } from "./sums";

/** Positions of one partial result in the trace, and of one page of values. */
const POSITION_CHUNK = 256;
const PAGE = 32;

/** Weights that softmax puts out are at most 2^22: two halves of 11 bits, of which the upper one may be 2^11. */
const LARGEST_WEIGHT: i32 = 1 << 22;
const HALF_BITS = 11;

/**
 * Positions after which 32-bit sums are widened. A step multiplies 8 positions and adds pairs of products, each pair
 * at most 2 · 2^11 · 32,639 in magnitude, to 4 lanes. 128 positions are 16 steps: 16 · 2 · 2^11 · 32,639 =
 * 2,139,029,504 < 2^31.
 */
const EXACT_POSITIONS = 128;

// What all channels of one head share; an instance belongs to one thread.
let weights: usize = 0;
let count: i32 = 0;
let pageBytes: i32 = 0;
let spare: i32 = 0;
let reciprocal: i64 = 0;

/** Upper and lower half together. */
function joined(upper: v128, lower: v128): i64 {
  return (total(widened(upper)) << HALF_BITS) + total(widened(lower));
}

function finish(sum: i64, output: usize): void {
  const mixed = saturate32(shiftRound(shiftRound(sum, spare) * reciprocal, 19));
  store<i32>(output, <i32>mixed);
}

/**
 * Four channels whose values begin at `line`, for weights in [0, 2^22]. Writes the sums of each chunk of positions,
 * int64 [4][chunks], unless `partials` is 0.
 */
function fourChannels(line: usize, partials: usize, output: usize): void {
  let sum0: i64 = 0;
  let sum1: i64 = 0;
  let sum2: i64 = 0;
  let sum3: i64 = 0;
  const chunks = (count + POSITION_CHUNK - 1) / POSITION_CHUNK;
  const mask = i32x4.splat((1 << HALF_BITS) - 1);
  for (let chunk = 0; chunk < chunks; chunk++) {
    let partial0: i64 = 0;
    let partial1: i64 = 0;
    let partial2: i64 = 0;
    let partial3: i64 = 0;
    const chunkEnd = min(count, (chunk + 1) * POSITION_CHUNK);
    for (let begin = chunk * POSITION_CHUNK; begin < chunkEnd; begin += EXACT_POSITIONS) {
      const end = min(chunkEnd, begin + EXACT_POSITIONS);
      let upper0 = i32x4.splat(0);
      let upper1 = i32x4.splat(0);
      let upper2 = i32x4.splat(0);
      let upper3 = i32x4.splat(0);
      let lower0 = i32x4.splat(0);
      let lower1 = i32x4.splat(0);
      let lower2 = i32x4.splat(0);
      let lower3 = i32x4.splat(0);
      for (let position = begin; position < end; position += 8) {
        const left = v128.load(weights + (position << 2));
        const right = v128.load(weights + (position << 2), 16);
        const upper = i16x8.narrow_i32x4_s(i32x4.shr_u(left, HALF_BITS), i32x4.shr_u(right, HALF_BITS));
        const lower = i16x8.narrow_i32x4_s(v128.and(left, mask), v128.and(right, mask));
        const from = line + (position >> 5) * pageBytes + ((position & (PAGE - 1)) << 1);
        let values = v128.load(from);
        upper0 = i32x4.add(upper0, i32x4.dot_i16x8_s(upper, values));
        lower0 = i32x4.add(lower0, i32x4.dot_i16x8_s(lower, values));
        values = v128.load(from, 2 * PAGE);
        upper1 = i32x4.add(upper1, i32x4.dot_i16x8_s(upper, values));
        lower1 = i32x4.add(lower1, i32x4.dot_i16x8_s(lower, values));
        values = v128.load(from, 4 * PAGE);
        upper2 = i32x4.add(upper2, i32x4.dot_i16x8_s(upper, values));
        lower2 = i32x4.add(lower2, i32x4.dot_i16x8_s(lower, values));
        values = v128.load(from, 6 * PAGE);
        upper3 = i32x4.add(upper3, i32x4.dot_i16x8_s(upper, values));
        lower3 = i32x4.add(lower3, i32x4.dot_i16x8_s(lower, values));
      }
      partial0 += joined(upper0, lower0);
      partial1 += joined(upper1, lower1);
      partial2 += joined(upper2, lower2);
      partial3 += joined(upper3, lower3);
    }
    if (partials != 0) {
      const at = partials + (chunk << 3);
      store<i64>(at, partial0);
      store<i64>(at + (chunks << 3), partial1);
      store<i64>(at + (chunks << 4), partial2);
      store<i64>(at + 3 * (chunks << 3), partial3);
    }
    sum0 += partial0;
    sum1 += partial1;
    sum2 += partial2;
    sum3 += partial3;
  }
  finish(sum0, output);
  finish(sum1, output + 4);
  finish(sum2, output + 8);
  finish(sum3, output + 12);
}

/** One channel, for any weights. */
function oneChannel(line: usize, partials: usize, output: usize): void {
  const whole = (count + PAGE - 1) & ~(PAGE - 1);
  let sum: i64 = 0;
  for (let begin = 0; begin < whole; begin += POSITION_CHUNK) {
    let wide = i64x2.splat(0);
    const end = min(whole, begin + POSITION_CHUNK);
    for (let position = begin; position < end; position += 8) {
      const values = v128.load(line + (position >> 5) * pageBytes + ((position & (PAGE - 1)) << 1));
      const low = i32x4.extend_low_i16x8_s(values);
      const high = i32x4.extend_high_i16x8_s(values);
      const left = v128.load(weights + (position << 2));
      const right = v128.load(weights + (position << 2), 16);
      wide = i64x2.add(wide, i64x2.extmul_low_i32x4_s(left, low));
      wide = i64x2.add(wide, i64x2.extmul_high_i32x4_s(left, low));
      wide = i64x2.add(wide, i64x2.extmul_low_i32x4_s(right, high));
      wide = i64x2.add(wide, i64x2.extmul_high_i32x4_s(right, high));
    }
    const partial = total(wide);
    if (partials != 0) {
      store<i64>(partials, partial);
      partials += 8;
    }
    sum += partial;
  }
  finish(sum, output);
}

/** Sum of the current head's weights in [begin, end), of which the last page is filled up with zeros. */
function sumOfWeights(begin: i32, end: i32): i64 {
  let wide = i64x2.splat(0);
  for (let position = begin; position < end; position += 4) {
    wide = i64x2.add(wide, widened(v128.load(weights + (position << 2))));
  }
  return total(wide);
}

/** Whether all of the current head's weights can be taken in halves. */
function haveHalves(): boolean {
  let largest = i32x4.splat(0);
  for (let position = 0; position < count; position += 4) {
    largest = i32x4.max_u(largest, v128.load(weights + (position << 2)));
  }
  return !v128.any_true(i32x4.gt_u(largest, i32x4.splat(LARGEST_WEIGHT)));
}

/**
 * Weighted sums of values for the items [start, end) out of [heads][positions]. pages is int16
 * [pages][valueHeads · size][32]; weights int32 [heads][pitch] a position, with zeros up to a whole page. Where
 * `partialWeights` is not 0, which needs a single position: int64 sums of weights [heads][chunks] and [heads], and of
 * products [heads · size][chunks].
 *
 * @param first position of the first item; `inputPitch` and `outputPitch` are the bytes from one position to the next
 */
export function mix(
  start: i32,
  end: i32,
  positions: i32,
  first: i32,
  input: usize,
  inputPitch: i32,
  pitch: i32,
  heads: i32,
  valueHeads: i32,
  size: i32,
  pages: usize,
  output: usize,
  outputPitch: i32,
  partialWeights: usize,
  totals: usize,
  partials: usize,
): void {
  pageBytes = (valueHeads * size * PAGE) << 1;
  for (let item = start; item < end; item++) {
    const head = item / positions;
    const slot = item % positions;
    count = first + slot + 1;
    const chunks = (count + POSITION_CHUNK - 1) / POSITION_CHUNK;
    weights = input + slot * inputPitch + ((head * pitch) << 2);
    let weightSum: i64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const sum = sumOfWeights(chunk * POSITION_CHUNK, min(count, (chunk + 1) * POSITION_CHUNK));
      if (partialWeights != 0) store<i64>(partialWeights + ((head * chunks + chunk) << 3), sum);
      weightSum += sum;
    }
    if (partialWeights != 0) store<i64>(totals + (head << 3), weightSum);
    const divisor = max<i64>(1, weightSum);
    spare = 48 - <i32>clz<i64>(divisor);
    // A divisor below 2^15 never comes from softmax, but the operator is total.
    reciprocal = ((<i64>1) << 31) / (spare >= 0 ? divisor >> spare : divisor << -spare);
    const together = haveHalves() ? 4 : 1;
    const line = pages + ((((head * valueHeads) / heads) * size * PAGE) << 1);
    const to = output + slot * outputPitch + ((head * size) << 2);
    for (let channel = 0; channel < size;) {
      const from = line + ((channel * PAGE) << 1);
      const sums: usize = partials == 0 ? 0 : partials + (((head * size + channel) * chunks) << 3);
      if (together == 4 && channel + 4 <= size) {
        fourChannels(from, sums, to + (channel << 2));
        channel += 4;
      } else {
        oneChannel(from, sums, to + (channel << 2));
        channel++;
      }
    }
  }
}
