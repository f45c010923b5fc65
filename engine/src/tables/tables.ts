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
  PI,
  roundTo,
} from "./fixed-point.ts";

/** Fraction bits of an attention weight: the largest weight of a head is exactly 2^22. */
export const WEIGHT_FRACTION = 22;
export const SIGMOID_FRACTION = 20;
/** Of cosines and sines: entries are at most 2^20 in magnitude. */
export const ROTARY_FRACTION = 20;

// Every model has the first and one of the others; they are computed once.
let exponentials: TableTensor | undefined;
let sigmoids: TableTensor | undefined;
let tanhGelus: TableTensor | undefined;

export function tableOf(rows: number, columns: number, values: ArrayLike<number>): TableTensor {
  return { kind: "table", rows, columns, values: Int32Array.from(values) };
}

export function sameTable(left: TableTensor, right: TableTensor): boolean {
  return (
    left.values.length === right.values.length && left.values.every((value, at) => value === right.values[at])
  );
}

/** [256 × 2]: round(2^22 · 2^(-i/256)) and the difference to the next entry. */
export function exponentialTable(): TableTensor {
  exponentials ??= withDifferences(
    256,
    (index) => exponential((-LN2 * BigInt(index)) / 256n),
    WEIGHT_FRACTION,
  );
  return exponentials;
}

/** [1,024 × 2]: round(2^20 / (1 + exp(-i/64))) and the difference to the next entry. */
export function sigmoidTable(): TableTensor {
  sigmoids ??= withDifferences(
    1024,
    (index) => divide(ONE, ONE + exponential((-ONE * BigInt(index)) / 64n)),
    SIGMOID_FRACTION,
  );
  return sigmoids;
}

/**
 * [1,024 × 2]: round(2^20 / (1 + exp(-z))) with z = 2 · sqrt(2 / π) · (x + 0.044715 · x³), x = i/64, and the difference to
 * the next entry. GELU in its approximation by a hyperbolic tangent is x times that (Hendrycks and Gimpel,
 * arXiv:1606.08415): the factor for -x is 1 minus the factor for x, as it is with the sigmoid.
 */
export function tanhGeluTable(): TableTensor {
  tanhGelus ??= withDifferences(1024, tanhGeluFactor, SIGMOID_FRACTION);
  return tanhGelus;
}

function tanhGeluFactor(index: number): bigint {
  const x = (ONE * BigInt(index)) / 64n;
  const root = exponential(logarithm(divide(2n * ONE, PI)) / 2n);
  const cubic = (multiply(x, multiply(x, x)) * 44715n) / 1_000_000n;
  return divide(ONE, ONE + exponential(-2n * multiply(root, x + cubic)));
}

/** A row holds an entry and its slope, so that one interpolation opens one leaf of eight bytes. */
function withDifferences(rows: number, entry: (index: number) => bigint, fraction: number): TableTensor {
  const entries = Array.from({ length: rows + 1 }, (_, index) => roundTo(entry(index), BigInt(fraction)));
  const pairs = entries.slice(0, rows).flatMap((value, index) => [value, entries[index + 1]! - value]);
  return tableOf(rows, 2, pairs);
}

/** Llama 3's scaling of rotary frequencies (`rope_type` "llama3"). */
export interface FrequencyScaling {
  /** Frequencies below `lowFrequency` turns over the original context are divided by this. */
  readonly factor: number;
  readonly lowFrequency: number;
  /** Frequencies above this many turns stay as they are; in between there is a linear passage. */
  readonly highFrequency: number;
  readonly originalContext: number;
}

/**
 * [contextLength × size]: row p is round(2^20 · cos(p · f[i])) for i in [0, size/2), then the sines;
 * f[i] = theta^(-2i / size), scaled if `scaling` says so.
 */
export function rotaryTable(
  contextLength: number,
  size: number,
  theta: number,
  scaling?: FrequencyScaling,
): TableTensor {
  const half = size / 2;
  const values = new Int32Array(contextLength * size);
  const logTheta = logarithm(fromNumber(theta));
  for (let pair = 0; pair < half; pair++) {
    const frequency = exponential((-logTheta * BigInt(2 * pair)) / BigInt(size));
    const [stepCosine, stepSine] = cosineAndSine(scaling ? scaled(frequency, scaling) : frequency);
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

function scaled(frequency: bigint, scaling: FrequencyScaling): bigint {
  const [low, high] = [fromNumber(scaling.lowFrequency), fromNumber(scaling.highFrequency)];
  const divided = divide(frequency, fromNumber(scaling.factor));
  const turns = divide(frequency * BigInt(scaling.originalContext), 2n * PI);
  if (turns < low) return divided;
  if (turns > high) return frequency;
  const share = divide(turns - low, high - low);
  return multiply(ONE - share, divided) + multiply(share, frequency);
}
