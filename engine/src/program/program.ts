import type { TensorDescriptor } from "../tensors/tensor.ts";

export type OperatorKind =
  | "embed"
  | "normalize"
  | "narrow"
  | "linear"
  | "rotate"
  | "page"
  | "scores"
  | "softmax"
  | "mix"
  | "gate"
  | "add"
  | "sample"
  | "stop"
  | "seen"
  | "recent";

/**
 * When an operator runs. "always": at every position. "generating": only at positions that yield an output token,
 * that is from the last prompt token on.
 */
export type Phase = "always" | "generating";

export interface Operator {
  readonly kind: OperatorKind;
  /** For people: where in the model it belongs, as in "layers.3.attention.query". ASCII, at most 255 characters. */
  readonly name: string;
  readonly phase: Phase;
  /** Indices of earlier operators whose outputs it reads. */
  readonly inputs: readonly number[];
  /** Indices into the program's tensors. */
  readonly tensors: readonly number[];
  /** Integers fixed at import, in the order of the operator's definition. */
  readonly constants: readonly number[];
}

/** A model's computation as data: one pass over `operators` per token position. */
export interface Program {
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly operators: readonly Operator[];
  readonly tensors: readonly TensorDescriptor[];
}
