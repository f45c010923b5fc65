import type { ModelCommitment } from "../commitments/model.ts";
import type { Model, ModelHeader } from "../model.ts";
import { constant } from "../operators/definition.ts";
import type { Program } from "../program/program.ts";
import { storedBytes } from "../tensors/bytes.ts";

/** What a model is and what it needs, from its program. */
export interface ModelDescription extends ModelHeader {
  readonly commitment: ModelCommitment;
  readonly operators: number;
  readonly tensors: number;
  /** Bytes of all tensors, in memory and in the integer form. */
  readonly tensorBytes: number;
  /** Bytes of keys and values that a session keeps for each position. */
  readonly cacheBytesPerPosition: number;
  /** Bytes of tensors and of one session's keys and values, by context length. */
  readonly memory: readonly { readonly contextLength: number; readonly bytes: number }[];
}

export function describeModel(model: Model): ModelDescription {
  const { header, program, commitment } = model;
  const tensorBytes = program.tensors.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
  const cacheBytesPerPosition = cachedBytes(program);
  return {
    ...header,
    commitment,
    operators: program.operators.length,
    tensors: program.tensors.length,
    tensorBytes,
    cacheBytesPerPosition,
    memory: contextLengths(program.contextLength).map((contextLength) => ({
      contextLength,
      bytes: tensorBytes + contextLength * cacheBytesPerPosition,
    })),
  };
}

/** Keys: an int16 each and an exponent of a byte for each head. Values: an int16 each. */
function cachedBytes(program: Program): number {
  return program.operators.reduce((sum, operator) => {
    if (operator.kind !== "scores" && operator.kind !== "mix") return sum;
    const values = constant(operator, 1) * constant(operator, 2);
    return sum + 2 * values + (operator.kind === "scores" ? constant(operator, 1) : 0);
  }, 0);
}

/** Powers of four up to the model's own context. */
function contextLengths(most: number): number[] {
  const lengths: number[] = [];
  for (let length = 512; length < most; length *= 4) lengths.push(length);
  return [...lengths, most];
}
