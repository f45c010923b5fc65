import { saturate32, shiftRound } from "../arithmetic/round.ts";
import { ROW_CHUNK } from "../tensors/chunks.ts";
import {
  constant,
  DIMENSION,
  partialSection,
  SHIFT,
  wide,
  wideOutput,
  type OperatorDefinition,
} from "./definition.ts";

/** Rows whose partial sums share a tile. */
const PARTIAL_ROWS = 64;

/**
 * Matrix times vector. Row r: sum = Σ_k a[k] · q[r][k], y[r] = saturate32(shiftRound(sum · m[r], n[r] + shift - e)),
 * then the optional bias, added with saturation. e is the exponent of the narrow input; `shift` is the fraction
 * of the input minus that of the output.
 *
 * |sum| <= 65,536 · 32,639 · 127 < 2^38 and m < 2^15, so |sum · m| < 2^53.
 */
export const linear: OperatorDefinition = {
  opcode: 4,
  kind: "linear",
  inputs: ["narrow"],
  tensors: [1, 2],
  constants: [
    { name: "rows", minimum: 1, maximum: 2 ** 24 },
    { name: "columns", ...DIMENSION },
    { name: "shift", ...SHIFT },
  ],
  output: (operator) => wide(constant(operator, 0)),
  expects(operator) {
    const [rows, columns] = [constant(operator, 0), constant(operator, 1)];
    return {
      inputs: [{ type: "narrow", groups: 1, size: columns }],
      tensors: [
        { kind: "rows" as const, rows, columns },
        { kind: "table" as const, rows: 1, columns: rows },
      ].slice(0, operator.tensors.length),
    };
  },
  work: (operator) => constant(operator, 0) * constant(operator, 1),
  sections(operator) {
    const rows = constant(operator, 0);
    const chunks = Math.ceil(constant(operator, 1) / ROW_CHUNK);
    return [
      ...partialSection(
        { name: "partials", type: "int64", groups: 1, size: rows * chunks, tile: PARTIAL_ROWS * chunks },
        chunks,
      ),
      wideOutput(rows),
    ];
  },
  execute(step) {
    const [rows, columns, shift] = step.operator.constants as [number, number, number];
    const { values: input, exponents } = step.input(0);
    const { values, multipliers, shifts } = step.rows(0);
    const bias = step.operator.tensors.length > 1 ? step.table(1).values : undefined;
    const chunks = Math.ceil(columns / ROW_CHUNK);
    const partials = step.observe && chunks > 1 ? new BigInt64Array(rows * chunks) : undefined;
    const output = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let chunk = 0; chunk < chunks; chunk++) {
        const end = Math.min(columns, (chunk + 1) * ROW_CHUNK);
        const partial = dot(values, row * columns, input, chunk * ROW_CHUNK, end);
        if (partials) partials[row * chunks + chunk] = BigInt(partial);
        sum += partial;
      }
      const scaled = saturate32(shiftRound(sum * multipliers[row]!, shifts[row]! + shift - exponents![0]!));
      output[row] = bias ? saturate32(scaled + bias[row]!) : scaled;
    }
    if (partials) step.observe?.("partials", partials);
    step.observe?.("output", output);
    return { values: output };
  },
};

/** Exact: at most 2^16 products below 2^22 each. */
function dot(
  row: Int8Array,
  offset: number,
  input: Int32Array | Int16Array,
  start: number,
  end: number,
): number {
  let sum = 0;
  for (let index = start; index < end; index++) sum += row[offset + index]! * input[index]!;
  return sum;
}
