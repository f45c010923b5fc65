import { OPERATORS } from "../operators/index.ts";
import { TOKENS_PER_WORD } from "../operators/seen.ts";
import type { Operator, OperatorKind, Program } from "../program/program.ts";
import type { OperatorRun } from "./run-operator.ts";

/** The operator, after one of each input that puts out what it reads. */
export function programOf(kind: OperatorKind, run: OperatorRun): Program {
  const { constants = [], tensors = [], inputs = [], position = 0 } = run;
  const operator: Operator = {
    kind,
    name: kind,
    phase: "always",
    inputs: OPERATORS[kind].inputs.map((_, input) => input),
    tensors: tensors.map((_, tensor) => tensor),
    constants,
  };
  const contextLength = Math.max(position + 1, tensors[0]?.rows ?? 1);
  const program = { vocabularySize: 1, contextLength, operators: [], tensors };
  const sources = OPERATORS[kind]
    .expects(operator, program)
    .inputs.map(({ type, groups, size }): Operator => {
      const kinds = {
        wide: "add",
        narrow: "narrow",
        page: "page",
        positions: "scores",
        weights: "softmax",
        seen: "seen",
        recent: "recent",
        token: "sample",
        flag: "stop",
      } as const;
      const shapes = new Map([
        ["wide", [groups * size]],
        ["seen", [TOKENS_PER_WORD * size]],
        ["recent", []],
      ]);
      const shape = shapes.get(type) ?? [groups, size];
      return {
        kind: kinds[type],
        name: "source",
        phase: "always",
        inputs: [],
        tensors: [],
        constants: shape,
      };
    });
  if (inputs.length > sources.length) throw new Error(`${kind} has ${inputs.length} inputs`);
  return { ...program, operators: [...sources, operator] };
}
