import { constant, type OperatorDefinition } from "./definition.ts";

/** Tokens in one word of a set of tokens. */
export const TOKENS_PER_WORD = 32;

export function wordsOf(vocabulary: number): number {
  return Math.ceil(vocabulary / TOKENS_PER_WORD);
}

/** The set of tokens up to this position, the prompt's included: bit t mod 32 of word floor(t / 32) stands for token t. */
export const seen: OperatorDefinition = {
  opcode: 14,
  kind: "seen",
  inputs: [],
  tensors: [0, 0],
  constants: [{ name: "vocabulary", minimum: 1, maximum: 2 ** 20 }],
  phase: "always",
  output: (operator) => ({ type: "seen", groups: 1, size: wordsOf(constant(operator, 0)) }),
  expects: () => ({ inputs: [], tensors: [] }),
  sections: (operator) => [
    { name: "output", type: "int32", groups: 1, size: wordsOf(constant(operator, 0)), tile: 1024 },
  ],
  execute(step) {
    const before = step.previous();
    const output = before
      ? Int32Array.from(before.values)
      : new Int32Array(wordsOf(constant(step.operator, 0)));
    output[Math.floor(step.token / TOKENS_PER_WORD)]! |= 1 << (step.token % TOKENS_PER_WORD);
    step.observe?.("output", output);
    return { values: output };
  },
};
