import { ELEMENTS } from "./elementwise.ts";
import { PAGE_POSITIONS, type Kernel } from "./kernel.ts";

/**
 * Keys of a page: for each head, word by word (the high halves, then the low ones, then the exponent) the 32 positions, so
 * that threads of consecutive positions read consecutive words.
 */
export const STORE_KEYS: Kernel = {
  name: "store keys",
  parameters: ["heads: u32", "words: u32", "pitch: u32"],
  bindings: [
    { name: "input", type: "array<u32>" },
    { name: "exponents", type: "array<i32>" },
    { name: "keys", type: "array<u32>", writes: true },
  ],
  threads: ELEMENTS,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  let item = part * ${ELEMENTS}u + thread;
  let entries = 2u * p.words + 1u;
  if (item >= p.heads * entries) { return; }
  let head = item / entries;
  let entry = item % entries;
  let position = positionOf(row);
  var value: u32;
  if (entry == 2u * p.words) {
    value = bitcast<u32>(exponents[row * p.heads + head]);
  } else {
    let half = entry / p.words;
    value = input[(row * p.heads + head) * 2u * p.pitch + half * p.pitch + entry % p.words];
  }
  keys[(pageOf(row, position) * p.heads * entries + item) * ${PAGE_POSITIONS}u + position % ${PAGE_POSITIONS}u] = value;
}`,
};

/** Values of a page: position by position two channels a word. A thread for each word. */
export const STORE_VALUES: Kernel = {
  name: "store values",
  parameters: ["channels: u32", "inputPitch: u32", "inputFirst: u32"],
  bindings: [
    { name: "input", type: "array<i32>" },
    { name: "values", type: "array<u32>", writes: true },
  ],
  threads: ELEMENTS,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  let word = part * ${ELEMENTS}u + thread;
  let words = (p.channels + 1u) / 2u;
  if (word >= words) { return; }
  let base = row * p.inputPitch + p.inputFirst + 2u * word;
  let low = clamp(input[base], -32639, 32639);
  var high = 0;
  if (2u * word + 1u < p.channels) { high = clamp(input[base + 1u], -32639, 32639); }
  let position = positionOf(row);
  let place = pageOf(row, position) * ${PAGE_POSITIONS}u + position % ${PAGE_POSITIONS}u;
  values[place * words + word] = (bitcast<u32>(low) & 0xffffu) | (bitcast<u32>(high) << 16u);
}`,
};

/** The page as the trace has it, [rows][channels][32] of int16, zero after the row's position. A thread for each word. */
export const SHOW_PAGE: Kernel = {
  name: "show page",
  parameters: ["channels: u32"],
  bindings: [
    { name: "values", type: "array<u32>" },
    { name: "output", type: "array<u32>", writes: true },
  ],
  threads: ELEMENTS,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn valueAt(row: u32, channel: u32, column: u32) -> u32 {
  let position = positionOf(row);
  if (column > position % ${PAGE_POSITIONS}u) { return 0u; }
  let place = pageOf(row, position) * ${PAGE_POSITIONS}u + column;
  return (values[place * ((p.channels + 1u) / 2u) + channel / 2u] >> (16u * (channel % 2u))) & 0xffffu;
}
fn run(row: u32, part: u32, thread: u32) {
  let item = part * ${ELEMENTS}u + thread;
  if (item >= p.channels * 16u) { return; }
  let channel = item / 16u;
  let column = 2u * (item % 16u);
  output[row * p.channels * 16u + item] = valueAt(row, channel, column) | (valueAt(row, channel, column + 1u) << 16u);
}`,
};
