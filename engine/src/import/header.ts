import { EngineError } from "../errors.ts";
import type { ModelHeader } from "../model.ts";
import { constant } from "../operators/definition.ts";
import type { Operator, OperatorKind, Program } from "../program/program.ts";
import { LOGIT_FRACTION } from "./llama.ts";

/**
 * What a program says about the model it computes.
 *
 * @param architecture as in config.json; not part of the program.
 * @param stopTokens the stop operator's list.
 * @throws EngineError `PROGRAM_INVALID` for a program that no importer here writes.
 */
export function headerOf(program: Program, architecture: string, stopTokens: readonly number[]): ModelHeader {
  const first = (kind: OperatorKind): Operator => {
    const found = program.operators.find((operator) => operator.kind === kind);
    if (found) return found;
    throw new EngineError("PROGRAM_INVALID", `The program has no operator of kind ${kind}.`, {
      remedy: "Import the model again from its checkpoint.",
    });
  };
  const scores = first("scores");
  return {
    architecture,
    vocabularySize: program.vocabularySize,
    contextLength: program.contextLength,
    hiddenSize: constant(first("embed"), 1),
    layers: program.operators.filter(({ kind }) => kind === "scores").length,
    heads: constant(scores, 0),
    keyValueHeads: constant(scores, 1),
    headSize: constant(scores, 2),
    feedForwardSize: constant(first("gate"), 0),
    parameters: parametersOf(program),
    stopTokens,
    logitFraction: LOGIT_FRACTION,
  };
}

/** Weights, gains and biases; a shared embedding counts once. */
export function parametersOf(program: Pick<Program, "operators" | "tensors">): number {
  const weighted: readonly OperatorKind[] = ["embed", "normalize", "linear"];
  const tensors = new Set(
    program.operators.filter(({ kind }) => weighted.includes(kind)).flatMap((operator) => operator.tensors),
  );
  return [...tensors].reduce((sum, index) => {
    const { rows, columns } = program.tensors[index]!;
    return sum + rows * columns;
  }, 0);
}
