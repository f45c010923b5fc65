import type { Value } from "../../src/operators/definition.ts";
import type { OperatorRun } from "../../src/testing/run-operator.ts";
import { generateRandom } from "../../src/testing/random.ts";
import type { RowTensor } from "../../src/tensors/tensor.ts";

export const LARGEST = 2147483647;
export const SMALLEST = -2147483648;
/** Largest magnitude of a narrow value. */
export const NARROW = 32639;

/** A case before it ran. */
export interface NamedRun extends OperatorRun {
  readonly name: string;
}

export type Random = ReturnType<typeof makeRandom>;

/** Each operator has a seed of its own, so that a change of one changes no other's file. */
export function makeRandom(seed: number) {
  const random = generateRandom(seed);
  const integer = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  /** int32 of every magnitude. */
  const int32 = () => {
    const limit = 2 ** integer(0, 31);
    return integer(-limit, limit - 1);
  };
  const wide = (size: number): Int32Array => Int32Array.from({ length: size }, int32);
  const narrowValues = (size: number): Int16Array =>
    Int16Array.from({ length: size }, () => integer(-NARROW, NARROW));
  const narrow = (groups: number, size: number): Value => ({
    values: narrowValues(groups * size),
    exponents: Int32Array.from({ length: groups }, () => integer(0, 17)),
  });
  const rows = (count: number, columns: number): RowTensor => ({
    kind: "rows",
    rows: count,
    columns,
    values: Int8Array.from({ length: count * columns }, () => integer(-127, 127)),
    multipliers: Uint16Array.from({ length: count }, () => integer(1, 32767)),
    shifts: Int16Array.from({ length: count }, () => integer(10, 40)),
  });
  return { integer, wide, narrow, narrowValues, rows };
}

export function filled(size: number, value: number): Int32Array {
  return new Int32Array(size).fill(value);
}

/** Vectors at the corners of int32 and on both sides of where narrowing begins to shift. */
export function corners(size: number): [string, Int32Array][] {
  const spike = filled(size, 0);
  spike[size - 1] = SMALLEST;
  const alternating = Int32Array.from({ length: size }, (_, index) => (index % 2 === 0 ? LARGEST : SMALLEST));
  return [
    ["extreme zeros", filled(size, 0)],
    ["extreme largest", filled(size, LARGEST)],
    ["extreme smallest", filled(size, SMALLEST)],
    ["extreme one spike", spike],
    ["extreme alternating", alternating],
    ["edge 1", filled(size, 1)],
    ["edge -1", filled(size, -1)],
    ["edge 32,639", filled(size, NARROW)],
    ["edge 32,640", filled(size, NARROW + 1)],
    ["edge -32,640", filled(size, -NARROW - 1)],
    ["edge 65,279", filled(size, 65279)],
  ];
}

export function narrowFilled(groups: number, size: number, value: number, exponent: number): Value {
  return {
    values: new Int16Array(groups * size).fill(value),
    exponents: new Int32Array(groups).fill(exponent),
  };
}

export function rowsFilled(
  count: number,
  columns: number,
  value: number,
  multiplier: number,
  shift: number,
): RowTensor {
  return {
    kind: "rows",
    rows: count,
    columns,
    values: new Int8Array(count * columns).fill(value),
    multipliers: new Uint16Array(count).fill(multiplier),
    shifts: new Int16Array(count).fill(shift),
  };
}
