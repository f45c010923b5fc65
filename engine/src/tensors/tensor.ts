/** A weight matrix: int8 rows, each with its own scale. Row r stands for the real numbers q · multiplier · 2^-shift. */
export interface RowTensor {
  readonly kind: "rows";
  readonly rows: number;
  readonly columns: number;
  /** [rows × columns], row after row, each in [-127, 127]. */
  readonly values: Int8Array;
  /** [rows], each in [1, 2^15). */
  readonly multipliers: Uint16Array;
  /** [rows], each in [-64, 127]. */
  readonly shifts: Int16Array;
}

/** Integers that an operator looks up or multiplies by: norm gains, rotary angles, function tables, stop tokens. */
export interface TableTensor {
  readonly kind: "table";
  readonly rows: number;
  readonly columns: number;
  /** [rows × columns], row after row. */
  readonly values: Int32Array;
}

export type Tensor = RowTensor | TableTensor;

/** What a program says about a tensor; the values are committed separately. */
export type TensorDescriptor = Pick<Tensor, "kind" | "rows" | "columns">;

export const MULTIPLIER_LIMIT = 32768;
export const SHIFT_MINIMUM = -64;
export const SHIFT_MAXIMUM = 127;
