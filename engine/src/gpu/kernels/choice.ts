import type { Kernel } from "./kernel.ts";

const CHUNK = 1024;

/** Winners (token, logit) of chunks of 1,024 logits, [rows][chunks]; a workgroup for each. */
export const WINNERS: Kernel = {
  name: "winners",
  parameters: ["vocabulary: u32", "inputPitch: u32", "inputFirst: u32", "chunks: u32"],
  bindings: [
    { name: "logits", type: "array<i32>" },
    { name: "winners", type: "array<vec2<i32>>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
var<workgroup> largest: atomic<i32>;
var<workgroup> lowest: atomic<u32>;
fn run(row: u32, chunk: u32, thread: u32) {
  if (thread == 0u) {
    atomicStore(&largest, SMALLEST);
    atomicStore(&lowest, 0xffffffffu);
  }
  workgroupBarrier();
  let base = row * p.inputPitch + p.inputFirst;
  let end = min(p.vocabulary, (chunk + 1u) * ${CHUNK}u);
  var best = SMALLEST;
  var token = 0xffffffffu;
  for (var index = chunk * ${CHUNK}u + thread; index < end; index += 64u) {
    let logit = logits[base + index];
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

/** The first of the largest winners: `output` by row, `tokens` by sequence for the next position. A workgroup for a row. */
export const CHOOSE: Kernel = {
  name: "choose",
  parameters: ["chunks: u32"],
  bindings: [
    { name: "winners", type: "array<vec2<i32>>" },
    { name: "output", type: "array<i32>", writes: true },
    { name: "tokens", type: "array<i32>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
var<workgroup> largest: atomic<i32>;
var<workgroup> lowest: atomic<u32>;
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
  let token = i32(atomicLoad(&lowest));
  output[row] = token;
  if (row < rows[1]) { tokens[slotOf(row)] = token; }
}`,
};

/** 1 for a row whose token is listed or is the last one that was asked for, else 0. A workgroup for a row. */
export const STOP: Kernel = {
  name: "stop",
  parameters: ["stopTokens: u32"],
  bindings: [
    { name: "input", type: "array<i32>" },
    { name: "list", type: "array<i32>" },
    { name: "output", type: "array<i32>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
var<workgroup> found: atomic<u32>;
fn run(row: u32, part: u32, thread: u32) {
  for (var index = thread; index < p.stopTokens; index += 64u) {
    if (list[index] == input[row]) { atomicStore(&found, 1u); }
  }
  workgroupBarrier();
  if (thread > 0u) { return; }
  output[row] = select(0, 1, atomicLoad(&found) == 1u || generatedOf(row) >= maxTokensOf(row));
}`,
};
