import { rowLengths, scaleColumns, scaleRows, type Matrix } from "./matrix.ts";

/*
 * Rescalings that leave the function of a model unchanged and make its weights easy to quantise. Each first moves all of
 * a channel's scale to one side, so that the result does not depend on how the checkpoint happened to split it.
 *
 * Weights have 8 bits and activations 16. The error that matters is that of the weights, and for a given row it is least
 * when all columns use the row's range alike: channels are scaled so that the columns of the reading matrices, their rows
 * taken at unit length, have equal length. Only +, -, ·, / and sqrt are used, which IEEE 754 defines to the last bit.
 */

/**
 * Norm gains and the matrices that read the normalised vector.
 *
 * @returns the gains [columns] that belong to the rescaled matrices.
 */
export function equalizeNorm(gains: Float64Array, readers: readonly Matrix[]): Float64Array {
  for (const reader of readers) scaleColumns(reader, gains);
  const lengths = columnLengths(readers);
  for (const reader of readers) scaleColumns(reader, inverses(lengths));
  return lengths;
}

/**
 * Channels that one matrix's rows produce and another's columns read, with nothing but products by other
 * channels' values in between: up and down projection; values and output projection.
 *
 * @param columnsOf columns of `reader` that read row r of `producer`.
 */
export function equalizeChannels(
  producer: Matrix,
  reader: Matrix,
  columnsOf: (row: number) => number[],
): void {
  const spread = (factors: Float64Array) => {
    const all = new Float64Array(reader.columns);
    factors.forEach((factor, row) => columnsOf(row).forEach((column) => (all[column] = factor)));
    return all;
  };
  const produced = rowLengths(producer);
  scaleRows(producer, inverses(produced));
  scaleColumns(reader, spread(produced));
  const columns = columnLengths([reader]);
  const lengths = Float64Array.from(produced, (_, row) =>
    rootMeanSquare(columnsOf(row).map((c) => columns[c]!)),
  );
  scaleRows(producer, lengths);
  scaleColumns(reader, spread(inverses(lengths)));
}

/**
 * Rotary pairs of queries and keys: pair i of key head k is scaled so that its rows have the same length in the key
 * projection as, on average, in the projections of the queries that meet it.
 */
export function equalizeRotaryPairs(query: Matrix, key: Matrix, heads: number, keyHeads: number): void {
  const size = key.rows / keyHeads;
  const half = size / 2;
  const group = heads / keyHeads;
  const queryLengths = rowLengths(query);
  const keyLengths = rowLengths(key);
  const queryFactors = new Float64Array(query.rows).fill(1);
  const keyFactors = new Float64Array(key.rows).fill(1);
  for (let keyHead = 0; keyHead < keyHeads; keyHead++) {
    for (let pair = 0; pair < half; pair++) {
      const keyRows = [keyHead * size + pair, keyHead * size + half + pair];
      const queryRows = Array.from(
        { length: group },
        (_, member) => (keyHead * group + member) * size,
      ).flatMap((start) => [start + pair, start + half + pair]);
      const keyLength = rootMeanSquare(keyRows.map((row) => keyLengths[row]!));
      const queryLength = rootMeanSquare(queryRows.map((row) => queryLengths[row]!));
      if (keyLength === 0 || queryLength === 0) continue;
      for (const row of keyRows) keyFactors[row] = Math.sqrt(queryLength / keyLength);
      for (const row of queryRows) queryFactors[row] = Math.sqrt(keyLength / queryLength);
    }
  }
  scaleRows(query, queryFactors);
  scaleRows(key, keyFactors);
}

/** Root mean square of each column over all rows of all matrices, rows taken at unit length. */
function columnLengths(matrices: readonly Matrix[]): Float64Array {
  const sums = new Float64Array(matrices[0]!.columns);
  let rows = 0;
  for (const matrix of matrices) {
    const lengths = rowLengths(matrix);
    rows += matrix.rows;
    for (let row = 0; row < matrix.rows; row++) {
      if (lengths[row] === 0) continue;
      for (let column = 0; column < matrix.columns; column++) {
        const share = matrix.values[row * matrix.columns + column]! / lengths[row]!;
        sums[column]! += share * share;
      }
    }
  }
  return sums.map((sum) => Math.sqrt(sum / rows));
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

/** 1 / factor, and 0 for a channel that does not exist. */
function inverses(factors: Float64Array): Float64Array {
  return factors.map((factor) => (factor === 0 ? 0 : 1 / factor));
}
