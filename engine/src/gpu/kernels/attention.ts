import { PAGE_POSITIONS, TILE_POSITIONS, type Kernel } from "./kernel.ts";

/**
 * Scores, [rows][heads][pitch]: a workgroup for 256 positions of a head and row, a thread for each. `query` holds the
 * halves of narrow values, `keys` the cache.
 */
export const SCORES: Kernel = {
  name: "scores",
  parameters: [
    "heads: u32",
    "keyHeads: u32",
    "words: u32",
    "queryPitch: u32",
    "multiplier: u32",
    "shift: i32",
    "outputPitch: u32",
  ],
  bindings: [
    { name: "query", type: "array<u32>" },
    { name: "queryExponents", type: "array<i32>" },
    { name: "keys", type: "array<u32>" },
    { name: "output", type: "array<i32>", writes: true },
  ],
  threads: TILE_POSITIONS,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  let head = part % p.heads;
  let position = (part / p.heads) * ${TILE_POSITIONS}u + thread;
  if (position > positionOf(row)) { return; }
  let keyHead = head * p.keyHeads / p.heads;
  let entries = 2u * p.words + 1u;
  let place = ((pageOf(row, position) * p.keyHeads + keyHead) * entries) * ${PAGE_POSITIONS}u + position % ${PAGE_POSITIONS}u;
  let base = (row * p.heads + head) * 2u * p.queryPitch;
  var high = 0;
  var middle = 0;
  var low = 0;
  for (var word = 0u; word < p.words; word++) {
    let queryHigh = query[base + word];
    let queryLow = query[base + p.queryPitch + word];
    let keyHigh = keys[place + word * ${PAGE_POSITIONS}u];
    let keyLow = keys[place + (p.words + word) * ${PAGE_POSITIONS}u];
    high += dot4I8Packed(queryHigh, keyHigh);
    middle += dot4I8Packed(queryHigh, keyLow) + dot4I8Packed(queryLow, keyHigh);
    low += dot4I8Packed(queryLow, keyLow);
  }
  let dot = wideSum(wideSum(shiftLeft(wide(high), 16u), shiftLeft(wide(middle), 8u)), wide(low));
  let exponent = queryExponents[row * p.heads + head] + bitcast<i32>(keys[place + 2u * p.words * ${PAGE_POSITIONS}u]);
  output[(row * p.heads + head) * p.outputPitch + position] =
    shiftRound32(wideTimes(dot, p.multiplier), p.shift - exponent);
}`,
};

/** WGSL: 2^(22 - x) for x in [0, 1) with 16 fraction bits, from the table. */
export const WEIGHT_ENTRY = /* wgsl */ `
fn entryOf(fraction: u32) -> i32 {
  let entry = 2u * ((fraction >> 8u) & 255u);
  return exponentials[entry] + ((exponentials[entry + 1u] * i32(fraction & 255u) + 128) >> 8u);
}
`;

/** WGSL: the weight of a score that is `below` the largest, with 22 fraction bits; docs/engine.md, operator 8. */
export const WEIGHT = /* wgsl */ `
${WEIGHT_ENTRY}
fn weightOf(below: u32) -> i32 {
  let halvings = below >> 16u;
  if (halvings > 30u) { return 0; }
  return shiftRoundSmall(entryOf(below), halvings);
}
`;

/** Weights of a head and row, [rows][heads][pitch], a workgroup for each; the trace's maxima are [rows][heads][chunks]. */
export function softmaxKernel(observed: boolean): Kernel {
  return {
    name: observed ? "softmax observed" : "softmax",
    parameters: ["heads: u32", "pitch: u32", "chunks: u32"],
    bindings: [
      { name: "input", type: "array<i32>" },
      { name: "exponentials", type: "array<i32>" },
      { name: "output", type: "array<i32>", writes: true },
      ...(observed
        ? ([
            { name: "maxima", type: "array<i32>", writes: true },
            { name: "maximum", type: "array<i32>", writes: true },
          ] as const)
        : []),
    ],
    threads: TILE_POSITIONS,
    rowsPerGroup: 1,
    code: /* wgsl */ `
var<workgroup> largest: atomic<u32>;
${observed ? "var<workgroup> largestOfTile: atomic<u32>;" : ""}
${WEIGHT}
/** Keeps the order, without a sign. */
fn ordered(value: i32) -> u32 { return bitcast<u32>(value) ^ 0x80000000u; }
fn run(row: u32, head: u32, thread: u32) {
  let base = (row * p.heads + head) * p.pitch;
  let count = positionOf(row) + 1u;
  ${
    observed
      ? /* wgsl */ `
  for (var tile = 0u; tile * ${TILE_POSITIONS}u < count; tile++) {
    if (thread == 0u) { atomicStore(&largestOfTile, 0u); }
    workgroupBarrier();
    let position = tile * ${TILE_POSITIONS}u + thread;
    if (position < count) { atomicMax(&largestOfTile, ordered(input[base + position])); }
    workgroupBarrier();
    if (thread == 0u) {
      maxima[(row * p.heads + head) * p.chunks + tile] = bitcast<i32>(atomicLoad(&largestOfTile) ^ 0x80000000u);
    }
    workgroupBarrier();
  }`
      : ""
  }
  var peak = 0u;
  for (var position = thread; position < count; position += ${TILE_POSITIONS}u) {
    peak = max(peak, ordered(input[base + position]));
  }
  atomicMax(&largest, peak);
  workgroupBarrier();
  let top = atomicLoad(&largest) ^ 0x80000000u;
  for (var position = thread; position < count; position += ${TILE_POSITIONS}u) {
    output[base + position] = weightOf(top - bitcast<u32>(input[base + position]));
  }
  ${observed ? "if (thread == 0u) { maximum[row * p.heads + head] = bitcast<i32>(top); }" : ""}
}`,
  };
}

/**
 * Sums over 256 positions of weights, [rows][heads][chunks], and of weights times values, [rows][heads · size][chunks], in
 * 64 bits. A workgroup for a chunk of a head and row; a thread for two channels.
 */
export const MIX_PARTIALS: Kernel = {
  name: "mix partials",
  parameters: ["heads: u32", "valueHeads: u32", "size: u32", "pitch: u32", "chunks: u32"],
  bindings: [
    { name: "input", type: "array<i32>" },
    { name: "values", type: "array<u32>" },
    { name: "weightSums", type: "array<vec2<u32>>", writes: true },
    { name: "sums", type: "array<vec2<u32>>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
var<workgroup> weights: array<i32, ${TILE_POSITIONS}>;
var<workgroup> places: array<u32, ${TILE_POSITIONS / PAGE_POSITIONS}>;

/** The parts of weight · value at 1, 2^16 and 2^32, none of which outgrows 32 bits over 256 positions. */
fn limbs(weight: i32, value: i32) -> vec3<i32> {
  let low = (weight & 0xffff) * value;
  let high = (weight >> 16u) * value;
  return vec3(low & 0xffff, (low >> 16u) + (high & 0xffff), high >> 16u);
}
fn whole(parts: vec3<i32>) -> vec2<u32> {
  return wideSum(wideSum(wide(parts.x), shiftLeft(wide(parts.y), 16u)), shiftLeft(wide(parts.z), 32u));
}
fn put(row: u32, head: u32, chunk: u32, channel: u32, parts: vec3<i32>) {
  sums[((row * p.heads + head) * p.size + channel) * p.chunks + chunk] = whole(parts);
}
fn run(row: u32, part: u32, thread: u32) {
  let head = part % p.heads;
  let chunk = part / p.heads;
  let first = chunk * ${TILE_POSITIONS}u;
  let end = positionOf(row) + 1u;
  if (first >= end) { return; }
  let count = min(${TILE_POSITIONS}u, end - first);
  for (var index = thread; index < count; index += 64u) {
    weights[index] = input[(row * p.heads + head) * p.pitch + first + index];
    if (index % ${PAGE_POSITIONS}u == 0u) { places[index / ${PAGE_POSITIONS}u] = pageOf(row, first + index); }
  }
  workgroupBarrier();
  if (thread == 0u) {
    var total = vec2(0u, 0u);
    for (var index = 0u; index < count; index++) { total = wideSum(total, wide(weights[index])); }
    weightSums[(row * p.heads + head) * p.chunks + chunk] = total;
  }
  let rowWords = (p.valueHeads * (p.size) + 1u) / 2u;
  let firstChannel = (head * p.valueHeads / p.heads) * p.size;
  let lastChannel = firstChannel + p.size - 1u;
  for (var word = firstChannel / 2u + thread; word <= lastChannel / 2u; word += 64u) {
    var even = vec3(0);
    var odd = vec3(0);
    for (var index = 0u; index < count; index++) {
      let place = places[index / ${PAGE_POSITIONS}u] * ${PAGE_POSITIONS}u + index % ${PAGE_POSITIONS}u;
      let pair = bitcast<i32>(values[place * rowWords + word]);
      even += limbs(weights[index], (pair << 16u) >> 16u);
      odd += limbs(weights[index], pair >> 16u);
    }
    if (2u * word >= firstChannel) { put(row, head, chunk, 2u * word - firstChannel, even); }
    if (2u * word + 1u <= lastChannel) { put(row, head, chunk, 2u * word + 1u - firstChannel, odd); }
  }
}`,
};

/** WGSL: a channel's mixed value from the chunks' sums; docs/engine.md, operator 9. */
export const MIXING = /* wgsl */ `
fn totalWeight(row: u32, head: u32) -> vec2<u32> {
  let chunks = positionOf(row) / ${TILE_POSITIONS}u + 1u;
  var total = vec2(0u, 0u);
  for (var chunk = 0u; chunk < chunks; chunk++) {
    total = wideSum(total, weightSums[(row * p.heads + head) * p.chunks + chunk]);
  }
  return total;
}
fn mixedAt(row: u32, channel: u32) -> i32 {
  var divisor = totalWeight(row, channel / p.size);
  if (bitcast<i32>(divisor.y) < 0 || (divisor.y == 0u && divisor.x == 0u)) { divisor = vec2(1u, 0u); }
  let bits = select(32 - i32(countLeadingZeros(divisor.x)), 64 - i32(countLeadingZeros(divisor.y)), divisor.y != 0u);
  let spare = bits - 16;
  var mantissa = divisor.x;
  if (spare >= 0) { mantissa = shiftRight(divisor, u32(spare)).x; } else { mantissa <<= u32(-spare); }
  let reciprocal = 0x80000000u / mantissa;
  let chunks = positionOf(row) / ${TILE_POSITIONS}u + 1u;
  var sum = vec2(0u, 0u);
  for (var chunk = 0u; chunk < chunks; chunk++) {
    sum = wideSum(sum, sums[(row * p.heads * p.size + channel) * p.chunks + chunk]);
  }
  return shiftRound32(wideTimes(wideShiftRound(sum, spare), reciprocal), 19);
}
`;

/** The chunks' sums made one, a thread for each channel. */
export function mixKernel(observed: boolean): Kernel {
  return {
    name: observed ? "mix observed" : "mix",
    parameters: ["heads: u32", "size: u32", "chunks: u32", "outputPitch: u32"],
    bindings: [
      { name: "weightSums", type: "array<vec2<u32>>" },
      { name: "sums", type: "array<vec2<u32>>" },
      { name: "output", type: "array<i32>", writes: true },
      ...(observed ? ([{ name: "totals", type: "array<vec2<u32>>", writes: true }] as const) : []),
    ],
    threads: 64,
    rowsPerGroup: 1,
    code: /* wgsl */ `
${MIXING}
fn run(row: u32, part: u32, thread: u32) {
  let channel = part * 64u + thread;
  if (channel >= p.heads * p.size) { return; }
  output[row * p.outputPitch + channel] = mixedAt(row, channel);
  ${observed ? "if (channel % p.size == 0u) { totals[row * p.heads + channel / p.size] = totalWeight(row, channel / p.size); }" : ""}
}`,
  };
}
