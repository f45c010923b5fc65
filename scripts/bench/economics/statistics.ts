/** A mean over independent runs and half the width of its confidence interval of 95 %. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
}

/** Student's t at 97.5 % for 1 to 30 degrees of freedom; above, the normal's is close enough. */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** @throws RangeError of fewer than two values: one run says nothing about its spread */
export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  if (count < 2) throw new RangeError(`an interval needs two runs, got ${count}`);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, halfWidth: (STUDENT[count - 2] ?? 1.96) * Math.sqrt(variance / count) };
}

/** The middle value; of an even number the lower of the two in the middle, as in the contracts. @throws RangeError of none */
export function lowerMedian(values: readonly number[]): number {
  const middle = Float64Array.from(values).sort()[(values.length - 1) >> 1];
  if (middle === undefined) throw new RangeError("no values have no median");
  return middle;
}
