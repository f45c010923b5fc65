import type { Kernel } from "./kernel.ts";

/** Words of what kernels know of a request, and where its stop sequences begin: for each its length and 16 tokens. */
export const REQUEST_WORDS = 160;
export const SEQUENCES_AT = 10;
export const SEQUENCE_WORDS = 17;
/** The words before the stop sequences, in order. */
export const REQUEST_FIELDS = [
  "maxTokens",
  "minTokens",
  "greedy",
  "scale",
  "shrink",
  "grow",
  "topK",
  "share",
  "startOffset",
  "sequences",
] as const;

export const REQUESTS = { name: "requests", type: "array<u32>" } as const;

/** WGSL: a word of the request that a row belongs to. */
export function requestField(field: (typeof REQUEST_FIELDS)[number]): string {
  return `requests[slotOf(row) * ${REQUEST_WORDS}u + ${REQUEST_FIELDS.indexOf(field)}u]`;
}

/** The set of tokens up to a row's position, from the sequence's tokens. A workgroup for a row. */
export const SEEN: Kernel = {
  name: "seen",
  parameters: ["words: u32"],
  bindings: [
    { name: "tokens", type: "array<u32>" },
    { name: "output", type: "array<atomic<u32>>", writes: true },
  ],
  threads: 256,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  for (var word = thread; word < p.words; word += 256u) { atomicStore(&output[row * p.words + word], 0u); }
  storageBarrier();
  for (var position = thread; position <= positionOf(row); position += 256u) {
    let token = tokens[slotOf(row) * p.history + position];
    atomicOr(&output[row * p.words + token / 32u], 1u << (token % 32u));
  }
}`,
};

/** The last 16 tokens up to a row's position, -1 where there are fewer. A thread for each. */
export const RECENT: Kernel = {
  name: "recent",
  parameters: [],
  bindings: [
    { name: "tokens", type: "array<i32>" },
    { name: "output", type: "array<i32>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  if (thread >= 16u) { return; }
  let end = positionOf(row) + thread;
  var token = -1;
  if (end >= 15u) { token = tokens[slotOf(row) * p.history + end - 15u]; }
  output[row * 16u + thread] = token;
}`,
};

/** Whether a row's token ends the output; docs/engine.md, operator 13. A workgroup for a row. */
export const STOP: Kernel = {
  name: "stop",
  parameters: ["stopTokens: u32"],
  bindings: [
    { name: "input", type: "array<i32>" },
    { name: "recent", type: "array<i32>" },
    { name: "list", type: "array<i32>" },
    REQUESTS,
    { name: "output", type: "array<i32>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
var<workgroup> found: atomic<u32>;
fn endsWith(row: u32, sequence: u32) -> bool {
  let start = slotOf(row) * ${REQUEST_WORDS}u + ${SEQUENCES_AT}u + sequence * ${SEQUENCE_WORDS}u;
  let before = requests[start] - 1u;
  if (i32(requests[start + 1u + before]) != input[row]) { return false; }
  if (before > generatedOf(row) - 1u + ${requestField("startOffset")}) { return false; }
  for (var index = 0u; index < before; index++) {
    if (i32(requests[start + 1u + index]) != recent[row * 16u + 16u - before + index]) { return false; }
  }
  return true;
}
fn run(row: u32, part: u32, thread: u32) {
  for (var index = thread; index < p.stopTokens; index += 64u) {
    if (list[index] == input[row]) { atomicStore(&found, 1u); }
  }
  if (thread < ${requestField("sequences")} && endsWith(row, thread)) { atomicStore(&found, 1u); }
  workgroupBarrier();
  if (thread > 0u) { return; }
  let ends = generatedOf(row) >= ${requestField("minTokens")} && atomicLoad(&found) == 1u;
  output[row] = select(0, 1, ends || generatedOf(row) >= ${requestField("maxTokens")});
}`,
};
