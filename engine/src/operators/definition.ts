import type { GenerationParameters } from "../commitments/generation.ts";
import type { Operator, OperatorKind, Phase, Program } from "../program/program.ts";
import type { RowTensor, TableTensor, Tensor, TensorDescriptor } from "../tensors/tensor.ts";

/**
 * What kind of vector an operator puts out; each has `groups` × `size` elements.
 *
 * wide: int32 fixed point. narrow: int16 in [-32,639, 32,639] with one power-of-two exponent per group.
 * page: int16 values of up to 32 positions, transposed, [groups][size][32]. positions: int32 for each
 * position so far, [groups][position + 1]. weights: such of a softmax, in [0, 2^22]. seen: int32 words, a bit for each
 * token of the vocabulary. recent: int32 for each of the last tokens. token, flag: one int32.
 */
export type ShapeType =
  "wide" | "narrow" | "page" | "positions" | "weights" | "seen" | "recent" | "token" | "flag";

export interface Shape {
  readonly type: ShapeType;
  readonly groups: number;
  readonly size: number;
}

/** An operator's output at one position. */
export interface Value {
  readonly values: Int32Array | Int16Array;
  /** [groups], only of narrow values: element = values[i] · 2^exponent, in the units of the wide input. */
  readonly exponents?: Int32Array;
}

export type SectionType = "int16" | "int32" | "uint32" | "int64";

/**
 * One array of the trace: `groups` × `size` elements. Each group is cut into tiles of `tile` elements, a leaf each;
 * no tile spans two groups. The shape is fixed by the program: groups over positions have room for the whole context,
 * of which a position fills the beginning; tiles that lie wholly beyond it are PAD.
 */
export interface Section {
  readonly name: string;
  readonly type: SectionType;
  readonly groups: number;
  readonly size: number;
  readonly tile: number;
  /** Exists only in requests whose temperature is not 0; in greedy ones all its tiles are PAD. */
  readonly sampled?: boolean;
}

export type SectionValues = Int16Array | Int32Array | Uint32Array | BigInt64Array;

export interface ConstantRange {
  readonly name: string;
  readonly minimum: number;
  readonly maximum: number;
}

/** What an executing operator sees. Accessors throw nothing: programs are validated before they run. */
export interface Step {
  readonly operator: Operator;
  readonly position: number;
  readonly token: number;
  /** Output of input `index` at this position. */
  input(index: number): Value;
  /** Output of input `index` at an earlier position or this one. */
  history(index: number, position: number): Value;
  /** This operator's own output at the previous position. */
  previous(): Value | undefined;
  rows(index: number): RowTensor;
  table(index: number): TableTensor;
  /** Number of the output token that this position yields, from 1 on; of no meaning at other positions. */
  readonly generated: number;
  /** The request's, and the number of output tokens at the end of its prompt. */
  readonly parameters: GenerationParameters;
  readonly startOffset: number;
  /** Present when somebody watches: receives each section of the trace as it arises. */
  readonly observe: ((section: string, values: SectionValues) => void) | undefined;
}

/** Everything that is known about an operator kind; one file each. */
export interface OperatorDefinition {
  readonly opcode: number;
  readonly kind: OperatorKind;
  readonly inputs: readonly ShapeType[];
  /** Smallest and largest number of tensors. */
  readonly tensors: readonly [number, number];
  readonly constants: readonly ConstantRange[];
  /** The phase that it must have, where not every phase will do. */
  readonly phase?: Phase;
  /** Index of the input that is read at all earlier positions, which makes its output part of the cache. */
  readonly historyInput?: number;
  output(operator: Operator): Shape;
  /** Shapes that inputs and tensors must have, given the constants. */
  expects(operator: Operator, program: Program): { inputs: Shape[]; tensors: TensorDescriptor[] };
  /** Multiply-adds a position, not counting what grows with the context. */
  work?(operator: Operator): number;
  /** The operator's part of the trace, in order; see docs/engine.md. */
  sections(operator: Operator, program: Program): Section[];
  /** Refuses constants that are in range but do not fit each other; a sentence saying why. */
  checkConstants?(operator: Operator): string | undefined;
  /** Refuses tensors whose values break the ranges that the overflow proofs rest on; a phrase saying why. */
  checkTensor?(tensor: Tensor, index: number): string | undefined;
  execute(step: Step): Value;
}

export const DIMENSION = { minimum: 1, maximum: 65536 };
export const SHIFT = { minimum: -1024, maximum: 1024 };

/** Constant `index` of an operator. Programs are validated, so it exists. */
export function constant(operator: Operator, index: number): number {
  return operator.constants[index]!;
}

export function wide(size: number): Shape {
  return { type: "wide", groups: 1, size };
}

/** The section of an operator's int32 result. */
export function wideOutput(size: number): Section {
  return { name: "output", type: "int32", groups: 1, size, tile: 1024 };
}

/** A reduction over a fixed single chunk happens in one step and leaves no partial results in the trace. */
export function partialSection(section: Section, chunks: number): Section[] {
  return chunks > 1 ? [section] : [];
}
