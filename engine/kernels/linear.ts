import { saturate32 } from "./arithmetic";
import { reciprocalPower, scaled, total, totals, widened } from "./sums";

/**
 * Columns after which 32-bit sums are widened. A step multiplies 8 columns and adds pairs of products, each pair at
 * most 2 · 32,639 · 127 = 8,290,306 in magnitude, to 4 lanes. 2,048 columns are 256 steps, and 256 · 8,290,306 =
 * 2,122,318,336 < 2^31.
 */
const EXACT_COLUMNS = 2048;

/** Columns of one partial sum in the trace. */
const ROW_CHUNK = 4096;

/** Rows that lie together: 16 columns of each in turn, so that decoding reads one stream and every line of it whole. */
const TOGETHER = 4;

/**
 * Brings up to four rows, int8 [rows][columns], together: [stride / 16][4][16], zeros where there is nothing. Weight
 * matrices are such groups of rows, one after another.
 */
export function packRows(source: usize, rows: i32, columns: i32, stride: i32, target: usize): void {
  memory.fill(target, 0, TOGETHER * stride);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = ((column >> 4) << 6) + (row << 4) + (column & 15);
      store<i8>(target + at, load<i8>(source + row * columns + column));
    }
  }
}

/** Σ of int8 times int16 over `columns`, a multiple of 16, for the row of a group that begins at `weights`. */
function dot(weights: usize, input: usize, columns: i32): i64 {
  let wide = i64x2.splat(0);
  for (let start = 0; start < columns; start += EXACT_COLUMNS) {
    const end = min(columns, start + EXACT_COLUMNS);
    let sums = i32x4.splat(0);
    for (let column = start; column < end; column += 16) {
      const from = weights + (column << 2);
      const values = input + (column << 1);
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load8x8_s(from), v128.load(values)));
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load8x8_s(from, 8), v128.load(values, 16)));
    }
    wide = i64x2.add(wide, widened(sums));
  }
  return total(wide);
}

// What all rows of one call share; an instance belongs to one thread.
let multipliers: usize = 0;
let shifts: usize = 0;
let biases: usize = 0;
let output: usize = 0;
let outputStride: i32 = 0;
let rowEnd: i32 = 0;

/** m · 2^-n of a row. */
function rowFactor(row: i32): f64 {
  return <f64>load<u16>(multipliers + (row << 1)) * reciprocalPower(<i32>load<i16>(shifts + (row << 1)));
}

function finish(row: i32, position: i32, value: i32): void {
  if (row >= rowEnd) return;
  if (biases != 0) value = <i32>saturate32(<i64>value + <i64>load<i32>(biases + (row << 2)));
  store<i32>(output + position * outputStride + (row << 2), value);
}

/** Four rows and one position: decoding streams weights, and four rows share the loads of the input. */
function fourRows(row: i32, weights: usize, stride: i32, position: i32, input: usize, factor: f64): void {
  let wide0 = i64x2.splat(0);
  let wide1 = i64x2.splat(0);
  let wide2 = i64x2.splat(0);
  let wide3 = i64x2.splat(0);
  for (let start = 0; start < stride; start += EXACT_COLUMNS) {
    const end = min(stride, start + EXACT_COLUMNS);
    let sums0 = i32x4.splat(0);
    let sums1 = i32x4.splat(0);
    let sums2 = i32x4.splat(0);
    let sums3 = i32x4.splat(0);
    for (let column = start; column < end; column += 16) {
      const from = weights + (column << 2);
      const left = v128.load(input + (column << 1));
      const right = v128.load(input + (column << 1), 16);
      sums0 = i32x4.add(sums0, i32x4.dot_i16x8_s(v128.load8x8_s(from, 0), left));
      sums0 = i32x4.add(sums0, i32x4.dot_i16x8_s(v128.load8x8_s(from, 8), right));
      sums1 = i32x4.add(sums1, i32x4.dot_i16x8_s(v128.load8x8_s(from, 16), left));
      sums1 = i32x4.add(sums1, i32x4.dot_i16x8_s(v128.load8x8_s(from, 24), right));
      sums2 = i32x4.add(sums2, i32x4.dot_i16x8_s(v128.load8x8_s(from, 32), left));
      sums2 = i32x4.add(sums2, i32x4.dot_i16x8_s(v128.load8x8_s(from, 40), right));
      sums3 = i32x4.add(sums3, i32x4.dot_i16x8_s(v128.load8x8_s(from, 48), left));
      sums3 = i32x4.add(sums3, i32x4.dot_i16x8_s(v128.load8x8_s(from, 56), right));
    }
    wide0 = i64x2.add(wide0, widened(sums0));
    wide1 = i64x2.add(wide1, widened(sums1));
    wide2 = i64x2.add(wide2, widened(sums2));
    wide3 = i64x2.add(wide3, widened(sums3));
  }
  const shared = f64x2.splat(factor);
  let factors = f64x2.replace_lane(f64x2.splat(rowFactor(row)), 1, rowFactor(row + 1));
  let two = scaled(totals(wide0, wide1), f64x2.mul(factors, shared));
  finish(row, position, i32x4.extract_lane(two, 0));
  finish(row + 1, position, i32x4.extract_lane(two, 1));
  factors = f64x2.replace_lane(f64x2.splat(rowFactor(row + 2)), 1, rowFactor(row + 3));
  two = scaled(totals(wide2, wide3), f64x2.mul(factors, shared));
  finish(row + 2, position, i32x4.extract_lane(two, 0));
  finish(row + 3, position, i32x4.extract_lane(two, 1));
}

/** Two rows and four positions: a block of the prompt reuses each widened weight four times. */
function fourPositions(
  row: i32,
  weights: usize,
  stride: i32,
  position: i32,
  input: usize,
  pitch: i32,
  left: v128,
  right: v128,
): void {
  const input1 = input + pitch;
  const input2 = input1 + pitch;
  const input3 = input2 + pitch;
  let wide00 = i64x2.splat(0);
  let wide01 = i64x2.splat(0);
  let wide02 = i64x2.splat(0);
  let wide03 = i64x2.splat(0);
  let wide10 = i64x2.splat(0);
  let wide11 = i64x2.splat(0);
  let wide12 = i64x2.splat(0);
  let wide13 = i64x2.splat(0);
  for (let start = 0; start < stride; start += EXACT_COLUMNS) {
    const end = min(stride, start + EXACT_COLUMNS);
    let sums00 = i32x4.splat(0);
    let sums01 = i32x4.splat(0);
    let sums02 = i32x4.splat(0);
    let sums03 = i32x4.splat(0);
    let sums10 = i32x4.splat(0);
    let sums11 = i32x4.splat(0);
    let sums12 = i32x4.splat(0);
    let sums13 = i32x4.splat(0);
    for (let column = start; column < end; column += 16) {
      const from = weights + (column << 2);
      const offset = column << 1;
      let first = v128.load8x8_s(from, 0);
      let next = v128.load8x8_s(from, 16);
      let values = v128.load(input + offset, 0);
      sums00 = i32x4.add(sums00, i32x4.dot_i16x8_s(first, values));
      sums10 = i32x4.add(sums10, i32x4.dot_i16x8_s(next, values));
      values = v128.load(input1 + offset, 0);
      sums01 = i32x4.add(sums01, i32x4.dot_i16x8_s(first, values));
      sums11 = i32x4.add(sums11, i32x4.dot_i16x8_s(next, values));
      values = v128.load(input2 + offset, 0);
      sums02 = i32x4.add(sums02, i32x4.dot_i16x8_s(first, values));
      sums12 = i32x4.add(sums12, i32x4.dot_i16x8_s(next, values));
      values = v128.load(input3 + offset, 0);
      sums03 = i32x4.add(sums03, i32x4.dot_i16x8_s(first, values));
      sums13 = i32x4.add(sums13, i32x4.dot_i16x8_s(next, values));
      first = v128.load8x8_s(from, 8);
      next = v128.load8x8_s(from, 24);
      values = v128.load(input + offset, 16);
      sums00 = i32x4.add(sums00, i32x4.dot_i16x8_s(first, values));
      sums10 = i32x4.add(sums10, i32x4.dot_i16x8_s(next, values));
      values = v128.load(input1 + offset, 16);
      sums01 = i32x4.add(sums01, i32x4.dot_i16x8_s(first, values));
      sums11 = i32x4.add(sums11, i32x4.dot_i16x8_s(next, values));
      values = v128.load(input2 + offset, 16);
      sums02 = i32x4.add(sums02, i32x4.dot_i16x8_s(first, values));
      sums12 = i32x4.add(sums12, i32x4.dot_i16x8_s(next, values));
      values = v128.load(input3 + offset, 16);
      sums03 = i32x4.add(sums03, i32x4.dot_i16x8_s(first, values));
      sums13 = i32x4.add(sums13, i32x4.dot_i16x8_s(next, values));
    }
    wide00 = i64x2.add(wide00, widened(sums00));
    wide01 = i64x2.add(wide01, widened(sums01));
    wide02 = i64x2.add(wide02, widened(sums02));
    wide03 = i64x2.add(wide03, widened(sums03));
    wide10 = i64x2.add(wide10, widened(sums10));
    wide11 = i64x2.add(wide11, widened(sums11));
    wide12 = i64x2.add(wide12, widened(sums12));
    wide13 = i64x2.add(wide13, widened(sums13));
  }
  finishFour(row, position, totals(wide00, wide01), totals(wide02, wide03), left, right);
  finishFour(row + 1, position, totals(wide10, wide11), totals(wide12, wide13), left, right);
}

/** @param left float64 factors of the first two positions; `right` of the other two */
function finishFour(row: i32, position: i32, first: v128, second: v128, left: v128, right: v128): void {
  const factor = f64x2.splat(rowFactor(row));
  let two = scaled(first, f64x2.mul(factor, left));
  finish(row, position, i32x4.extract_lane(two, 0));
  finish(row, position + 1, i32x4.extract_lane(two, 1));
  two = scaled(second, f64x2.mul(factor, right));
  finish(row, position + 2, i32x4.extract_lane(two, 0));
  finish(row, position + 3, i32x4.extract_lane(two, 1));
}

/** 2^(exponent - shift) of two positions. */
function twoFactors(exponents: usize, shift: i32): v128 {
  return f64x2.replace_lane(
    f64x2.splat(reciprocalPower(shift - load<i32>(exponents))),
    1,
    reciprocalPower(shift - load<i32>(exponents, 4)),
  );
}

/** Bytes of weights that a block's positions meet one after another, while they stay in a core's cache. */
const PANEL = 131072;

/**
 * Rows [start, end) of a weight matrix times the inputs of `positions` positions; `start` is a multiple of 4.
 *
 * @param weights int8 [rows / 4][stride / 16][4][16] as `packRows` writes it
 * @param inputs int16 [positions][pitch bytes]; what stands beyond a vector's end meets zeros
 * @param scale uint16 [rows] multipliers; `rowShifts` int16 [rows]; `bias` int32 [rows] or 0
 * @param inputExponents int32 [positions]
 * @param outputs int32 [positions][outputPitch bytes]
 */
export function linear(
  start: i32,
  end: i32,
  weights: usize,
  stride: i32,
  scale: usize,
  rowShifts: usize,
  bias: usize,
  inputs: usize,
  pitch: i32,
  inputExponents: usize,
  positions: i32,
  shift: i32,
  outputs: usize,
  outputPitch: i32,
): void {
  multipliers = scale;
  shifts = rowShifts;
  biases = bias;
  output = outputs;
  outputStride = outputPitch;
  rowEnd = end;
  const blocks = positions & ~3;
  const panel = max(TOGETHER, (PANEL / stride) & ~3);
  for (let first = start; first < end; first += panel) {
    const last = min(end, first + panel);
    for (let position = 0; position < blocks; position += 4) {
      const input = inputs + position * pitch;
      const at = inputExponents + (position << 2);
      const left = twoFactors(at, shift);
      const right = twoFactors(at + 8, shift);
      for (let row = first; row < last; row += TOGETHER) {
        const from = weights + row * stride;
        fourPositions(row, from, stride, position, input, pitch, left, right);
        fourPositions(row + 2, from + 32, stride, position, input, pitch, left, right);
      }
    }
    for (let position = blocks; position < positions; position++) {
      const input = inputs + position * pitch;
      const factor = reciprocalPower(shift - load<i32>(inputExponents + (position << 2)));
      for (let row = first; row < last; row += TOGETHER) {
        fourRows(row, weights + row * stride, stride, position, input, factor);
      }
    }
  }
}

/** The trace's partial sums of a row, int64 [chunks] over 4,096 columns each, at one position. */
export function rowPartials(weights: usize, stride: i32, input: usize, partials: usize): void {
  for (let start = 0; start < stride; start += ROW_CHUNK) {
    const columns = min(ROW_CHUNK, stride - start);
    store<i64>(partials, dot(weights + (start << 2), input + (start << 1), columns));
    partials += 8;
  }
}
