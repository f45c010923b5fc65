import type { Kernel } from "./kernel.ts";
import { gating } from "./linear.ts";

/** Elements of a row that a workgroup of these kernels takes. */
export const ELEMENTS = 64;

const OUTPUT = { name: "output", type: "array<i32>", writes: true } as const;

/** y = saturate32(a + b), a thread for each element. */
export const ADD: Kernel = {
  name: "add",
  parameters: [
    "width: u32",
    "leftPitch: u32",
    "leftFirst: u32",
    "rightPitch: u32",
    "rightFirst: u32",
    "outputPitch: u32",
  ],
  bindings: [{ name: "left", type: "array<i32>" }, { name: "right", type: "array<i32>" }, OUTPUT],
  threads: ELEMENTS,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  let index = part * ${ELEMENTS}u + thread;
  if (index >= p.width) { return; }
  output[row * p.outputPitch + index] =
    saturatedSum(left[row * p.leftPitch + p.leftFirst + index], right[row * p.rightPitch + p.rightFirst + index]);
}`,
};

/** The gated activation of `left` and `right`, a thread for each element. */
export const GATE: Kernel = {
  name: "gate",
  parameters: [...ADD.parameters, "sigmoidShift: i32", "productShift: i32"],
  bindings: [
    { name: "left", type: "array<i32>" },
    { name: "right", type: "array<i32>" },
    { name: "sigmoids", type: "array<i32>" },
    OUTPUT,
  ],
  threads: ELEMENTS,
  rowsPerGroup: 1,
  code: /* wgsl */ `
${gating("sigmoids")}
fn run(row: u32, part: u32, thread: u32) {
  let index = part * ${ELEMENTS}u + thread;
  if (index >= p.width) { return; }
  output[row * p.outputPitch + index] =
    gated(left[row * p.leftPitch + p.leftFirst + index], right[row * p.rightPitch + p.rightFirst + index]);
}`,
};

/** WGSL: element `index` of a head of `size` at `base` in `input`, rotated for the row's position. */
export const ROTATION = /* wgsl */ `
fn rotatedAt(row: u32, base: u32, index: u32) -> i32 {
  let half = p.size / 2u;
  let pair = index % half;
  let angle = positionOf(row) * p.size + pair;
  let first = input[base + pair];
  let second = input[base + half + pair];
  let cosine = angles[angle];
  let sine = angles[angle + half];
  if (index < half) {
    return shiftRound32(wideSum(wideProduct(first, cosine), wideProduct(second, -sine)), 20);
  }
  return shiftRound32(wideSum(wideProduct(second, cosine), wideProduct(first, sine)), 20);
}
`;

/** Rotary position embedding, a thread for each element; `angles` is the table of all positions. */
export const ROTATE: Kernel = {
  name: "rotate",
  parameters: ["width: u32", "size: u32", "inputPitch: u32", "inputFirst: u32", "outputPitch: u32"],
  bindings: [{ name: "input", type: "array<i32>" }, { name: "angles", type: "array<i32>" }, OUTPUT],
  threads: ELEMENTS,
  rowsPerGroup: 1,
  code: /* wgsl */ `
${ROTATION}
fn run(row: u32, part: u32, thread: u32) {
  let index = part * ${ELEMENTS}u + thread;
  if (index >= p.width) { return; }
  let head = index / p.size;
  let base = row * p.inputPitch + p.inputFirst + head * p.size;
  output[row * p.outputPitch + index] = rotatedAt(row, base, index % p.size);
}`,
};
