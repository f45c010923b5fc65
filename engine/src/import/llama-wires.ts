import { quantizeGains } from "./quantize.ts";
import type { TableTensor } from "../tensors/tensor.ts";
import type { LlamaConfig } from "./config.ts";
import type { ProgramBuilder } from "./program-builder.ts";

/** A value in the program: the operator that makes it and its fraction bits. */
export interface Wire {
  readonly operator: number;
  readonly fraction: number;
}

/** The normalised and narrowed residual. */
export interface Normalized extends Wire {
  readonly gains: TableTensor;
}

/** Tables that all layers share, by tensor index. */
export interface SharedTables {
  readonly rotary: number;
  readonly exponential: number;
  readonly activation: number;
}

/** The first tensors of every program, in this order. */
export const EMBEDDING = 0;
export const TABLES: SharedTables = { rotary: 1, exponential: 2, activation: 3 };

/**
 * What the residual is multiplied by in the program. An embedding times sqrt(hiddenSize) is left as it is, and all that is
 * added to it is divided instead: norms see no difference, given an epsilon that is divided, too.
 */
export function residualScale({ scaledEmbedding, hiddenSize }: LlamaConfig): number {
  return scaledEmbedding ? 1 / Math.sqrt(hiddenSize) : 1;
}

/** Normalisation and narrowing of the residual. */
export function normalized(
  builder: ProgramBuilder,
  config: LlamaConfig,
  name: string,
  residual: number,
  residualFraction: number,
  gains: Float64Array,
): Normalized {
  const { table, fraction } = quantizeGains(gains);
  const squares = config.epsilon * config.hiddenSize * residualScale(config) ** 2;
  const operator = builder.operator("normalize", `${name}.norm`, {
    inputs: [residual],
    tensors: [builder.tensor(table)],
    constants: [1, config.hiddenSize, epsilonWithin(squares, residualFraction)],
  });
  return {
    ...narrowed(builder, `${name}.input`, { operator, fraction }, 1, config.hiddenSize),
    gains: table,
  };
}

/** A sum of squares in units of 4^-fraction, as far as the operator takes it. */
export function epsilonWithin(epsilon: number, fraction: number): number {
  return Math.min(Math.round(epsilon * 4 ** fraction), 2 ** 52 - 1);
}

export function narrowed(
  builder: ProgramBuilder,
  name: string,
  wire: Wire,
  groups: number,
  size: number,
): Wire {
  const operator = builder.operator("narrow", name, { inputs: [wire.operator], constants: [groups, size] });
  return { operator, fraction: wire.fraction };
}
