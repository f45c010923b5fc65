import type { Operator, Program } from "../program/program.ts";
import { validateProgram } from "../program/validate.ts";

/**
 * The smallest kind of program that chooses tokens: embedding, `heads` output heads of which the first decides, a choice.
 * Its work is heads × vocabulary × width.
 */
export function minimalProgram(shape: {
  readonly vocabulary: number;
  readonly context: number;
  readonly width: number;
  readonly heads?: number;
}): Program {
  const { vocabulary, context, width, heads = 1 } = shape;
  const operator = (
    kind: Operator["kind"],
    inputs: readonly number[],
    constants: readonly number[],
    tensors: readonly number[] = [],
    phase: Operator["phase"] = "always",
  ): Operator => ({ kind, name: kind, phase, inputs, tensors, constants });
  const program: Program = {
    vocabularySize: vocabulary,
    contextLength: context,
    operators: [
      operator("embed", [], [vocabulary, width, 0], [0]),
      operator("narrow", [0], [1, width]),
      ...Array.from({ length: heads }, () => operator("linear", [1], [vocabulary, width, 0], [0])),
      operator("seen", [], [vocabulary]),
      operator("recent", [], []),
      operator("sample", [2, 2 + heads], [vocabulary, 0], [1], "generating"),
      operator("stop", [4 + heads, 3 + heads], [0], [], "generating"),
    ],
    tensors: [
      { kind: "rows", rows: vocabulary, columns: width },
      { kind: "table", rows: 256, columns: 2 },
    ],
  };
  validateProgram(program);
  return program;
}
