import { addToGroup, type Binding, type Kernel } from "./kernel.ts";

/**
 * What a product does with its sums before it writes them: nothing more; the bias; the residual that `add` would add; or the
 * gated activation of a row of the gate's matrix and the same row of the one behind it.
 */
export type Ending = "plain" | "bias" | "add" | "gate";

/** Rows of the matrix that a workgroup of `productKernel` takes. */
export const PRODUCT_ROWS = 4;
/** Rows of the matrix and rows of input that a workgroup of `blockKernel` takes. */
export const BLOCK_ROWS = 64;
export const BLOCK_COLUMNS = 32;

const PARAMETERS = [
  "matrixRows: u32",
  "vectors: u32",
  "scaleFirst: u32",
  "outputFirst: u32",
  "outputPitch: u32",
  "addedPitch: u32",
  "addedFirst: u32",
  "sigmoidShift: i32",
  "productShift: i32",
];

/**
 * `weights`: rows of int8, 16 a vector, filled up with zeros. `scales`: a row's multiplier in the low half, its shift with
 * the operator's in the high one. `input`: for each row `vectors` of high halves, then as many of low ones.
 */
function bindings(ending: Ending): Binding[] {
  return [
    { name: "weights", type: "array<vec4<u32>>" },
    { name: "scales", type: "array<u32>" },
    { name: "input", type: "array<vec4<u32>>" },
    { name: "exponents", type: "array<i32>" },
    { name: "output", type: "array<i32>", writes: true },
    ...(ending === "plain" ? [] : [{ name: "added", type: "array<i32>" }]),
  ];
}

/** The gated activation, docs/engine.md, operator 10; `table` is an array of entries and differences. */
export function gating(table: string): string {
  return /* wgsl */ `
fn gated(gate: i32, up: i32) -> i32 {
  let x = shiftRound32(wide(gate), p.sigmoidShift);
  let size = magnitude(x);
  var sigmoid = 1048576;
  if (size < 1048576u) {
    let entry = 2u * (size >> 10u);
    sigmoid = ${table}[entry] + ((${table}[entry + 1u] * i32(size & 1023u) + 512) >> 10u);
  }
  if (x < 0) { sigmoid = 1048576 - sigmoid; }
  let silu = shiftRound32(wideProduct(gate, sigmoid), 20);
  return shiftRound32(wideProduct(silu, up), p.productShift);
}
`;
}

/** WGSL of what becomes of the sums 256 · high + low of matrix row `index` and input row `row`. */
function ending(kind: Ending): string {
  return /* wgsl */ `
fn scaled(index: u32, row: u32, high: i32, low: i32) -> i32 {
  let sum = wideSum(shiftLeft(wide(high), 8u), wide(low));
  let scale = scales[p.scaleFirst + index];
  return shiftRound32(wideTimes(sum, scale & 0xffffu), (bitcast<i32>(scale) >> 16u) - exponents[row]);
}
fn put(index: u32, row: u32, value: i32) {
  output[row * p.outputPitch + p.outputFirst + index] = ${
    {
      plain: "value",
      bias: "saturatedSum(value, added[p.scaleFirst + index])",
      add: "saturatedSum(added[row * p.addedPitch + p.addedFirst + index], value)",
      gate: "value",
    }[kind]
  };
}
${kind === "gate" ? gating("added") : ""}
`;
}

const DOTS = (weight: string, input: string) =>
  ["x", "y", "z", "w"].map((lane) => `dot4I8Packed(${weight}.${lane}, ${input}.${lane})`).join(" + ");

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/**
 * Matrix times few vectors: a workgroup takes four rows of the matrix (or two, and the two of the other matrix) and
 * `columns` rows of input; its threads stride over the columns, 16 at a time, so that all of them read consecutive vectors.
 */
export function productKernel(columns: 1 | 2 | 4, kind: Ending, subgroups: boolean): Kernel {
  const threads = 64;
  const own = kind === "gate" ? PRODUCT_ROWS / 2 : PRODUCT_ROWS;
  const matrixRow = (row: number) =>
    `min(first + ${row % own}u, p.matrixRows - 1u)${row < own ? "" : " + p.matrixRows"}`;
  const each = (text: (row: number, column: number) => string) =>
    range(PRODUCT_ROWS)
      .flatMap((row) => range(columns).map((column) => text(row, column)))
      .join("\n");
  const sums = PRODUCT_ROWS * columns;
  return {
    name: `product ${columns} ${kind}`,
    parameters: PARAMETERS,
    bindings: bindings(kind),
    threads,
    rowsPerGroup: columns,
    code: /* wgsl */ `
var<workgroup> highSums: array<atomic<i32>, ${sums}>;
var<workgroup> lowSums: array<atomic<i32>, ${sums}>;
${ending(kind)}
fn run(block: u32, part: u32, thread: u32) {
  let first = part * ${own}u;
  ${range(PRODUCT_ROWS)
    .map((row) => `let base${row} = (${matrixRow(row)}) * p.vectors;`)
    .join("\n  ")}
  ${range(columns)
    .map(
      (column) =>
        `let input${column} = min(block * ${columns}u + ${column}u, rowCount() - 1u) * 2u * p.vectors;`,
    )
    .join("\n  ")}
  ${each((row, column) => `var high${row}_${column} = 0; var low${row}_${column} = 0;`)}
  for (var vector = thread; vector < p.vectors; vector += ${threads}u) {
    ${range(PRODUCT_ROWS)
      .map((row) => `let weight${row} = weights[base${row} + vector];`)
      .join("\n    ")}
    ${range(columns)
      .map(
        (column) => `{
      let high = input[input${column} + vector];
      let low = input[input${column} + p.vectors + vector];
      ${range(PRODUCT_ROWS)
        .map(
          (row) => `high${row}_${column} += ${DOTS(`weight${row}`, "high")};
      low${row}_${column} += ${DOTS(`weight${row}`, "low")};`,
        )
        .join("\n      ")}
    }`,
      )
      .join("\n    ")}
  }
  ${each(
    (row, column) => `${addToGroup(`highSums[${row * columns + column}]`, `high${row}_${column}`, subgroups)}
  ${addToGroup(`lowSums[${row * columns + column}]`, `low${row}_${column}`, subgroups)}`,
  )}
  workgroupBarrier();
  if (thread >= ${own * columns}u) { return; }
  let index = first + thread / ${columns}u;
  let row = block * ${columns}u + thread % ${columns}u;
  if (index >= p.matrixRows || row >= rowCount()) { return; }
  let value = scaled(index, row, atomicLoad(&highSums[thread]), atomicLoad(&lowSums[thread]));
  ${
    kind === "gate"
      ? `let other = thread + ${own * columns}u;
  let up = scaled(index + p.matrixRows, row, atomicLoad(&highSums[other]), atomicLoad(&lowSums[other]));
  put(index, row, gated(value, up));`
      : "put(index, row, value);"
  }
}`,
  };
}

/**
 * Matrix times many vectors: a workgroup of 128 threads takes 64 rows of the matrix and 32 rows of input, 64 columns at a
 * time in workgroup memory; each thread has 4 × 4 sums, of high and of low halves.
 */
export function blockKernel(kind: Exclude<Ending, "gate">): Kernel {
  const four = range(4);
  const sums = (half: string) =>
    four.flatMap((row) => four.map((column) => `${half}${row}_${column}`)).join(", ");
  return {
    name: `block ${kind}`,
    parameters: PARAMETERS,
    bindings: bindings(kind),
    threads: 128,
    rowsPerGroup: BLOCK_COLUMNS,
    code: /* wgsl */ `
// Word by word, so that threads of consecutive rows read consecutive words.
var<workgroup> weightTile: array<u32, ${16 * BLOCK_ROWS}>;
var<workgroup> highTile: array<u32, ${16 * BLOCK_COLUMNS}>;
var<workgroup> lowTile: array<u32, ${16 * BLOCK_COLUMNS}>;
${ending(kind)}
fn run(block: u32, part: u32, thread: u32) {
  let first = part * ${BLOCK_ROWS}u;
  let firstRow = block * ${BLOCK_COLUMNS}u;
  let across = thread % 8u;
  let down = thread / 8u;
  ${four.map((row) => four.map((column) => `var high${row}_${column} = 0; var low${row}_${column} = 0;`).join(" ")).join("\n  ")}
  for (var start = 0u; start < p.vectors; start += 4u) {
    for (var item = thread; item < ${4 * BLOCK_ROWS}u; item += 128u) {
      let vector = start + item % 4u;
      let index = min(first + item / 4u, p.matrixRows - 1u);
      var value = vec4(0u);
      if (vector < p.vectors) { value = weights[index * p.vectors + vector]; }
      let place = (item % 4u) * ${4 * BLOCK_ROWS}u + item / 4u;
      ${["x", "y", "z", "w"].map((lane, word) => `weightTile[place + ${word * BLOCK_ROWS}u] = value.${lane};`).join("\n      ")}
    }
    for (var item = thread; item < ${4 * BLOCK_COLUMNS}u; item += 128u) {
      let vector = start + item % 4u;
      let base = min(firstRow + item / 4u, rowCount() - 1u) * 2u * p.vectors;
      var high = vec4(0u);
      var low = vec4(0u);
      if (vector < p.vectors) {
        high = input[base + vector];
        low = input[base + p.vectors + vector];
      }
      let place = (item % 4u) * ${4 * BLOCK_COLUMNS}u + item / 4u;
      ${["x", "y", "z", "w"].map((lane, word) => `highTile[place + ${word * BLOCK_COLUMNS}u] = high.${lane}; lowTile[place + ${word * BLOCK_COLUMNS}u] = low.${lane};`).join("\n      ")}
    }
    workgroupBarrier();
    for (var word = 0u; word < 16u; word++) {
      ${four.map((row) => `let weight${row} = weightTile[word * ${BLOCK_ROWS}u + down + ${16 * row}u];`).join("\n      ")}
      ${four
        .map(
          (column) => `{
        let high = highTile[word * ${BLOCK_COLUMNS}u + across + ${8 * column}u];
        let low = lowTile[word * ${BLOCK_COLUMNS}u + across + ${8 * column}u];
        ${four
          .map(
            (row) => `high${row}_${column} += dot4I8Packed(weight${row}, high);
        low${row}_${column} += dot4I8Packed(weight${row}, low);`,
          )
          .join("\n        ")}
      }`,
        )
        .join("\n      ")}
    }
    workgroupBarrier();
  }
  // One copy of what follows, for compilers that copy functions into their callers.
  let highs = array(${sums("high")});
  let lows = array(${sums("low")});
  for (var each = 0u; each < 16u; each++) {
    let index = first + down + 16u * (each / 4u);
    let row = firstRow + across + 8u * (each % 4u);
    if (index < p.matrixRows && row < rowCount()) { put(index, row, scaled(index, row, highs[each], lows[each])); }
  }
}`,
  };
}

/** The trace's partial sums over 4,096 columns, [rows][matrix rows][chunks] of 64 bits; a thread for each. */
export const PARTIALS: Kernel = {
  name: "partials",
  parameters: ["matrixRows: u32", "vectors: u32", "outputFirst: u32", "outputPitch: u32", "chunks: u32"],
  bindings: [
    { name: "weights", type: "array<vec4<u32>>" },
    { name: "input", type: "array<vec4<u32>>" },
    { name: "output", type: "array<vec2<u32>>", writes: true },
  ],
  threads: 64,
  rowsPerGroup: 1,
  code: /* wgsl */ `
fn run(row: u32, part: u32, thread: u32) {
  let item = part * 64u + thread;
  if (item >= p.matrixRows * p.chunks) { return; }
  let chunk = item % p.chunks;
  let base = (item / p.chunks) * p.vectors;
  var highSum = 0;
  var lowSum = 0;
  for (var vector = chunk * 256u; vector < min(p.vectors, (chunk + 1u) * 256u); vector++) {
    let weight = weights[base + vector];
    let high = input[row * 2u * p.vectors + vector];
    let low = input[row * 2u * p.vectors + p.vectors + vector];
    highSum += ${DOTS("weight", "high")};
    lowSum += ${DOTS("weight", "low")};
  }
  output[row * p.outputPitch + p.outputFirst * p.chunks + item] = wideSum(shiftLeft(wide(highSum), 8u), wide(lowSum));
}`,
};
