import { saturate32, shiftRound } from "./arithmetic";

/** Positions of one partial result in the trace, and of one page of values. */
const POSITION_CHUNK = 256;
const PAGE = 32;

/** Copies a position's keys, int16 [heads][size], to the cache [heads][capacity][stride], and their exponents. */
export function storeKeys(
  values: usize,
  exponents: usize,
  heads: i32,
  size: i32,
  stride: i32,
  capacity: i32,
  position: i32,
  keys: usize,
  keyExponents: usize,
): void {
  for (let head = 0; head < heads; head++) {
    const slot = head * capacity + position;
    memory.copy(keys + ((slot * stride) << 1), values + ((head * size) << 1), size << 1);
    store<i32>(keyExponents + (slot << 2), load<i32>(exponents + (head << 2)));
  }
}

/** Fills int32 behind `count` up to a whole page: what sums over pages read there must be zeros. */
function zeroFill(values: usize, count: i32): void {
  for (let position = count; (position & (PAGE - 1)) != 0; position++)
    store<i32>(values + (position << 2), 0);
}

/**
 * Scores, int32 [heads][pitch], of `count` positions, then zeros up to a whole page. A product of two narrow numbers has 30 bits and a pair of them
 * 2 · 32,639² < 2^31, so every pair is widened at once. What follows a query's end meets zeros in the keys.
 */
export function scores(
  queries: usize,
  queryExponents: usize,
  keys: usize,
  keyExponents: usize,
  heads: i32,
  keyHeads: i32,
  size: i32,
  stride: i32,
  capacity: i32,
  multiplier: i32,
  shift: i32,
  count: i32,
  output: usize,
  pitch: i32,
): void {
  for (let head = 0; head < heads; head++) {
    const keyHead = (head * keyHeads) / heads;
    const query = queries + ((head * size) << 1);
    const exponent = load<i32>(queryExponents + (head << 2));
    let key = keys + ((keyHead * capacity * stride) << 1);
    for (let position = 0; position < count; position++) {
      let wide = i64x2.splat(0);
      for (let index = 0; index < stride; index += 8) {
        const pairs = i32x4.dot_i16x8_s(v128.load(query + (index << 1)), v128.load(key + (index << 1)));
        wide = i64x2.add(wide, i64x2.extend_low_i32x4_s(pairs));
        wide = i64x2.add(wide, i64x2.extend_high_i32x4_s(pairs));
      }
      const dot = i64x2.extract_lane(wide, 0) + i64x2.extract_lane(wide, 1);
      const both = exponent + load<i32>(keyExponents + ((keyHead * capacity + position) << 2));
      const score = saturate32(shiftRound(dot * <i64>multiplier, shift - both));
      store<i32>(output + ((head * pitch + position) << 2), <i32>score);
      key += stride << 1;
    }
    zeroFill(output + ((head * pitch) << 2), count);
  }
}

/** Weights, int32 [heads][pitch], filled with zeros to a whole page; maxima int32 [heads][chunks], maximum [heads]. */
export function softmax(
  input: usize,
  heads: i32,
  count: i32,
  pitch: i32,
  table: usize,
  output: usize,
  maxima: usize,
  maximum: usize,
): void {
  for (let head = 0; head < heads; head++) {
    const from = input + ((head * pitch) << 2);
    const to = output + ((head * pitch) << 2);
    let largest = i32.MIN_VALUE;
    for (let start = 0; start < count; start += POSITION_CHUNK) {
      let best = i32.MIN_VALUE;
      for (let position = start; position < min(count, start + POSITION_CHUNK); position++) {
        best = max(best, load<i32>(from + (position << 2)));
      }
      store<i32>(maxima, best);
      maxima += 4;
      largest = max(largest, best);
    }
    store<i32>(maximum + (head << 2), largest);
    for (let position = 0; position < count; position++) {
      // In [0, 2^32): the difference wraps in 32 bits to the right unsigned number.
      const x: u32 = largest - load<i32>(from + (position << 2));
      const row = table + (((x >> 8) & 255) << 3);
      const value = load<i32>(row) + ((load<i32>(row, 4) * <i32>(x & 255) + 128) >> 8);
      const halvings = x >> 16;
      let weight = value;
      // Values are at most 2^22: from 24 halvings on nothing is left.
      if (halvings >= 24) weight = 0;
      else if (halvings > 0) weight = (value + (1 << (halvings - 1))) >> halvings;
      store<i32>(to + (position << 2), weight);
    }
    zeroFill(to, count);
  }
}

/**
 * Weighted sums of values. pages is int16 [pages][valueHeads · size][32]; weights int32 [heads][pitch] with zeros up to
 * a whole page. Writes int64 sums of weights [heads][chunks] and [heads], of products [heads · size][chunks], and the
 * int32 output.
 */
export function mix(
  weights: usize,
  heads: i32,
  valueHeads: i32,
  size: i32,
  count: i32,
  pitch: i32,
  pages: usize,
  partialWeights: usize,
  totals: usize,
  partials: usize,
  output: usize,
): void {
  const chunks = (count + POSITION_CHUNK - 1) / POSITION_CHUNK;
  const whole = (count + PAGE - 1) & ~(PAGE - 1);
  const pageBytes = (valueHeads * size * PAGE) << 1;
  for (let head = 0; head < heads; head++) {
    const from = weights + ((head * pitch) << 2);
    let weightSum: i64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      let sum: i64 = 0;
      const end = min(whole, (chunk + 1) * POSITION_CHUNK);
      for (let position = chunk * POSITION_CHUNK; position < end; position++) {
        sum += <i64>load<i32>(from + (position << 2));
      }
      store<i64>(partialWeights, sum);
      partialWeights += 8;
      weightSum += sum;
    }
    store<i64>(totals + (head << 3), weightSum);
    const divisor = max<i64>(1, weightSum);
    const spare = 48 - <i32>clz<i64>(divisor);
    // A divisor below 2^15 never comes from softmax, but the operator is total.
    const head16: i64 = spare >= 0 ? divisor >> spare : divisor << -spare;
    const reciprocal: i64 = ((<i64>1) << 31) / head16;
    const valueHead = (head * valueHeads) / heads;
    for (let channel = 0; channel < size; channel++) {
      const line = pages + ((valueHead * size + channel) << 6);
      let sum: i64 = 0;
      for (let chunk = 0; chunk < chunks; chunk++) {
        let wide = i64x2.splat(0);
        const end = min(whole, (chunk + 1) * POSITION_CHUNK);
        for (let start = chunk * POSITION_CHUNK; start < end; start += PAGE) {
          let value = line + (start >> 5) * pageBytes;
          let weight = from + (start << 2);
          for (let index = 0; index < PAGE; index += 8) {
            const eight = v128.load(value);
            const low = i32x4.extend_low_i16x8_s(eight);
            const high = i32x4.extend_high_i16x8_s(eight);
            const left = v128.load(weight);
            const right = v128.load(weight, 16);
            wide = i64x2.add(wide, i64x2.extmul_low_i32x4_s(left, low));
            wide = i64x2.add(wide, i64x2.extmul_high_i32x4_s(left, low));
            wide = i64x2.add(wide, i64x2.extmul_low_i32x4_s(right, high));
            wide = i64x2.add(wide, i64x2.extmul_high_i32x4_s(right, high));
            value += 16;
            weight += 32;
          }
        }
        const partial = i64x2.extract_lane(wide, 0) + i64x2.extract_lane(wide, 1);
        store<i64>(partials, partial);
        partials += 8;
        sum += partial;
      }
      const mixed = saturate32(shiftRound(shiftRound(sum, spare) * reciprocal, 19));
      store<i32>(output + ((head * size + channel) << 2), <i32>mixed);
    }
  }
}
