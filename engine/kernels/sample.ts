import { saturate32, shiftRound } from "./arithmetic";

/** Tokens of one partial result in the trace. */
const CHUNK = 1024;
/** Weights have this many bits after the binary point; the largest is 2^28. */
const WEIGHT_BITS = 28;
/** From this many halvings on a weight is 0. */
const MOST_HALVINGS = 30;
/** Of weights: lengths up to 29 bits, 32 each. */
const CLASSES = 30 * 32;

/**
 * Logits after penalty and minimum: tokens of the bit set `seen` are scaled, those of the list of int32 `stops` get the
 * lowest number.
 *
 * @param shrink factor of logits above 0, `grow` of the others; 16 fraction bits
 */
export function adjust(
  logits: usize,
  count: i32,
  seen: usize,
  shrink: i32,
  grow: i32,
  stops: usize,
  stopCount: i32,
  output: usize,
): void {
  memory.copy(output, logits, count << 2);
  if (shrink != 65536 || grow != 65536) {
    for (let base = 0; base < count; base += 32) {
      let word = load<u32>(seen + (base >> 3));
      for (; word != 0; word &= word - 1) {
        const at = output + ((base + <i32>ctz(word)) << 2);
        const logit = load<i32>(at);
        const product = <i64>logit * <i64>(logit > 0 ? shrink : grow);
        store<i32>(at, <i32>saturate32(shiftRound(product, 16)));
      }
    }
  }
  for (let index = 0; index < stopCount; index++) {
    const token = load<u32>(stops + (index << 2));
    // A list may name what the vocabulary does not have.
    if (token < <u32>count) store<i32>(output + (token << 2), i32.MIN_VALUE);
  }
}

/** winners int32 [chunks][2] and best int32 [2]: the first token with the largest of the int32 `values`, and that value. */
export function winners(values: usize, count: i32, output: usize, best: usize): void {
  let winner = 0;
  let highest = i32.MIN_VALUE;
  for (let start = 0; start < count; start += CHUNK) {
    const end = min(count, start + CHUNK);
    const value = largestOf(values, start, end);
    let token = start;
    while (load<i32>(values + (token << 2)) != value) token++;
    store<i32>(output, token);
    store<i32>(output, value, 4);
    output += 8;
    if (value > highest) {
      highest = value;
      winner = token;
    }
  }
  store<i32>(best, winner);
  store<i32>(best, highest, 4);
}

function largestOf(values: usize, start: i32, end: i32): i32 {
  let four = i32x4.splat(i32.MIN_VALUE);
  let index = start;
  for (; index + 4 <= end; index += 4) four = i32x4.max_s(four, v128.load(values + (index << 2)));
  let largest = max(
    max(i32x4.extract_lane(four, 0), i32x4.extract_lane(four, 1)),
    max(i32x4.extract_lane(four, 2), i32x4.extract_lane(four, 3)),
  );
  for (; index < end; index++) largest = max(largest, load<i32>(values + (index << 2)));
  return largest;
}

/**
 * weights int32 [count], masses int64 [chunks], target int64: how likely each token is beside the best one, what
 * the tokens of a chunk weigh together, and what those that stay must weigh at least.
 *
 * @param best int32 [2], as `winners` writes it
 * @param scale of differences, to powers of two: 16 fraction bits
 * @param share of the whole mass that must stay, 16 fraction bits, at most 1
 */
export function weigh(
  values: usize,
  count: i32,
  best: usize,
  scale: i32,
  share: i32,
  table: usize,
  weights: usize,
  masses: usize,
  target: usize,
): void {
  const highest = load<i32>(best, 4);
  // Smallest difference that is at least 30 halvings; a scale is above 30, so it has 32 bits.
  const nothing = <u32>((((<u64>MOST_HALVINGS) << 32) + <u64>scale - 1) / <u64>scale);
  const highestFour = i32x4.splat(highest);
  const nothingFour = i32x4.splat(<i32>nothing);
  let total: u64 = 0;
  for (let start = 0; start < count; start += CHUNK) {
    const end = min(count, start + CHUNK);
    let mass: u64 = 0;
    for (let token = start; token < end;) {
      if (token + 4 <= end) {
        const differences = i32x4.sub(highestFour, v128.load(values + (token << 2)));
        if (i32x4.all_true(i32x4.ge_u(differences, nothingFour))) {
          v128.store(weights + (token << 2), i32x4.splat(0));
          token += 4;
          continue;
        }
      }
      for (const stop = min(end, token + 4); token < stop; token++) {
        const difference = <u32>(highest - load<i32>(values + (token << 2)));
        const weight = difference >= nothing ? 0 : weightOf(difference, scale, table);
        store<i32>(weights + (token << 2), weight);
        mass += <u64>weight;
      }
    }
    store<u64>(masses, mass);
    masses += 8;
    total += mass;
  }
  // total · share has 65 bits; the high part of total is a multiple of 2^16.
  const low = (total & 65535) * <u64>share;
  store<u64>(target, (total >> 16) * <u64>share + ((low + 65535) >> 16));
}

/** 2^-x with 28 fraction bits, x = difference · scale / 2^16 with 16, below 30. */
function weightOf(difference: u32, scale: i32, table: usize): i32 {
  const x = <u32>((<u64>difference * <u64>scale) >> 16);
  const row = table + (((x >> 8) & 255) << 3);
  const value = load<i32>(row) + ((load<i32>(row, 4) * <i32>(x & 255) + 128) >> 8);
  const halvings = x >> 16;
  return <i32>((((<u64>value) << 6) + (((<u64>1) << halvings) >> 1)) >> halvings);
}

function isEnough(count: u32, mass: u64, topK: u32, target: u64): bool {
  return (topK > 0 && count >= topK) || mass >= target;
}

/**
 * The threshold int32: the largest number such that the weights that are not below it are `topK` at least, or weigh
 * `target` at least. It is one of the weights, so only those of its class are looked at bit by bit.
 *
 * @param topK 0 for no limit
 * @param candidates room for int32 [count] and 12,288 bytes
 */
export function threshold(
  weights: usize,
  count: i32,
  topK: u32,
  target: usize,
  candidates: usize,
  output: usize,
): void {
  const wanted = load<u64>(target);
  // Numbers and masses of the weights of each class; room for them is behind the candidates.
  const sums = (candidates + ((<usize>count) << 2) + 7) & ~7;
  const numbers = sums + (CLASSES << 3);
  memory.fill(sums, 0, CLASSES * 12);
  for (let token = 0; token < count; token++) {
    const weight = load<u32>(weights + (token << 2));
    if (weight == 0) continue;
    const kind = classOf(weight);
    store<u32>(numbers + (kind << 2), load<u32>(numbers + (kind << 2)) + 1);
    store<u64>(sums + (kind << 3), load<u64>(sums + (kind << 3)) + <u64>weight);
  }
  let kind = CLASSES - 1;
  let above: u32 = 0;
  let massAbove: u64 = 0;
  for (; ; kind--) {
    const number = above + load<u32>(numbers + ((<usize>kind) << 2));
    const mass = massAbove + load<u64>(sums + ((<usize>kind) << 3));
    if (isEnough(number, mass, topK, wanted)) break;
    above = number;
    massAbove = mass;
  }
  let lowest = smallestOf(kind);
  let bit = smallestOf(kind + 1) - lowest;
  let left = collect(weights, count, lowest, lowest + bit, candidates);
  while (bit > 1) {
    if (areEqual(candidates, left)) {
      lowest = load<u32>(candidates);
      break;
    }
    bit >>= 1;
    const middle = lowest + bit;
    let number = above;
    let mass = massAbove;
    for (let index = 0; index < left; index++) {
      const weight = load<u32>(candidates + (index << 2));
      if (weight < middle) continue;
      number++;
      mass += <u64>weight;
    }
    if (isEnough(number, mass, topK, wanted)) {
      lowest = middle;
    } else {
      above = number;
      massAbove = mass;
    }
    left = collect(candidates, left, lowest, lowest + bit, candidates);
  }
  store<u32>(output, lowest);
}

/** A weight's class: its length in bits and the five bits below the first one, filled up with zeros. */
function classOf(weight: u32): usize {
  const zeros = clz(weight);
  return <usize>(((32 - zeros) << 5) + (((weight << zeros) >> 26) & 31));
}

/** Smallest weight of a class; that of a class without weights is the next one that there could be. */
function smallestOf(kind: i32): u32 {
  const length = kind >> 5;
  const leading = <u32>(32 + (kind & 31));
  return length >= 6 ? leading << (length - 6) : (leading + (1 << (6 - length)) - 1) >> (6 - length);
}

function areEqual(values: usize, count: i32): bool {
  const first = load<u32>(values);
  for (let index = 1; index < count; index++) {
    if (load<u32>(values + (index << 2)) != first) return false;
  }
  return true;
}

/** Copies what is in [low, high) to `output`, which may be where it comes from; returns how many they are. */
function collect(values: usize, count: i32, low: u32, high: u32, output: usize): i32 {
  let found = 0;
  for (let index = 0; index < count; index++) {
    const value = load<u32>(values + (index << 2));
    if (value - low >= high - low) continue;
    store<u32>(output + (found << 2), value);
    found++;
  }
  return found;
}

/**
 * The same, as the trace shows it: for each bit from 28 down, counted int64 [chunks][2], the number and the mass of a
 * chunk's weights that are not below the threshold with this bit, and int32 the threshold that results.
 */
export function thresholds(
  weights: usize,
  count: i32,
  topK: u32,
  target: usize,
  counted: usize,
  output: usize,
): void {
  const wanted = load<u64>(target);
  let found: u32 = 0;
  for (let bit: u32 = 1 << WEIGHT_BITS; bit != 0; bit >>= 1) {
    let number: u32 = 0;
    let mass: u64 = 0;
    for (let start = 0; start < count; start += CHUNK) {
      let chunkNumber: u32 = 0;
      let chunkMass: u64 = 0;
      for (let token = start; token < min(count, start + CHUNK); token++) {
        const weight = load<u32>(weights + (token << 2));
        if (weight < found + bit) continue;
        chunkNumber++;
        chunkMass += <u64>weight;
      }
      store<u64>(counted, <u64>chunkNumber);
      store<u64>(counted, chunkMass, 8);
      counted += 16;
      number += chunkNumber;
      mass += chunkMass;
    }
    if (isEnough(number, mass, topK, wanted)) found += bit;
    store<u32>(output, found);
    output += 4;
  }
}

/**
 * kept int64 [chunks], drawn int64 [2] and output int32: what the weights of a chunk that are not below the threshold
 * weigh, the chunk and the rest that `uniform` / 2^32 of all of it leads to, and the token.
 */
export function draw(
  weights: usize,
  count: i32,
  threshold: usize,
  uniform: u32,
  kept: usize,
  drawn: usize,
  output: usize,
): void {
  const lowest = load<u32>(threshold);
  let total: u64 = 0;
  for (let start = 0; start < count; start += CHUNK) {
    let mass: u64 = 0;
    for (let token = start; token < min(count, start + CHUNK); token++) {
      const weight = load<u32>(weights + (token << 2));
      if (weight >= lowest) mass += <u64>weight;
    }
    store<u64>(kept + ((<usize>(start >> 10)) << 3), mass);
    total += mass;
  }
  // uniform · total has 80 bits.
  let rest = <u64>uniform * (total >> 32) + ((<u64>uniform * (total & 0xffffffff)) >> 32);
  let chunk = 0;
  for (; load<u64>(kept + ((<usize>chunk) << 3)) <= rest; chunk++)
    rest -= load<u64>(kept + ((<usize>chunk) << 3));
  store<u64>(drawn, <u64>chunk);
  store<u64>(drawn, rest, 8);
  let token = chunk << 10;
  for (; ; token++) {
    const weight = load<u32>(weights + (token << 2));
    if (weight < lowest) continue;
    if (<u64>weight > rest) break;
    rest -= <u64>weight;
  }
  store<i32>(output, token);
}
