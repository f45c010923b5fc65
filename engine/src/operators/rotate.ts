import { saturate32, shiftRound } from "../arithmetic/round.ts";
import { ROTARY_FRACTION } from "../tables/tables.ts";
import { constant, wide, wideOutput, type OperatorDefinition } from "./definition.ts";

/**
 * Rotary position embedding of each head, pairs (i, i + size/2):
 * y1 = saturate32(shiftRound(x1 · c - x2 · s, 20)), y2 = saturate32(shiftRound(x2 · c + x1 · s, 20)).
 * Row p of the table holds c[0 … size/2) then s[0 … size/2) of position p. |x1 · c - x2 · s| <= 2 · 2^31 · 2^20 = 2^52.
 */
export const rotate: OperatorDefinition = {
  opcode: 5,
  kind: "rotate",
  inputs: ["wide"],
  tensors: [1, 1],
  constants: [
    { name: "heads", minimum: 1, maximum: 1024 },
    { name: "size", minimum: 2, maximum: 256 },
  ],
  output: (operator) => wide(constant(operator, 0) * constant(operator, 1)),
  expects: (operator, program) => ({
    inputs: [wide(constant(operator, 0) * constant(operator, 1))],
    tensors: [{ kind: "table", rows: program.contextLength, columns: constant(operator, 1) }],
  }),
  sections: (operator) => [wideOutput(constant(operator, 0) * constant(operator, 1))],
  checkConstants: (operator) =>
    constant(operator, 1) % 2 === 0
      ? undefined
      : `A head of odd size ${constant(operator, 1)} has no rotary pairs.`,
  checkTensor: (tensor) =>
    tensor.values.some((entry) => Math.abs(entry) > 2 ** ROTARY_FRACTION)
      ? "a rotary table entry is above 2^20 in magnitude"
      : undefined,
  execute(step) {
    const [heads, size] = [constant(step.operator, 0), constant(step.operator, 1)];
    const half = size / 2;
    const input = step.input(0).values;
    const table = step.table(0).values;
    const output = new Int32Array(heads * size);
    for (let head = 0; head < heads; head++) {
      for (let pair = 0; pair < half; pair++) {
        const first = head * size + pair;
        const [x1, x2] = [input[first]!, input[first + half]!];
        const cosine = table[step.position * size + pair]!;
        const sine = table[step.position * size + half + pair]!;
        output[first] = saturate32(shiftRound(x1 * cosine - x2 * sine, ROTARY_FRACTION));
        output[first + half] = saturate32(shiftRound(x2 * cosine + x1 * sine, ROTARY_FRACTION));
      }
    }
    step.observe?.("output", output);
    return { values: output };
  },
};
