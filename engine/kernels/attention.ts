import { reciprocalPower, scaled, totals, widened } from "./sums";

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

/** Scores of one query and four keys; `base` is multiplier · 2^(exponent of the query - shift). */
function fourScores(
  query: usize,
  key0: usize,
  stride: i32,
  base: f64,
  exponents: usize,
  output: usize,
): void {
  const key1 = key0 + (stride << 1);
  const key2 = key1 + (stride << 1);
  const key3 = key2 + (stride << 1);
  let wide0 = i64x2.splat(0);
  let wide1 = i64x2.splat(0);
  let wide2 = i64x2.splat(0);
  let wide3 = i64x2.splat(0);
  for (let at = 0; at < stride << 1; at += 16) {
    const values = v128.load(query + at);
    wide0 = i64x2.add(wide0, widened(i32x4.dot_i16x8_s(values, v128.load(key0 + at))));
    wide1 = i64x2.add(wide1, widened(i32x4.dot_i16x8_s(values, v128.load(key1 + at))));
    wide2 = i64x2.add(wide2, widened(i32x4.dot_i16x8_s(values, v128.load(key2 + at))));
    wide3 = i64x2.add(wide3, widened(i32x4.dot_i16x8_s(values, v128.load(key3 + at))));
  }
  const left = scaled(totals(wide0, wide1), keyFactors(base, exponents));
  const right = scaled(totals(wide2, wide3), keyFactors(base, exponents + 8));
  v128.store(output, i64x2.shuffle(left, right, 0, 2));
}

/** base · 2^exponent of two keys. */
function keyFactors(base: f64, exponents: usize): v128 {
  return f64x2.replace_lane(
    f64x2.splat(base * reciprocalPower(-load<i32>(exponents))),
    1,
    base * reciprocalPower(-load<i32>(exponents, 4)),
  );
}

/**
 * Scores of the items [start, end) out of [heads][positions]: int32 [heads][pitch] each, for all positions up to the
 * item's own, then zeros up to a whole page. A product of two narrow numbers has 30 bits and a pair of them
 * 2 · 32,639² < 2^31, so every pair is widened at once. What follows a query's end meets zeros in the keys.
 *
 * @param first position of the first query; `queryPitch` and `outputPitch` are the bytes from one position to the next
 */
export function scores(
  start: i32,
  end: i32,
  positions: i32,
  first: i32,
  queries: usize,
  queryExponents: usize,
  queryPitch: i32,
  keys: usize,
  keyExponents: usize,
  heads: i32,
  keyHeads: i32,
  size: i32,
  stride: i32,
  capacity: i32,
  multiplier: i32,
  shift: i32,
  output: usize,
  outputPitch: i32,
  pitch: i32,
): void {
  for (let item = start; item < end; item++) {
    const head = item / positions;
    const slot = item % positions;
    const count = first + slot + 1;
    const keyHead = (head * keyHeads) / heads;
    const query = queries + slot * queryPitch + ((head * size) << 1);
    const exponent = load<i32>(queryExponents + slot * queryPitch + (head << 2));
    const to = output + slot * outputPitch + ((head * pitch) << 2);
    const exponentsOfKeys = keyExponents + ((keyHead * capacity) << 2);
    const base = <f64>multiplier * reciprocalPower(shift - exponent);
    const keysOfHead = keys + ((keyHead * capacity * stride) << 1);
    // Up to three beyond the last: what is read there is some memory, and what is written is overwritten with zeros.
    for (let position = 0; position < count; position += 4) {
      const key = keysOfHead + ((position * stride) << 1);
      fourScores(query, key, stride, base, exponentsOfKeys + (position << 2), to + (position << 2));
    }
    zeroFill(to, count);
  }
}

/** The largest of `count` int32, at least one. */
function largestOf(values: usize, count: i32): i32 {
  let four = i32x4.splat(i32.MIN_VALUE);
  let index = 0;
  for (; index + 4 <= count; index += 4) four = i32x4.max_s(four, v128.load(values + (index << 2)));
  let largest = max(
    max(i32x4.extract_lane(four, 0), i32x4.extract_lane(four, 1)),
    max(i32x4.extract_lane(four, 2), i32x4.extract_lane(four, 3)),
  );
  for (; index < count; index++) largest = max(largest, load<i32>(values + (index << 2)));
  return largest;
}

/**
 * Weights of the items [start, end) out of [heads][positions], int32 [heads][pitch] each, filled with zeros to a whole
 * page. Where `maxima` is not 0, which needs a single position: maxima int32 [heads][chunks], maximum [heads].
 */
export function softmax(
  start: i32,
  end: i32,
  positions: i32,
  first: i32,
  input: usize,
  output: usize,
  outputPitch: i32,
  pitch: i32,
  table: usize,
  maxima: usize,
  maximum: usize,
): void {
  for (let item = start; item < end; item++) {
    const head = item / positions;
    const slot = item % positions;
    const count = first + slot + 1;
    const offset = slot * outputPitch + ((head * pitch) << 2);
    const from = input + offset;
    const to = output + offset;
    const chunks = (count + POSITION_CHUNK - 1) / POSITION_CHUNK;
    let largest = i32.MIN_VALUE;
    for (let begin = 0; begin < count; begin += POSITION_CHUNK) {
      const best = largestOf(from + (begin << 2), min(POSITION_CHUNK, count - begin));
      if (maxima != 0) store<i32>(maxima + ((head * chunks + begin / POSITION_CHUNK) << 2), best);
      largest = max(largest, best);
    }
    if (maxima != 0) store<i32>(maximum + (head << 2), largest);
    for (let position = 0; position < count; position++) {
      // In [0, 2^32): the difference wraps in 32 bits to the right unsigned number.
      const x: u32 = largest - load<i32>(from + (position << 2));
      const row = table + (((x >> 8) & 255) << 3);
      const value = load<i32>(row) + ((load<i32>(row, 4) * <i32>(x & 255) + 128) >> 8);
      // Values are at most 2^22: from 24 halvings on nothing is left.
      const halvings = min<u32>(x >> 16, 24);
      const weight = (value + ((1 << halvings) >> 1)) >> halvings;
      store<i32>(to + (position << 2), weight);
    }
    zeroFill(to, count);
  }
}
