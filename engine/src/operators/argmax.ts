import { constant, partialSection, wide, type OperatorDefinition } from "./definition.ts";

const LOGIT_CHUNK = 1024;

/** Greedy choice: the index of the largest logit; of equal ones the lowest. */
export const argmax: OperatorDefinition = {
  opcode: 12,
  kind: "argmax",
  inputs: ["wide"],
  tensors: [0, 0],
  constants: [{ name: "vocabulary", minimum: 1, maximum: 2 ** 24 }],
  output: () => ({ type: "token", groups: 1, size: 1 }),
  expects: (operator) => ({ inputs: [wide(constant(operator, 0))], tensors: [] }),
  sections(operator) {
    const chunks = Math.ceil(constant(operator, 0) / LOGIT_CHUNK);
    return [
      ...partialSection({ name: "winners", type: "int32", groups: 1, size: 2 * chunks, tile: 256 }, chunks),
      { name: "output", type: "int32", groups: 1, size: 1, tile: 1 },
    ];
  },
  execute(step) {
    const logits = step.input(0).values;
    const chunks = Math.ceil(logits.length / LOGIT_CHUNK);
    // Pairs (token, logit) of each chunk's winner.
    const winners = new Int32Array(2 * chunks);
    for (let chunk = 0; chunk < chunks; chunk++) {
      let best = chunk * LOGIT_CHUNK;
      for (let token = best; token < Math.min(logits.length, (chunk + 1) * LOGIT_CHUNK); token++) {
        if (logits[token]! > logits[best]!) best = token;
      }
      winners[2 * chunk] = best;
      winners[2 * chunk + 1] = logits[best]!;
    }
    let winner = 0;
    for (let chunk = 1; chunk < chunks; chunk++) {
      if (winners[2 * chunk + 1]! > winners[2 * winner + 1]!) winner = chunk;
    }
    const output = Int32Array.of(winners[2 * winner]!);
    if (chunks > 1) step.observe?.("winners", winners);
    step.observe?.("output", output);
    return { values: output };
  },
};
