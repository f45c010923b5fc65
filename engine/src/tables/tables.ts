import { WEIGHT_FRACTION } from "../operators/softmax.ts";
import { SIGMOID_FRACTION } from "../operators/gate.ts";
import { ROTARY_FRACTION } from "../operators/rotate.ts";
import type { TableTensor } from "../tensors/tensor.ts";
import {
  cosineAndSine,
  divide,
  exponential,
  fromNumber,
  LN2,
  logarithm,
  multiply,
  ONE,
  roundTo,
} from "./fixed-point.ts";

export function tableOf(rows: number, columns: number, values: ArrayLike<number>): TableTensor {
  return { kind: "table", rows, columns, values: Int32Array.from(values) };
}

/** [256 × 2]: round(2^22 · 2^(-i/256)) and the difference to the next entry. */
export function exponentialTable(): TableTensor {
  return withDifferences(256, (index) => exponential((-LN2 * BigInt(index)) / 256n), WEIGHT_FRACTION);
}

/** [1,024 × 2]: round(2^20 / (1 + exp(-i/64))) and the difference to the next entry. */
export function sigmoidTable(): TableTensor {
  return withDifferences(
    1024,
    (index) => divide(ONE, ONE + exponential((-ONE * BigInt(index)) / 64n)),
    SIGMOID_FRACTION,
  );
}

/** A row holds an entry and its slope, so that one interpolation opens one leaf of eight bytes. */
function withDifferences(rows: number, entry: (index: number) => bigint, fraction: number): TableTensor {
  const entries = Array.from({ length: rows + 1 }, (_, index) => roundTo(entry(index), BigInt(fraction)));
  const pairs = entries.slice(0, rows).flatMap((value, index) => [value, entries[index + 1]! - value]);
  return tableOf(rows, 2, pairs);
}

/**
 * [contextLength × size]: row p is round(2^20 · cos(p · f[i])) for i in [0, size/2), then the sines;
 * f[i] = theta^(-2i / size).
 */
export function rotaryTable(contextLength: number, size: number, theta: number): TableTensor {
  const half = size / 2;
  const values = new Int32Array(contextLength * size);
  const logTheta = logarithm(fromNumber(theta));
  for (let pair = 0; pair < half; pair++) {
    const [stepCosine, stepSine] = cosineAndSine(exponential((-logTheta * BigInt(2 * pair)) / BigInt(size)));
    let [cosine, sine] = [ONE, 0n];
    for (let position = 0; position < contextLength; position++) {
      values[position * size + pair] = roundTo(cosine, BigInt(ROTARY_FRACTION));
      values[position * size + half + pair] = roundTo(sine, BigInt(ROTARY_FRACTION));
      // One rotation further: errors grow by a few 2^-128 a position, far below the 2^-21 that rounding allows.
      [cosine, sine] = [
        multiply(cosine, stepCosine) - multiply(sine, stepSine),
        multiply(sine, stepCosine) + multiply(cosine, stepSine),
      ];
    }
  }
  return tableOf(contextLength, size, values);
}
