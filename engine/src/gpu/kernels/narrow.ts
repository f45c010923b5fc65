import type { Kernel } from "./kernel.ts";

/**
 * WGSL of the second half of `narrow`: reduces `peak` of all threads per chunk into `peaks`, and writes the halves of
 * values that `valueAt(index)` gives. Used by the kernels that end with it.
 */
export function narrowing(threads: number): string {
  return /* wgsl */ `
var<workgroup> peaks: array<atomic<u32>, 64>;

fn noteGroupPeaks(thread: u32, size: u32, base: u32) {
  for (var chunk = 0u; chunk * 1024u < size; chunk++) {
    var peak = 0u;
    let end = min(size, (chunk + 1u) * 1024u);
    for (var index = chunk * 1024u + thread; index < end; index += ${threads}u) {
      peak = max(peak, magnitude(valueAt(base, index)));
    }
    atomicMax(&peaks[chunk], peak);
  }
}

fn groupPeak(size: u32) -> u32 {
  var peak = 0u;
  for (var chunk = 0u; chunk * 1024u < size; chunk++) { peak = max(peak, atomicLoad(&peaks[chunk])); }
  return peak;
}

/** Values from index on, zero after the last one. */
fn fourAt(base: u32, index: u32, size: u32, exponent: u32) -> vec4<i32> {
  var values = vec4(0);
  for (var lane = 0u; lane < 4u && index + lane < size; lane++) {
    values[lane] = shiftRoundSmall(valueAt(base, index + lane), exponent);
  }
  return values;
}
`;
}

/**
 * A workgroup for each group of each row. Output, for each row and group: the high halves of all values, four a word,
 * filled up to `words`, then the low halves; and the exponents, [rows][groups].
 */
export function narrowKernel(threads: 64 | 256, observed: boolean): Kernel {
  return {
    name: `narrow ${threads}${observed ? " observed" : ""}`,
    parameters: [
      "groups: u32",
      "size: u32",
      "words: u32",
      "inputPitch: u32",
      "inputFirst: u32",
      "chunks: u32",
    ],
    bindings: [
      { name: "input", type: "array<i32>" },
      { name: "output", type: "array<u32>", writes: true },
      { name: "exponents", type: "array<i32>", writes: true },
      ...(observed
        ? ([
            { name: "maxima", type: "array<u32>", writes: true },
            { name: "elements", type: "array<u32>", writes: true },
          ] as const)
        : []),
    ],
    threads,
    rowsPerGroup: 1,
    code: /* wgsl */ `
fn valueAt(base: u32, index: u32) -> i32 { return input[base + index]; }
${narrowing(threads)}
fn run(row: u32, group: u32, thread: u32) {
  let base = row * p.inputPitch + p.inputFirst + group * p.size;
  noteGroupPeaks(thread, p.size, base);
  workgroupBarrier();
  let exponent = narrowExponent(groupPeak(p.size));
  let place = row * p.groups + group;
  let start = place * 2u * p.words;
  for (var word = thread; word < p.words; word += ${threads}u) {
    let values = fourAt(base, 4u * word, p.size, exponent);
    let halves = splitHalves(values);
    output[start + word] = halves.x;
    output[start + p.words + word] = halves.y;
    ${
      observed
        ? /* wgsl */ `
    elements[place * 2u * p.words + 2u * word] = (bitcast<u32>(values.x) & 0xffffu) | (bitcast<u32>(values.y) << 16u);
    elements[place * 2u * p.words + 2u * word + 1u] = (bitcast<u32>(values.z) & 0xffffu) | (bitcast<u32>(values.w) << 16u);`
        : ""
    }
  }
  if (thread == 0u) { exponents[place] = i32(exponent); }
  ${
    observed
      ? /* wgsl */ `
  for (var chunk = thread; chunk < p.chunks; chunk += ${threads}u) {
    maxima[place * p.chunks + chunk] = atomicLoad(&peaks[chunk]);
  }`
      : ""
  }
}`,
  };
}
