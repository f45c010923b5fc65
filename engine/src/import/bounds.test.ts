import { expect } from "chai";
import { generateNormal } from "../testing/random.ts";
import { runOperator } from "../testing/run-operator.ts";
import { largestProduct } from "./bounds.ts";
import { Matrix } from "./matrix.ts";
import { fractionWithin, quantizeGains, quantizeRows } from "./quantize.ts";

describe("largestProduct", () => {
  const columns = 1200;
  const normal = generateNormal(4);
  const weights = quantizeRows(
    new Matrix(3, columns, Array.from({ length: 3 * columns }, normal)),
    "weights",
  );
  const { table: gains, fraction } = quantizeGains(
    Float64Array.from({ length: columns }, () => Math.abs(1 + normal())),
  );
  const bound = largestProduct(weights, gains, fraction);

  /** Row `row` of the projection, in real numbers, of a residual that points where this row is largest. */
  const worstCase = (row: number, size: number, outputFraction: number) => {
    const residual = Int32Array.from(gains.values, (gain, column) => {
      return (weights.values[row * columns + column]! * gain * size) / 2 ** 29;
    });
    const { output: normalized } = runOperator("normalize", {
      constants: [1, columns, 0],
      inputs: [{ values: residual }],
      tensors: [gains],
    });
    const { output: narrowed } = runOperator("narrow", { constants: [1, columns], inputs: [normalized] });
    const { output } = runOperator("linear", {
      constants: [3, columns, fraction - outputFraction],
      inputs: [narrowed],
      tensors: [weights],
    });
    return output.values[row]!;
  };

  it("is not exceeded by the worst residual, and nearly reached", () => {
    const outputFraction = fractionWithin(bound, 32639, 30);
    const largest = [0, 1, 2].flatMap((row) =>
      [2 ** 12, 2 ** 20, 2 ** 29].map((size) => worstCase(row, size, outputFraction)),
    );
    for (const value of largest) expect(value).to.be.within(0, 32639);
    expect(Math.max(...largest) / 2 ** outputFraction / bound).to.be.greaterThan(0.95);
  });

  it("leaves room for the bias", () => {
    const bias = Float64Array.of(0, -7 * bound, 0);
    const withBias = largestProduct(weights, gains, fraction, bias);
    expect(withBias).to.be.within(7 * bound, 9 * bound);
  });
});
