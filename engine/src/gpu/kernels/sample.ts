import { WEIGHT_ENTRY } from "./attention.ts";
import type { Kernel } from "./kernel.ts";
import { REQUESTS, requestField } from "./text.ts";

/** The operator `sample`, docs/engine.md, operator 12, in steps. Those after `CHOOSE` do nothing for greedy rows. */
export const CHUNK = 1024;
export const THRESHOLD_BITS = 29;

/** WGSL: sums of 64 bits over a workgroup, in limbs of 16 bits. */
const SUMMING = /* wgsl */ `
var<workgroup> limbs: array<atomic<u32>, 4>;
fn addLimbs(value: vec2<u32>) {
  atomicAdd(&limbs[0], value.x & 0xffffu);
  atomicAdd(&limbs[1], value.x >> 16u);
  atomicAdd(&limbs[2], value.y & 0xffffu);
  atomicAdd(&limbs[3], value.y >> 16u);
}
fn limbSum() -> vec2<u32> {
  var sum = vec2(0u, 0u);
  for (var limb = 0u; limb < 4u; limb++) {
    sum = wideSum(sum, shiftLeft(vec2(atomicLoad(&limbs[limb]), 0u), 16u * limb));
  }
  return sum;
}
`;

/** WGSL: a token for a row, and for its sequence's next position. */
const PUT_TOKEN = /* wgsl */ `
fn putToken(row: u32, token: u32) {
  output[row] = token;
  let next = positionOf(row) + 1u;
  if (next < p.history) { tokens[slotOf(row) * p.history + next] = token; }
}
`;

/** Logits after penalty and exclusion, and winners (token, logit) of chunks, [rows][chunks]. A workgroup for a chunk. */
export const WINNERS: Kernel = {
  name: "winners",
  parameters: [
    "vocabulary: u32",
    "inputPitch: u32",
    "inputFirst: u32",
    "chunks: u32",
    "seenWords: u32",
    "stopTokens: u32",
  ],
  bindings: [
    { name: "logits", type: "array<i32>" },
    { name: "seen", type: "array<u32>" },
    { name: "list", type: "array<u32>" },
    REQUESTS,
    { name: "adjusted", type: "array<i32>", writes: true },
    { name: "winners", type: "array<vec2<i32>>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
var<workgroup> largest: atomic<i32>;
var<workgroup> lowest: atomic<u32>;
fn adjust(row: u32, token: u32, logit: i32) -> i32 {
  if (generatedOf(row) < ${requestField("minTokens")}) {
    for (var index = 0u; index < p.stopTokens; index++) {
      if (list[index] == token) { return SMALLEST; }
    }
  }
  if (((seen[row * p.seenWords + token / 32u] >> (token % 32u)) & 1u) == 0u) { return logit; }
  let factor = select(${requestField("grow")}, ${requestField("shrink")}, logit > 0);
  return shiftRound32(wideTimes(wide(logit), factor), 16);
}
fn run(row: u32, chunk: u32, thread: u32) {
  if (thread == 0u) {
    atomicStore(&largest, SMALLEST);
    atomicStore(&lowest, 0xffffffffu);
  }
  workgroupBarrier();
  let end = min(p.vocabulary, (chunk + 1u) * ${CHUNK}u);
  var best = SMALLEST;
  var token = 0xffffffffu;
  for (var index = chunk * ${CHUNK}u + thread; index < end; index += 64u) {
    let logit = adjust(row, index, logits[row * p.inputPitch + p.inputFirst + index]);
    adjusted[row * p.vocabulary + index] = logit;
    if (token == 0xffffffffu || logit > best) {
      best = logit;
      token = index;
    }
  }
  atomicMax(&largest, best);
  workgroupBarrier();
  if (best == atomicLoad(&largest)) { atomicMin(&lowest, token); }
  workgroupBarrier();
  if (thread == 0u) { winners[row * p.chunks + chunk] = vec2(i32(atomicLoad(&lowest)), atomicLoad(&largest)); }
}`,
};

/** The first of the largest winners, which is a greedy row's token. A workgroup for a row. */
export const CHOOSE: Kernel = {
  name: "choose",
  parameters: ["chunks: u32"],
  bindings: [
    { name: "winners", type: "array<vec2<i32>>" },
    REQUESTS,
    { name: "best", type: "array<vec2<i32>>", writes: true },
    { name: "output", type: "array<u32>", writes: true },
    { name: "tokens", type: "array<u32>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
var<workgroup> largest: atomic<i32>;
var<workgroup> lowest: atomic<u32>;
${PUT_TOKEN}
fn run(row: u32, part: u32, thread: u32) {
  if (thread == 0u) {
    atomicStore(&largest, SMALLEST);
    atomicStore(&lowest, 0xffffffffu);
  }
  workgroupBarrier();
  for (var chunk = thread; chunk < p.chunks; chunk += 64u) { atomicMax(&largest, winners[row * p.chunks + chunk].y); }
  workgroupBarrier();
  for (var chunk = thread; chunk < p.chunks; chunk += 64u) {
    let winner = winners[row * p.chunks + chunk];
    if (winner.y == atomicLoad(&largest)) { atomicMin(&lowest, u32(winner.x)); }
  }
  workgroupBarrier();
  if (thread > 0u) { return; }
  let token = atomicLoad(&lowest);
  best[row] = vec2(i32(token), atomicLoad(&largest));
  if (${requestField("greedy")} == 1u) { putToken(row, token); }
}`,
};

/** Weights 2^(28 - distance), [rows][vocabulary], and their sums over chunks. A workgroup for a chunk. */
export const WEIGHTS: Kernel = {
  name: "weights",
  parameters: ["vocabulary: u32", "chunks: u32"],
  bindings: [
    { name: "adjusted", type: "array<i32>" },
    { name: "best", type: "array<vec2<i32>>" },
    REQUESTS,
    { name: "exponentials", type: "array<i32>" },
    { name: "weights", type: "array<i32>", writes: true },
    { name: "masses", type: "array<vec2<u32>>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
${SUMMING}
${WEIGHT_ENTRY}
fn run(row: u32, chunk: u32, thread: u32) {
  if (${requestField("greedy")} == 1u) { return; }
  let end = min(p.vocabulary, (chunk + 1u) * ${CHUNK}u);
  var mass = vec2(0u, 0u);
  for (var index = chunk * ${CHUNK}u + thread; index < end; index += 64u) {
    let distance = bitcast<u32>(best[row].y) - bitcast<u32>(adjusted[row * p.vocabulary + index]);
    // Halvings with 32 fraction bits, of which the first 16 count.
    let halvings = productOf(distance, ${requestField("scale")});
    var weight = 0;
    if (halvings.y < 31u) { weight = shiftRoundSmall(entryOf(halvings.x >> 16u) << 6u, halvings.y); }
    weights[row * p.vocabulary + index] = weight;
    mass = wideSum(mass, wide(weight));
  }
  addLimbs(mass);
  workgroupBarrier();
  if (thread == 0u) { masses[row * p.chunks + chunk] = limbSum(); }
}`,
};

/**
 * The mass that is enough, and the largest threshold above which there is enough. A workgroup for a row, which looks for 8 of
 * the threshold's 29 bits at a time: counts and masses of the weights that agree with the bits so far, by their next 8 bits.
 */
export const THRESHOLD: Kernel = {
  name: "threshold",
  parameters: ["vocabulary: u32", "chunks: u32"],
  bindings: [
    { name: "weights", type: "array<u32>" },
    { name: "masses", type: "array<vec2<u32>>" },
    REQUESTS,
    { name: "targets", type: "array<vec2<u32>>", writes: true },
    { name: "thresholds", type: "array<u32>", writes: true },
  ],
  threads: 256,
  rowsPerGroup: 1,
  code: /* wgsl */ `
${SUMMING}
var<workgroup> counts: array<atomic<u32>, 256>;
// Masses in parts of 12, 12 and 5 bits: 2^20 of them fit into 32 bits.
var<workgroup> lowMasses: array<atomic<u32>, 256>;
var<workgroup> middleMasses: array<atomic<u32>, 256>;
var<workgroup> highMasses: array<atomic<u32>, 256>;
var<workgroup> threshold: u32;
var<workgroup> countAbove: u32;
var<workgroup> massAbove: vec2<u32>;

fn massOf(bin: u32) -> vec2<u32> {
  let low = vec2(atomicLoad(&lowMasses[bin]), 0u);
  let middle = shiftLeft(vec2(atomicLoad(&middleMasses[bin]), 0u), 12u);
  return wideSum(wideSum(low, middle), shiftLeft(vec2(atomicLoad(&highMasses[bin]), 0u), 24u));
}
fn run(row: u32, part: u32, thread: u32) {
  if (${requestField("greedy")} == 1u) { return; }
  var mass = vec2(0u, 0u);
  for (var chunk = thread; chunk < p.chunks; chunk += 256u) { mass = wideSum(mass, masses[row * p.chunks + chunk]); }
  addLimbs(mass);
  workgroupBarrier();
  let all = limbSum();
  let share = ${requestField("share")};
  var enough = all;
  if (share < 65536u) {
    let product = wideSum(wideTimes(all, share), vec2(0xffffu, 0u));
    enough = vec2((product.x >> 16u) | (product.y << 16u), product.y >> 16u);
  }
  if (thread == 0u) { targets[row] = enough; }
  let topK = ${requestField("topK")};
  for (var digit = 0u; digit < 4u; digit++) {
    let shift = select(21u - 8u * digit, 0u, digit == 3u);
    let bits = select(8u, 5u, digit == 3u);
    atomicStore(&counts[thread], 0u);
    atomicStore(&lowMasses[thread], 0u);
    atomicStore(&middleMasses[thread], 0u);
    atomicStore(&highMasses[thread], 0u);
    workgroupBarrier();
    let prefix = threshold >> (shift + bits);
    for (var index = thread; index < p.vocabulary; index += 256u) {
      let weight = weights[row * p.vocabulary + index];
      // A weight of nothing is below every threshold.
      if (weight == 0u || weight >> (shift + bits) != prefix) { continue; }
      let bin = (weight >> shift) & ((1u << bits) - 1u);
      atomicAdd(&counts[bin], 1u);
      atomicAdd(&lowMasses[bin], weight & 0xfffu);
      atomicAdd(&middleMasses[bin], (weight >> 12u) & 0xfffu);
      atomicAdd(&highMasses[bin], weight >> 24u);
    }
    workgroupBarrier();
    if (thread == 0u) {
      for (var bin = (1u << bits) - 1u; bin > 0u; bin--) {
        let count = countAbove + atomicLoad(&counts[bin]);
        let mass = wideSum(massAbove, massOf(bin));
        if ((topK > 0u && count >= topK) || !wideBelow(mass, enough)) {
          threshold |= bin << shift;
          break;
        }
        countAbove = count;
        massAbove = mass;
      }
    }
    workgroupBarrier();
  }
  if (thread == 0u) { thresholds[row] = threshold; }
}`,
};

/** Sums over chunks of the weights that are kept. A workgroup for a chunk. */
export const KEPT: Kernel = {
  name: "kept",
  parameters: ["vocabulary: u32", "chunks: u32"],
  bindings: [
    { name: "weights", type: "array<i32>" },
    { name: "thresholds", type: "array<i32>" },
    REQUESTS,
    { name: "kept", type: "array<vec2<u32>>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
${SUMMING}
fn run(row: u32, chunk: u32, thread: u32) {
  if (${requestField("greedy")} == 1u) { return; }
  let end = min(p.vocabulary, (chunk + 1u) * ${CHUNK}u);
  var mass = vec2(0u, 0u);
  for (var index = chunk * ${CHUNK}u + thread; index < end; index += 64u) {
    let weight = weights[row * p.vocabulary + index];
    if (weight >= thresholds[row]) { mass = wideSum(mass, wide(weight)); }
  }
  addLimbs(mass);
  workgroupBarrier();
  if (thread == 0u) { kept[row * p.chunks + chunk] = limbSum(); }
}`,
};

/** The chunk and the token within it that the row's random number draws. A workgroup for a row. */
export const DRAW: Kernel = {
  name: "draw",
  parameters: ["vocabulary: u32", "chunks: u32"],
  bindings: [
    { name: "weights", type: "array<u32>" },
    { name: "thresholds", type: "array<u32>" },
    { name: "kept", type: "array<vec2<u32>>" },
    REQUESTS,
    { name: "draws", type: "array<vec2<u32>>", writes: true },
    { name: "output", type: "array<u32>", writes: true },
    { name: "tokens", type: "array<u32>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
${PUT_TOKEN}
var<workgroup> own: array<u32, ${CHUNK}>;
var<workgroup> drawn: u32;
var<workgroup> rest: vec2<u32>;

fn wideDifference(left: vec2<u32>, right: vec2<u32>) -> vec2<u32> {
  return vec2(left.x - right.x, left.y - right.y - select(0u, 1u, left.x < right.x));
}
fn run(row: u32, part: u32, thread: u32) {
  if (${requestField("greedy")} == 1u) { return; }
  if (thread == 0u) {
    var all = vec2(0u, 0u);
    for (var chunk = 0u; chunk < p.chunks; chunk++) { all = wideSum(all, kept[row * p.chunks + chunk]); }
    // floor(random · all / 2^32); all is at most 2^48.
    let random = randomOf(row);
    rest = wideSum(productOf(random, all.y), vec2(productOf(random, all.x).y, 0u));
    drawn = 0u;
    for (; drawn < p.chunks - 1u; drawn++) {
      let mass = kept[row * p.chunks + drawn];
      if (wideBelow(rest, mass)) { break; }
      rest = wideDifference(rest, mass);
    }
    draws[2u * row] = vec2(drawn, 0u);
    draws[2u * row + 1u] = rest;
  }
  workgroupBarrier();
  let first = drawn * ${CHUNK}u;
  let count = min(${CHUNK}u, p.vocabulary - first);
  for (var index = thread; index < count; index += 64u) {
    let weight = weights[row * p.vocabulary + first + index];
    own[index] = select(0u, weight, weight >= thresholds[row]);
  }
  workgroupBarrier();
  if (thread > 0u) { return; }
  var left = rest;
  var index = 0u;
  for (; index < count - 1u; index++) {
    let mass = vec2(own[index], 0u);
    if (wideBelow(left, mass)) { break; }
    left = wideDifference(left, mass);
  }
  putToken(row, first + index);
}`,
};

/**
 * What the search for the threshold shows, bit by bit: pairs (count, mass) of chunks, [rows][29][chunks], and the threshold so
 * far, [rows][29]. All of them follow from the last threshold. A workgroup for a chunk, a thread for a bit.
 */
export const SHOW_SEARCH: Kernel = {
  name: "show search",
  parameters: ["vocabulary: u32", "chunks: u32"],
  bindings: [
    { name: "weights", type: "array<u32>" },
    { name: "thresholds", type: "array<u32>" },
    REQUESTS,
    { name: "counted", type: "array<vec2<u32>>", writes: true },
    { name: "steps", type: "array<u32>", writes: true },
  ],
  threads: 32,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, chunk: u32, thread: u32) {
  if (${requestField("greedy")} == 1u || thread >= ${THRESHOLD_BITS}u) { return; }
  let bit = ${THRESHOLD_BITS - 1}u - thread;
  let threshold = thresholds[row];
  let candidate = ((threshold >> (bit + 1u)) << (bit + 1u)) + (1u << bit);
  let end = min(p.vocabulary, (chunk + 1u) * ${CHUNK}u);
  var count = 0u;
  var mass = vec2(0u, 0u);
  for (var index = chunk * ${CHUNK}u; index < end; index++) {
    let weight = weights[row * p.vocabulary + index];
    if (weight < candidate) { continue; }
    count++;
    mass = wideSum(mass, vec2(weight, 0u));
  }
  let place = 2u * ((row * ${THRESHOLD_BITS}u + thread) * p.chunks + chunk);
  counted[place] = vec2(count, 0u);
  counted[place + 1u] = mass;
  if (chunk == 0u) { steps[row * ${THRESHOLD_BITS}u + thread] = (threshold >> bit) << bit; }
}`,
};
