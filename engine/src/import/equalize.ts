import { lengthOf, rowLengths, type Matrix } from "./matrix.ts";

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
  const columns = new ColumnLengths(gains.length);
  for (const reader of readers) {
    reader.scaleColumns(gains);
    columns.add(reader);
  }
  const lengths = columns.lengths();
  for (const reader of readers) reader.scaleColumns(inverses(lengths));
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
  // A channel that is only a bias has that for its length.
  const produced = rowLengths(producer).map((length, row) => length || Math.abs(producer.bias?.[row] ?? 0));
  producer.scaleRows(inverses(produced));
  reader.scaleColumns(spread(produced));
  const readerColumns = new ColumnLengths(reader.columns);
  readerColumns.add(reader);
  const columns = readerColumns.lengths();
  const lengths = Float64Array.from(produced, (_, row) =>
    rootMeanSquare(columnsOf(row).map((c) => columns[c]!)),
  );
  producer.scaleRows(lengths);
  reader.scaleColumns(spread(inverses(lengths)));
}

/**
 * Rotary pairs of queries and keys: pair i of key head k is scaled so that its rows have the same length in the key
 * projection as, on average, in the projections of the queries that meet it. Biases count towards the length: those of keys
 * may be far above everything else in the head.
 *
 * @param gains norm gains of the vector that both read, as `equalizeNorm` returns them.
 */
export function equalizeRotaryPairs(
  query: Matrix,
  key: Matrix,
  heads: number,
  keyHeads: number,
  gains: Float64Array,
): void {
  const size = key.rows / keyHeads;
  const half = size / 2;
  const group = heads / keyHeads;
  const queryLengths = activationLengths(query, gains);
  const keyLengths = activationLengths(key, gains);
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
  query.scaleRows(queryFactors);
  key.scaleRows(keyFactors);
}

/**
 * Rotary pairs of queries and keys that are normalised in each head: the gains of pair i are scaled so that both sides have the
 * same, as long as their product. The projections' rows stay as they are, since a norm takes their length away.
 *
 * @returns gains of queries and of keys [head size].
 */
export function equalizeRotaryGains(
  query: Float64Array,
  key: Float64Array,
): { readonly query: Float64Array; readonly key: Float64Array } {
  const half = query.length / 2;
  const lengths = (gains: Float64Array) =>
    gains.map((_, channel) => rootMeanSquare([gains[channel % half]!, gains[(channel % half) + half]!]));
  const [queryLengths, keyLengths] = [lengths(query), lengths(key)];
  const factors = queryLengths.map((length, channel) => {
    const other = keyLengths[channel]!;
    return length === 0 || other === 0 ? 1 : Math.sqrt(other / length);
  });
  return {
    query: query.map((gain, channel) => gain * factors[channel]!),
    key: key.map((gain, channel) => gain / factors[channel]!),
  };
}

/** Lengths of a projection's rows together with their biases, both in units of the input's typical element. */
function activationLengths(matrix: Matrix, gains: Float64Array): Float64Array {
  const lengths = rowLengths(matrix);
  const { bias } = matrix;
  const unit = rootMeanSquare(gains);
  if (!bias || unit === 0) return lengths;
  return lengths.map((length, row) => Math.sqrt(length * length + (bias[row]! / unit) * (bias[row]! / unit)));
}

/** Root mean square of each column over all rows of all matrices, rows taken at unit length. */
export class ColumnLengths {
  readonly #sums: Float64Array;
  #rows = 0;

  constructor(columns: number) {
    this.#sums = new Float64Array(columns);
  }

  add(matrix: Matrix): void {
    this.#rows += matrix.rows;
    matrix.forEachRow((row) => {
      const length = lengthOf(row);
      if (length === 0) return;
      for (let column = 0; column < row.length; column++) {
        const share = row[column]! / length;
        this.#sums[column]! += share * share;
      }
    });
  }

  lengths(): Float64Array {
    return this.#sums.map((sum) => Math.sqrt(sum / this.#rows));
  }
}

function rootMeanSquare(values: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}

/** 1 / factor, and 0 for a channel that does not exist. */
export function inverses(factors: Float64Array): Float64Array {
  return factors.map((factor) => (factor === 0 ? 0 : 1 / factor));
}
