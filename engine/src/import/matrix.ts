/** A float matrix on its way to integers, [rows × columns], row after row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

export function matrixOf(rows: number, columns: number, values: ArrayLike<number>): Matrix {
  return { rows, columns, values: Float64Array.from(values) };
}

/** Euclidean length of every row. */
export function rowLengths(matrix: Matrix): Float64Array {
  const lengths = new Float64Array(matrix.rows);
  for (let row = 0; row < matrix.rows; row++) {
    let sum = 0;
    for (let column = 0; column < matrix.columns; column++) {
      const value = matrix.values[row * matrix.columns + column]!;
      sum += value * value;
    }
    lengths[row] = Math.sqrt(sum);
  }
  return lengths;
}

/** Multiplies row r by factors[r], in place. */
export function scaleRows(matrix: Matrix, factors: ArrayLike<number>): void {
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < matrix.columns; column++) {
      matrix.values[row * matrix.columns + column]! *= factors[row]!;
    }
  }
}

/** Multiplies column c by factors[c], in place. */
export function scaleColumns(matrix: Matrix, factors: ArrayLike<number>): void {
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < matrix.columns; column++) {
      matrix.values[row * matrix.columns + column]! *= factors[column]!;
    }
  }
}
