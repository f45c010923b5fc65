import type { Operator, OperatorKind, Phase, Program } from "../program/program.ts";
import type { Tensor, TensorDescriptor } from "../tensors/tensor.ts";

/** What a build has made so far, without the tensors' values. */
export interface BuildState {
  readonly operators: readonly Operator[];
  readonly tensors: readonly TensorDescriptor[];
}

/** Collects operators in order and passes tensors on; both are referred to by index. */
export class ProgramBuilder {
  readonly operators: Operator[];
  readonly tensors: TensorDescriptor[];
  /** Phase of the operators added from now on. */
  phase: Phase = "always";
  readonly #sink: (tensor: Tensor) => void;

  /**
   * @param sink takes every tensor in its order; the builder keeps only descriptors.
   * @param state of an interrupted build that is continued.
   */
  constructor(sink: (tensor: Tensor) => void, state: BuildState = { operators: [], tensors: [] }) {
    this.#sink = sink;
    this.operators = [...state.operators];
    this.tensors = [...state.tensors];
  }

  tensor(tensor: Tensor): number {
    this.#sink(tensor);
    const { kind, rows, columns } = tensor;
    return this.tensors.push({ kind, rows, columns }) - 1;
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
    return { vocabularySize, contextLength, operators: this.operators, tensors: this.tensors };
  }
}
