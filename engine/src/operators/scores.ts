import { MULTIPLIER_LIMIT } from "../tensors/tensor.ts";
import { saturate32, shiftRound } from "../arithmetic/round.ts";
import { constant, SHIFT, type OperatorDefinition } from "./definition.ts";

/** Positions in one tile and in one partial sum of attention. */
export const POSITION_CHUNK = 256;

/**
 * Attention scores of this position's queries against all keys so far, as base-2 logits with 16 fraction bits:
 * s = saturate32(shiftRound(dot(query, key) · multiplier, shift - e_query - e_key)).
 *
 * multiplier · 2^-shift folds log2(e) / sqrt(size) and the fractions. |dot| <= 256 · 32,639² < 2^38, so the
 * product is below 2^53. Query head h reads key head floor(h · keyHeads / heads).
 */
export const scores: OperatorDefinition = {
  opcode: 7,
  kind: "scores",
  inputs: ["narrow", "narrow"],
  historyInput: 1,
  tensors: [0, 0],
  constants: [
    { name: "heads", minimum: 1, maximum: 1024 },
    { name: "keyHeads", minimum: 1, maximum: 1024 },
    { name: "size", minimum: 1, maximum: 256 },
    { name: "multiplier", minimum: 1, maximum: MULTIPLIER_LIMIT - 1 },
    { name: "shift", ...SHIFT },
  ],
  output: (operator) => ({ type: "positions", groups: constant(operator, 0), size: 1 }),
  expects: (operator) => ({
    inputs: [
      { type: "narrow", groups: constant(operator, 0), size: constant(operator, 2) },
      { type: "narrow", groups: constant(operator, 1), size: constant(operator, 2) },
    ],
    tensors: [],
  }),
  sections: (operator, program) => [
    {
      name: "output",
      type: "int32",
      groups: constant(operator, 0),
      size: program.contextLength,
      tile: POSITION_CHUNK,
    },
  ],
  execute(step) {
    const [heads, keyHeads, size, multiplier, shift] = step.operator.constants as [
      number,
      number,
      number,
      number,
      number,
    ];
    const query = step.input(0);
    const count = step.position + 1;
    const output = new Int32Array(heads * count);
    for (let position = 0; position < count; position++) {
      const key = step.history(1, position);
      for (let head = 0; head < heads; head++) {
        const keyHead = Math.floor((head * keyHeads) / heads);
        let dot = 0;
        for (let index = 0; index < size; index++) {
          dot += query.values[head * size + index]! * key.values[keyHead * size + index]!;
        }
        const exponents = query.exponents![head]! + key.exponents![keyHead]!;
        output[head * count + position] = saturate32(shiftRound(dot * multiplier, shift - exponents));
      }
    }
    step.observe?.("output", output);
    return { values: output };
  },
};
