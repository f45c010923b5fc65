import type { OperatorDefinition } from "./definition.ts";

/** Tokens of the text that a stop sequence is compared with, besides the one that may end it. */
export const RECENT_TOKENS = 16;

/** The last 16 tokens up to this position, the latest last; -1 where there are fewer. */
export const recent: OperatorDefinition = {
  opcode: 15,
  kind: "recent",
  inputs: [],
  tensors: [0, 0],
  constants: [],
  phase: "always",
  output: () => ({ type: "recent", groups: 1, size: RECENT_TOKENS }),
  expects: () => ({ inputs: [], tensors: [] }),
  sections: () => [{ name: "output", type: "int32", groups: 1, size: RECENT_TOKENS, tile: RECENT_TOKENS }],
  execute(step) {
    const output = new Int32Array(RECENT_TOKENS).fill(-1);
    output.set(step.previous()?.values.subarray(1) ?? []);
    output[RECENT_TOKENS - 1] = step.token;
    step.observe?.("output", output);
    return { values: output };
  },
};
