import { saturate32, shiftRound, shiftRoundProduct } from "../arithmetic/round.ts";
import { sameTable, SIGMOID_FRACTION, sigmoidTable, tanhGeluTable } from "../tables/tables.ts";
import { constant, DIMENSION, SHIFT, wide, wideOutput, type OperatorDefinition } from "./definition.ts";

const ONE = 2 ** SIGMOID_FRACTION;

/**
 * Gated activation: h = saturate32(shiftRoundProduct(silu(g), u, productShift)), silu(g) = shiftRound(g · sigmoid(g), 20).
 *
 * x = |shiftRound(g, sigmoidShift)| with 16 fraction bits; row i = floor(x / 1,024) of the table holds T[i] and
 * T[i + 1] - T[i], T[i] = round(2^20 / (1 + exp(-i/64))); sigmoid = T[i] + shiftRound(difference · (x mod 1,024), 10),
 * 2^20 from x >= 16 on, and 2^20 minus that for negative g. A second table makes GELU of SiLU; it has the same range and
 * symmetry. |g · sigmoid| <= 2^51. silu(g) · u is below 2^62,
 * the one product that needs more than 53 bits.
 */
export const gate: OperatorDefinition = {
  opcode: 10,
  kind: "gate",
  inputs: ["wide", "wide"],
  tensors: [1, 1],
  constants: [
    { name: "width", ...DIMENSION },
    { name: "sigmoidShift", ...SHIFT },
    { name: "productShift", minimum: 17, maximum: 62 },
  ],
  output: (operator) => wide(constant(operator, 0)),
  expects: (operator) => ({
    inputs: [wide(constant(operator, 0)), wide(constant(operator, 0))],
    tensors: [{ kind: "table", rows: 1024, columns: 2 }],
  }),
  sections: (operator) => [wideOutput(constant(operator, 0))],
  checkTensor: (tensor) =>
    tensor.kind === "table" && [sigmoidTable, tanhGeluTable].some((table) => sameTable(tensor, table()))
      ? undefined
      : "it is neither the sigmoid nor the GELU table of the specification",
  execute(step) {
    const [width, sigmoidShift, productShift] = step.operator.constants as [number, number, number];
    const gates = step.input(0).values;
    const ups = step.input(1).values;
    const table = step.table(0).values;
    const output = new Int32Array(width);
    for (let index = 0; index < width; index++) {
      const x = shiftRound(gates[index]!, sigmoidShift);
      const sigmoid = x < 0 ? ONE - positiveSigmoid(-x, table) : positiveSigmoid(x, table);
      const silu = shiftRound(gates[index]! * sigmoid, SIGMOID_FRACTION);
      output[index] = saturate32(shiftRoundProduct(silu, ups[index]!, productShift));
    }
    step.observe?.("output", output);
    return { values: output };
  },
};

/** The sigmoid with 20 fraction bits, for x >= 0 with 16 fraction bits. */
function positiveSigmoid(x: number, table: Int32Array): number {
  const row = Math.floor(x / 1024);
  if (row >= 1024) return ONE;
  return table[2 * row]! + shiftRound(table[2 * row + 1]! * (x % 1024), 10);
}
