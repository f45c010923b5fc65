import type { Kernel } from "./kernel.ts";

/**
 * Embedding, a thread for four columns: y[i] = saturate32(shiftRound(q[token][i] · m[token], n[token] + shift)).
 * `weights` holds the table's rows from `firstRow` on, `scales` multiplier and shift of every row.
 */
export const EMBED: Kernel = {
  name: "embed",
  parameters: ["width: u32", "vectors: u32", "firstRow: u32", "weightRows: u32", "outputPitch: u32"],
  bindings: [
    { name: "tokens", type: "array<u32>" },
    { name: "weights", type: "array<vec4<u32>>" },
    { name: "scales", type: "array<u32>" },
    { name: "output", type: "array<i32>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  let token = tokens[slotOf(row) * p.history + positionOf(row)];
  let word = part * 64u + thread;
  if (token < p.firstRow || token - p.firstRow >= p.weightRows || 4u * word >= p.width) { return; }
  let vector = weights[(token - p.firstRow) * p.vectors + word / 4u];
  let bytes = unpack4xI8(vector[word % 4u]);
  let scale = scales[token];
  for (var lane = 0u; lane < 4u && 4u * word + lane < p.width; lane++) {
    let product = bytes[lane] * i32(scale & 0xffffu);
    output[row * p.outputPitch + 4u * word + lane] = shiftRound32(wide(product), bitcast<i32>(scale) >> 16u);
  }
}`,
};
