import type { OperatorDefinition, Step } from "./definition.ts";
import { RECENT_TOKENS } from "./recent.ts";

/**
 * 1 when the token that this position yields ends the output, else 0: it is token number maxTokens of the output; or the output
 * has the request's minimum and it is one of the model's stop tokens or ends a stop sequence of the request. Positions after
 * it do not exist (their trace is PAD).
 */
export const stop: OperatorDefinition = {
  opcode: 13,
  kind: "stop",
  inputs: ["token", "recent"],
  tensors: [0, 1],
  constants: [{ name: "stopTokens", minimum: 0, maximum: 1024 }],
  phase: "generating",
  output: () => ({ type: "flag", groups: 1, size: 1 }),
  expects: (operator) => ({
    inputs: [
      { type: "token", groups: 1, size: 1 },
      { type: "recent", groups: 1, size: RECENT_TOKENS },
    ],
    tensors: operator.constants[0] === 0 ? [] : [{ kind: "table", rows: 1, columns: operator.constants[0]! }],
  }),
  sections: () => [{ name: "output", type: "int32", groups: 1, size: 1, tile: 1 }],
  execute(step) {
    const stopTokens = step.operator.tensors.length > 0 ? step.table(0).values : new Int32Array();
    const recent = step.input(1).values as Int32Array;
    const output = Int32Array.of(endsOutput(step.input(0).values[0]!, recent, stopTokens, step) ? 1 : 0);
    step.observe?.("output", output);
    return { values: output };
  },
};

/** The operator's flag. */
export function endsOutput(
  token: number,
  recent: Int32Array,
  stopTokens: Int32Array,
  { generated, parameters, startOffset }: Pick<Step, "generated" | "parameters" | "startOffset">,
): boolean {
  const { maxTokens, minTokens = 0, stopSequences = [] } = parameters;
  if (generated >= maxTokens) return true;
  if (generated < minTokens) return false;
  // The output tokens before this one, those of the answer that the request continues included.
  const before = generated - 1 + startOffset;
  return (
    stopTokens.includes(token) || stopSequences.some((sequence) => endsWith(sequence, token, recent, before))
  );
}

/**
 * Whether the output ends with `sequence` when `token` follows.
 *
 * @param text its last tokens are those before `token`
 * @param count how many of them are of the output
 */
export function endsWith(
  sequence: readonly number[],
  token: number,
  text: Int32Array,
  count = text.length,
): boolean {
  const before = sequence.length - 1;
  return (
    sequence[before] === token &&
    before <= count &&
    text.slice(text.length - before).every((found, index) => found === sequence[index])
  );
}
