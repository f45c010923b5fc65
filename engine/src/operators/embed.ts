import { saturate32, shiftRound } from "../arithmetic/round.ts";
import { constant, DIMENSION, SHIFT, wide, wideOutput, type OperatorDefinition } from "./definition.ts";

/**
 * Embedding: the int8 row of the position's token, scaled to the residual's fixed point.
 *
 * y[i] = saturate32(shiftRound(q[i] · m, n + shift)); |q · m| < 2^22. `shift` is minus the residual's fraction.
 * The position's token is the prompt's, or from the end of the prompt on the previous position's `sample`.
 */
export const embed: OperatorDefinition = {
  opcode: 1,
  kind: "embed",
  inputs: [],
  tensors: [1, 1],
  constants: [
    { name: "vocabulary", minimum: 1, maximum: 2 ** 24 },
    { name: "width", ...DIMENSION },
    { name: "shift", ...SHIFT },
  ],
  output: (operator) => wide(constant(operator, 1)),
  expects: (operator) => ({
    inputs: [],
    tensors: [{ kind: "rows", rows: constant(operator, 0), columns: constant(operator, 1) }],
  }),
  sections: (operator) => [wideOutput(constant(operator, 1))],
  execute(step) {
    const width = constant(step.operator, 1);
    const shift = constant(step.operator, 2);
    const { values, multipliers, shifts } = step.rows(0);
    const multiplier = multipliers[step.token]!;
    const output = new Int32Array(width);
    for (let index = 0; index < width; index++) {
      const product = values[step.token * width + index]! * multiplier;
      output[index] = saturate32(shiftRound(product, shifts[step.token]! + shift));
    }
    step.observe?.("output", output);
    return { values: output };
  },
};
