import type { OperatorDefinition } from "./definition.ts";

/**
 * 1 when this position's token ends the output, else 0: it is one of the model's stop tokens, or it is
 * token number maxTokens of the output. Positions after it do not exist (their trace is PAD).
 */
export const stop: OperatorDefinition = {
  opcode: 13,
  kind: "stop",
  inputs: ["token"],
  tensors: [0, 1],
  constants: [{ name: "stopTokens", minimum: 0, maximum: 1024 }],
  output: () => ({ type: "flag", groups: 1, size: 1 }),
  expects: (operator) => ({
    inputs: [{ type: "token", groups: 1, size: 1 }],
    tensors: operator.constants[0] === 0 ? [] : [{ kind: "table", rows: 1, columns: operator.constants[0]! }],
  }),
  sections: () => [{ name: "output", type: "int32", groups: 1, size: 1, tile: 1 }],
  execute(step) {
    const token = step.input(0).values[0]!;
    const listed = step.operator.tensors.length > 0 && step.table(0).values.includes(token);
    const output = Int32Array.of(listed || step.generated >= step.maxTokens ? 1 : 0);
    step.observe?.("output", output);
    return { values: output };
  },
};
