import { saturate32 } from "../arithmetic/round.ts";
import { constant, DIMENSION, wide, wideOutput, type OperatorDefinition } from "./definition.ts";

/** Residual addition: y = saturate32(a + b). Both sides have the residual's fraction. */
export const add: OperatorDefinition = {
  opcode: 11,
  kind: "add",
  inputs: ["wide", "wide"],
  tensors: [0, 0],
  constants: [{ name: "width", ...DIMENSION }],
  output: (operator) => wide(constant(operator, 0)),
  expects: (operator) => ({
    inputs: [wide(constant(operator, 0)), wide(constant(operator, 0))],
    tensors: [],
  }),
  sections: (operator) => [wideOutput(constant(operator, 0))],
  execute(step) {
    const left = step.input(0).values;
    const right = step.input(1).values;
    const output = new Int32Array(left.length);
    for (let index = 0; index < left.length; index++) {
      output[index] = saturate32(left[index]! + right[index]!);
    }
    step.observe?.("output", output);
    return { values: output };
  },
};
