/** Factors that rows or columns are multiplied by. */
interface Scale {
  readonly byRow: boolean;
  readonly factors: ArrayLike<number>;
}

/**
 * A float matrix on its way to integers, [rows × columns], with the bias [rows] that is added to its product, if any.
 *
 * A checkpoint's numbers are kept as they are read and rescaled whenever a row is asked for: a layer of a large model in
 * float64 would take twice the memory. Each element goes through the scalings in the order in which they were made.
 */
export class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly #values: ArrayLike<number>;
  readonly #scales: Scale[] = [];
  #bias: Float64Array | undefined;

  constructor(rows: number, columns: number, values: ArrayLike<number>, bias?: Float64Array) {
    this.rows = rows;
    this.columns = columns;
    this.#values = values;
    this.#bias = bias;
  }

  get bias(): Float64Array | undefined {
    return this.#bias;
  }

  /** Multiplies row r and its bias by factors[r]. */
  scaleRows(factors: ArrayLike<number>): void {
    this.#scales.push({ byRow: true, factors });
    this.#bias = this.#bias?.map((bias, row) => bias * factors[row]!);
  }

  /** Multiplies column c by factors[c]. */
  scaleColumns(factors: ArrayLike<number>): void {
    this.#scales.push({ byRow: false, factors });
  }

  /** Writes row `index` into `into` [columns]. */
  row(index: number, into: Float64Array): void {
    const start = index * this.columns;
    for (let column = 0; column < this.columns; column++) into[column] = this.#values[start + column]!;
    for (const { byRow, factors } of this.#scales) {
      if (byRow) {
        const factor = factors[index]!;
        for (let column = 0; column < this.columns; column++) into[column]! *= factor;
      } else {
        for (let column = 0; column < this.columns; column++) into[column]! *= factors[column]!;
      }
    }
  }

  /** Calls `visit` with every row in order; the array is reused from row to row. */
  forEachRow(visit: (row: Float64Array, index: number) => void): void {
    const scratch = new Float64Array(this.columns);
    for (let index = 0; index < this.rows; index++) {
      this.row(index, scratch);
      visit(scratch, index);
    }
  }
}

/** Euclidean length. */
export function lengthOf(vector: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < vector.length; index++) sum += vector[index]! * vector[index]!;
  return Math.sqrt(sum);
}

/** Euclidean length of every row. */
export function rowLengths(matrix: Matrix): Float64Array {
  const lengths = new Float64Array(matrix.rows);
  matrix.forEachRow((row, index) => (lengths[index] = lengthOf(row)));
  return lengths;
}
