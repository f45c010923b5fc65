import { saturateNarrow } from "../arithmetic/round.ts";
import { constant, wide, type OperatorDefinition } from "./definition.ts";

/** Positions in one page of values. */
export const PAGE = 32;

/**
 * Values of attention, transposed: channel c of the page holds the values of positions 32 · floor(p / 32) to p,
 * zeros after. Each position's page is its predecessor's with one column more, so that a weighted sum over 32
 * positions opens one tile of 64 bytes instead of 32 tiles.
 *
 * value = saturateNarrow(x): the fraction is fixed at import by a bound that no input can exceed.
 */
export const page: OperatorDefinition = {
  opcode: 6,
  kind: "page",
  inputs: ["wide"],
  tensors: [0, 0],
  constants: [
    { name: "heads", minimum: 1, maximum: 1024 },
    { name: "size", minimum: 1, maximum: 256 },
  ],
  phase: "always",
  output: (operator) => ({ type: "page", groups: constant(operator, 0), size: constant(operator, 1) }),
  expects: (operator) => ({ inputs: [wide(constant(operator, 0) * constant(operator, 1))], tensors: [] }),
  sections: (operator) => [
    {
      name: "output",
      type: "int16",
      groups: constant(operator, 0) * constant(operator, 1),
      size: PAGE,
      tile: PAGE,
    },
  ],
  execute(step) {
    const input = step.input(0).values;
    const column = step.position % PAGE;
    const before = column === 0 ? undefined : step.previous();
    const output = new Int16Array(input.length * PAGE);
    if (before) output.set(before.values);
    for (let channel = 0; channel < input.length; channel++) {
      output[channel * PAGE + column] = saturateNarrow(input[channel]!);
    }
    step.observe?.("output", output);
    return { values: output };
  },
};
