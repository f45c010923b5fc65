import { exponentialTable, sameTable } from "../tables/tables.ts";
import { constant, wide, type OperatorDefinition, type Section } from "./definition.ts";
import { chooseToken, LOGIT_CHUNK, samplingNumbers, THRESHOLD_BITS } from "./sampling.ts";
import { wordsOf } from "./seen.ts";

/**
 * Chooses the output token: the largest logit, or one drawn in proportion to 2^(logit / temperature) from those that top-k and
 * top-p leave, after the repetition penalty and without the model's stop tokens before the request's minimum. `chooseToken`
 * has the definition.
 */
export const sample: OperatorDefinition = {
  opcode: 12,
  kind: "sample",
  inputs: ["wide", "seen"],
  tensors: [1, 2],
  constants: [
    { name: "vocabulary", minimum: 1, maximum: 2 ** 20 },
    { name: "stopTokens", minimum: 0, maximum: 1024 },
  ],
  phase: "generating",
  output: () => ({ type: "token", groups: 1, size: 1 }),
  expects(operator) {
    const [vocabulary, stopTokens] = operator.constants as [number, number];
    return {
      inputs: [wide(vocabulary), { type: "seen", groups: 1, size: wordsOf(vocabulary) }],
      tensors: [
        { kind: "table", rows: 256, columns: 2 },
        ...(stopTokens > 0 ? [{ kind: "table", rows: 1, columns: stopTokens } as const] : []),
      ],
    };
  },
  sections(operator) {
    const vocabulary = constant(operator, 0);
    const chunks = Math.ceil(vocabulary / LOGIT_CHUNK);
    const sampled = (name: string, type: Section["type"], size: number, tile: number): Section => ({
      ...{ name, type, groups: 1, size, tile, sampled: true },
    });
    return [
      { name: "winners", type: "int32", groups: 1, size: 2 * chunks, tile: 256 },
      { name: "best", type: "int32", groups: 1, size: 2, tile: 2 },
      sampled("weights", "int32", vocabulary, LOGIT_CHUNK),
      sampled("masses", "int64", chunks, 256),
      sampled("target", "int64", 1, 1),
      ...THRESHOLD_BITS.flatMap((bit) => [
        sampled(`counted${bit}`, "int64", 2 * chunks, 256),
        sampled(`threshold${bit}`, "int32", 1, 1),
      ]),
      sampled("kept", "int64", chunks, 256),
      sampled("draw", "int64", 2, 2),
      { name: "output", type: "int32", groups: 1, size: 1, tile: 1 },
    ];
  },
  checkTensor: (tensor, index) =>
    index > 0 || (tensor.kind === "table" && sameTable(tensor, exponentialTable()))
      ? undefined
      : "it is not the exponential table of the specification",
  execute(step) {
    const stopTokens = constant(step.operator, 1) > 0 ? step.table(1).values : new Int32Array();
    const numbers = samplingNumbers(step.parameters, stopTokens, step.position, step.generated);
    const logits = step.input(0).values as Int32Array;
    const seen = step.input(1).values as Int32Array;
    return { values: chooseToken(logits, seen, step.table(0).values, numbers, step.observe) };
  },
};
