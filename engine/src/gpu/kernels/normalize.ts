import type { Kernel } from "./kernel.ts";
import { narrowing } from "./narrow.ts";

/** WGSL: exponent, multiplier and shift of a group of `width` values at `base`; see docs/engine.md, operator 2. */
const SCALE = /* wgsl */ `
var<workgroup> residualPeaks: array<atomic<u32>, 64>;
/** Sums of squares by chunk, the low and the high 16 bits apart. */
var<workgroup> squareLimbs: array<atomic<u32>, 128>;
var<workgroup> exponent: u32;
var<workgroup> factor: i32;
var<workgroup> factorShift: i32;

fn chunkSquares(chunk: u32) -> vec2<u32> {
  return wideSum(vec2(atomicLoad(&squareLimbs[2u * chunk]), 0u), shiftLeft(vec2(atomicLoad(&squareLimbs[2u * chunk + 1u]), 0u), 16u));
}

fn findScale(base: u32, thread: u32) {
  for (var chunk = 0u; chunk * 1024u < p.width; chunk++) {
    var peak = 0u;
    let end = min(p.width, (chunk + 1u) * 1024u);
    for (var index = chunk * 1024u + thread; index < end; index += 256u) {
      peak = max(peak, magnitude(input[base + index]));
    }
    atomicMax(&residualPeaks[chunk], peak);
  }
  workgroupBarrier();
  if (thread == 0u) {
    var peak = 0u;
    for (var chunk = 0u; chunk * 1024u < p.width; chunk++) { peak = max(peak, atomicLoad(&residualPeaks[chunk])); }
    exponent = narrowExponent(peak);
  }
  workgroupBarrier();
  // Four squares of a thread are at most 4 · 32,639² < 2^32.
  for (var chunk = 0u; chunk * 1024u < p.width; chunk++) {
    var sum = 0u;
    let end = min(p.width, (chunk + 1u) * 1024u);
    for (var index = chunk * 1024u + thread; index < end; index += 256u) {
      let value = shiftRoundSmall(input[base + index], exponent);
      sum += u32(value * value);
    }
    atomicAdd(&squareLimbs[2u * chunk], sum & 0xffffu);
    atomicAdd(&squareLimbs[2u * chunk + 1u], sum >> 16u);
  }
  workgroupBarrier();
  if (thread == 0u) {
    let epsilon = vec2(p.epsilonLow, p.epsilonHigh);
    var mass = epsilon;
    if (exponent > 0u) { mass = wideShiftRound(epsilon, i32(2u * exponent)); }
    for (var chunk = 0u; chunk * 1024u < p.width; chunk++) { mass = wideSum(mass, chunkSquares(chunk)); }
    if (mass.x == 0u && mass.y == 0u) { mass.x = 1u; }
    var half = 0;
    while (mass.y != 0u) { mass = shiftRight(mass, 2u); half++; }
    while (mass.x < 0x40000000u) { mass.x <<= 2u; half--; }
    var root = 0u;
    for (var bit = 32768u; bit > 0u; bit >>= 1u) {
      if ((root + bit) * (root + bit) <= mass.x) { root += bit; }
    }
    factor = i32(0x80000000u / root);
    factorShift = 1 + half + i32(exponent);
  }
  workgroupBarrier();
}

fn normalizedAt(base: u32, index: u32) -> i32 {
  let direction = shiftRound32(wideProduct(input[base + index], factor), factorShift);
  return shiftRound32(wideProduct(direction, gains[index]), 22);
}
`;

const PARAMETERS = [
  "groups: u32",
  "width: u32",
  "epsilonLow: u32",
  "epsilonHigh: u32",
  "inputPitch: u32",
  "inputFirst: u32",
];
const INPUTS = [
  { name: "input", type: "array<i32>" },
  { name: "gains", type: "array<i32>" },
] as const;

/** A workgroup for each group of each row. With `observed` also everything that the trace shows. */
export function normalizeKernel(observed: boolean): Kernel {
  return {
    name: observed ? "normalize observed" : "normalize",
    parameters: [...PARAMETERS, "outputPitch: u32", "chunks: u32"],
    bindings: [
      ...INPUTS,
      { name: "output", type: "array<i32>", writes: true },
      ...(observed
        ? ([
            { name: "maxima", type: "array<u32>", writes: true },
            { name: "exponents", type: "array<i32>", writes: true },
            { name: "squares", type: "array<vec2<u32>>", writes: true },
            { name: "scale", type: "array<i32>", writes: true },
          ] as const)
        : []),
    ],
    threads: 256,
    rowsPerGroup: 1,
    code: /* wgsl */ `
${SCALE}
fn run(row: u32, group: u32, thread: u32) {
  let base = row * p.inputPitch + p.inputFirst + group * p.width;
  let place = row * p.groups + group;
  findScale(base, thread);
  for (var index = thread; index < p.width; index += 256u) {
    output[row * p.outputPitch + group * p.width + index] = normalizedAt(base, index);
  }
  ${
    observed
      ? /* wgsl */ `
  for (var chunk = thread; chunk < p.chunks; chunk += 256u) {
    maxima[place * p.chunks + chunk] = atomicLoad(&residualPeaks[chunk]);
    squares[place * p.chunks + chunk] = chunkSquares(chunk);
  }
  if (thread == 0u) {
    exponents[place] = i32(exponent);
    scale[2u * place] = factor;
    scale[2u * place + 1u] = factorShift;
  }`
      : ""
  }
}`,
  };
}

/** `normalize` of one group, and the `narrow` of one that alone reads it. */
export const NORMALIZE_NARROW: Kernel = {
  name: "normalize and narrow",
  parameters: [...PARAMETERS, "words: u32"],
  bindings: [
    ...INPUTS,
    { name: "output", type: "array<u32>", writes: true },
    { name: "exponents", type: "array<i32>", writes: true },
  ],
  threads: 256,
  rowsPerGroup: 1,
  code: /* wgsl */ `
${SCALE}
fn valueAt(base: u32, index: u32) -> i32 { return normalizedAt(base, index); }
${narrowing(256)}
fn run(row: u32, part: u32, thread: u32) {
  let base = row * p.inputPitch + p.inputFirst;
  findScale(base, thread);
  noteGroupPeaks(thread, p.width, base);
  workgroupBarrier();
  let shift = narrowExponent(groupPeak(p.width));
  for (var word = thread; word < p.words; word += 256u) {
    let halves = splitHalves(fourAt(base, 4u * word, p.width, shift));
    output[row * 2u * p.words + word] = halves.x;
    output[row * 2u * p.words + p.words + word] = halves.y;
  }
  if (thread == 0u) { exponents[row] = i32(shift); }
}`,
};
