import type { Operator, OperatorKind, Phase, Program } from "../program/program.ts";
import type { Tensor } from "../tensors/tensor.ts";

/** Collects operators and tensors in order; both are referred to by index. */
export class ProgramBuilder {
  readonly operators: Operator[] = [];
  readonly tensors: Tensor[] = [];
  /** Phase of the operators added from now on. */
  phase: Phase = "always";

  tensor(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }

  /** @returns the operator's index. */
  operator(
    kind: OperatorKind,
    name: string,
    parts: { inputs?: readonly number[]; tensors?: readonly number[]; constants?: readonly number[] },
  ): number {
    const { inputs = [], tensors = [], constants = [] } = parts;
    return this.operators.push({ kind, name, phase: this.phase, inputs, tensors, constants }) - 1;
  }

  program(vocabularySize: number, contextLength: number): Program {
    const tensors = this.tensors.map(({ kind, rows, columns }) => ({ kind, rows, columns }));
    return { vocabularySize, contextLength, operators: this.operators, tensors };
  }
}
