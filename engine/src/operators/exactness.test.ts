import { expect } from "chai";
import { dotExact, saturate, shiftRoundExact, squareRootExact } from "../arithmetic/exact.ts";
import { generateRandom } from "../testing/random.ts";
import { runOperator } from "../testing/run-operator.ts";
import { exponentialTable, sigmoidTable, tableOf } from "../tables/tables.ts";
import type { RowTensor } from "../tensors/tensor.ts";

const LARGEST = 2147483647;
const SMALLEST = -2147483648;
const random = generateRandom(7);
const integer = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));

/** Vectors of `size` int32: corners, then random ones of every magnitude. */
function int32Vectors(size: number): Int32Array[] {
  const fill = (value: number) => new Int32Array(size).fill(value);
  const spike = fill(0);
  spike[size - 1] = SMALLEST;
  const magnitudes = [1, 5, 9, 14, 15, 16, 20, 25, 31].map((bits) =>
    Int32Array.from({ length: size }, () => integer(-(2 ** bits) + 1, 2 ** bits - 1)),
  );
  return [
    fill(0),
    fill(1),
    fill(-1),
    fill(32639),
    fill(32640),
    fill(LARGEST),
    fill(SMALLEST),
    spike,
    ...magnitudes,
  ];
}

function expectExact(found: ArrayLike<number>, expected: readonly bigint[], label: string): void {
  expect(Array.from(found, BigInt), label).to.deep.equal(expected);
}

describe("operators compute what their definitions say, at the edges of their ranges", () => {
  it("linear, over the longest row with the largest factors", () => {
    for (const [columns, q, a, shift] of [
      [65536, 127, 32639, 20],
      [65536, -127, 32639, 21],
      [65536, -127, -32639, 60],
      [4097, 126, 32638, 1],
      [5, 127, 32639, -3],
      [5, 0, 0, -40],
    ] as const) {
      for (const multiplier of [1, 16384, 32767]) {
        const weights: RowTensor = {
          kind: "rows",
          rows: 1,
          columns,
          values: new Int8Array(columns).fill(q),
          multipliers: Uint16Array.of(multiplier),
          shifts: Int16Array.of(shift),
        };
        const input = { values: new Int16Array(columns).fill(a), exponents: Int32Array.of(2) };
        const { output, sections } = runOperator("linear", {
          constants: [1, columns, 3],
          inputs: [input],
          tensors: [weights, tableOf(1, 1, [-LARGEST])],
        });
        const sum = dotExact(weights.values, input.values);
        const scaled = saturate(shiftRoundExact(sum * BigInt(multiplier), BigInt(shift + 3 - 2)));
        expectExact(
          output.values,
          [saturate(scaled - BigInt(LARGEST))],
          `${columns} ${q} ${a} ${multiplier}`,
        );
        const partials = sections.partials as BigInt64Array | undefined;
        if (columns > 4096) expect(partials!.reduce((left, right) => left + right)).to.equal(sum);
        else expect(partials).to.equal(undefined);
      }
    }
  });

  it("normalize", () => {
    for (const size of [1, 3, 1500]) {
      const gains = Int32Array.from(
        { length: size },
        (_, index) => [4194303, -4194303, 1, 0, 77777][index % 5]!,
      );
      for (const [epsilon, residual] of [0, 1, 5497558, 2 ** 52 - 1].flatMap((e) =>
        int32Vectors(size).map((r) => [e, r] as const),
      )) {
        const { output, sections } = runOperator("normalize", {
          constants: [1, size, epsilon],
          inputs: [{ values: residual }],
          tensors: [tableOf(1, size, gains)],
        });
        const largest = residual.reduce((maximum, r) => Math.max(maximum, Math.abs(r)), 0);
        let e = 0n;
        while ((e === 0n ? BigInt(largest) : shiftRoundExact(BigInt(largest), e)) > 32639n) e++;
        const a = Array.from(residual, (r) => (e === 0n ? BigInt(r) : shiftRoundExact(BigInt(r), e)));
        const squares = a.reduce((sum, value) => sum + value * value, 0n);
        let mantissa = squares + (e === 0n ? BigInt(epsilon) : shiftRoundExact(BigInt(epsilon), 2n * e));
        if (mantissa < 1n) mantissa = 1n;
        let j = 0n;
        for (; mantissa >= 1n << 32n; j++) mantissa >>= 2n;
        for (; mantissa < 1n << 30n; j--) mantissa <<= 2n;
        const m = (1n << 31n) / squareRootExact(mantissa);
        const expected = Array.from(residual, (r, index) => {
          const direction = saturate(shiftRoundExact(BigInt(r) * m, 1n + j + e));
          return saturate(shiftRoundExact(direction * BigInt(gains[index]!), 22n));
        });
        expectExact(output.values, expected, `size ${size}, epsilon ${epsilon}, largest ${largest}`);
        expectExact(sections.scale as Int32Array, [m, 1n + j + e], "scale");
      }
    }
  });

  it("narrow, never clipping and keeping 14 bits of the largest", () => {
    for (const input of int32Vectors(1030)) {
      const { output } = runOperator("narrow", { constants: [2, 515], inputs: [{ values: input }] });
      for (const group of [0, 1]) {
        const part = input.subarray(515 * group, 515 * (group + 1));
        const largest = part.reduce((maximum, x) => Math.max(maximum, Math.abs(x)), 0);
        const e = output.exponents![group]!;
        expect(e).to.be.within(0, 17);
        const found = output.values.subarray(515 * group, 515 * (group + 1));
        expectExact(
          found,
          Array.from(part, (x) => (e === 0 ? BigInt(x) : shiftRoundExact(BigInt(x), BigInt(e)))),
          `e ${e}`,
        );
        const top = Array.from(found).reduce((maximum, x) => Math.max(maximum, Math.abs(x)), 0);
        expect(top).to.be.at.most(32639);
        if (e > 0) expect(largest / 2 ** (e - 1), "a smaller exponent would not do").to.be.at.least(32639.5);
      }
    }
  });

  it("rotate", () => {
    const table = tableOf(1, 4, [1048576, -1048576, 741455, 1048576]);
    for (const input of int32Vectors(4)) {
      const { output } = runOperator("rotate", {
        constants: [1, 4],
        inputs: [{ values: input }],
        tensors: [table],
      });
      const [x1, x2, y1, y2] = Array.from(input, BigInt) as [bigint, bigint, bigint, bigint];
      const [c1, c2, s1, s2] = Array.from(table.values, BigInt) as [bigint, bigint, bigint, bigint];
      const turned = [x1 * c1 - y1 * s1, x2 * c2 - y2 * s2, y1 * c1 + x1 * s1, y2 * c2 + x2 * s2];
      expectExact(
        output.values,
        turned.map((value) => saturate(shiftRoundExact(value, 20n))),
        String(input),
      );
    }
  });

  it("scores, over the largest head", () => {
    for (const [q, k] of [
      [32639, 32639],
      [-32639, 32639],
      [1, -1],
    ] as const) {
      for (const shift of [-40, 0, 1, 21, 60]) {
        const query = { values: new Int16Array(256).fill(q), exponents: Int32Array.of(3) };
        const key = { values: new Int16Array(256).fill(k), exponents: Int32Array.of(4) };
        const { output } = runOperator("scores", {
          constants: [1, 1, 256, 32767, shift],
          inputs: [query, key],
          history: [key],
        });
        const dot = dotExact(query.values, key.values);
        expectExact(
          output.values,
          [saturate(shiftRoundExact(dot * 32767n, BigInt(shift - 7)))],
          `${q} ${k} ${shift}`,
        );
      }
    }
  });

  it("softmax, over the whole range of differences", () => {
    const scores = Int32Array.from([
      LARGEST,
      LARGEST,
      LARGEST - 1,
      65536,
      0,
      SMALLEST,
      LARGEST - 65536 * 22,
      LARGEST - 65536 * 24,
    ]);
    const table = exponentialTable();
    const { output } = runOperator("softmax", {
      constants: [1],
      inputs: [{ values: scores }],
      tensors: [table],
      position: 7,
    });
    const expected = Array.from(scores, (score) => {
      const x = BigInt(LARGEST) - BigInt(score);
      const row = Number((x >> 8n) & 255n);
      const slope = BigInt(table.values[2 * row + 1]!);
      const value = BigInt(table.values[2 * row]!) + shiftRoundExact(slope * (x & 255n), 8n);
      return x >> 16n === 0n ? value : shiftRoundExact(value, x >> 16n);
    });
    expectExact(output.values, expected, "weights");
    expect(output.values[0]).to.equal(2 ** 22);
    expect(output.values[5]).to.equal(0);
  });

  it("mix, over the longest context with the largest weights and values", () => {
    const count = 65536;
    for (const [weight, value] of [
      [2 ** 22, 32639],
      [2 ** 22, -32639],
      [2 ** 22 - 1, 1],
      [1, 32639],
    ] as const) {
      const weights = new Int32Array(count).fill(weight);
      weights[3] = 2 ** 22;
      const page = { values: new Int16Array(32).fill(value) };
      const { output, sections } = runOperator("mix", {
        constants: [1, 1, 1],
        inputs: [{ values: weights }, page],
        history: new Array<typeof page>(count).fill(page),
        position: count - 1,
      });
      const total = weights.reduce((sum, p) => sum + BigInt(p), 0n);
      const sum = total * BigInt(value);
      const spare = BigInt(total.toString(2).length - 16);
      const reciprocal = (1n << 31n) / (total >> spare);
      expectExact(
        output.values,
        [saturate(shiftRoundExact(shiftRoundExact(sum, spare) * reciprocal, 19n))],
        `${weight} ${value}`,
      );
      expect((sections.totalWeight as BigInt64Array)[0]).to.equal(total);
      expect((sections.partials as BigInt64Array).reduce((left, right) => left + right)).to.equal(sum);
    }
  });

  it("gate, on every corner of int32", () => {
    const corners = [
      0,
      1,
      -1,
      1024,
      -1025,
      65535,
      2 ** 20 - 1,
      2 ** 20,
      -(2 ** 20),
      2 ** 25,
      LARGEST,
      SMALLEST,
    ];
    const pairs = corners.flatMap((g) => corners.map((u) => [g, u] as const));
    const table = sigmoidTable();
    for (const [sigmoidShift, productShift] of [
      [0, 17],
      [5, 30],
      [14, 31],
      [-4, 62],
    ] as const) {
      const { output } = runOperator("gate", {
        constants: [pairs.length, sigmoidShift, productShift],
        inputs: [0, 1].map((side) => ({ values: Int32Array.from(pairs, (pair) => pair[side]!) })),
        tensors: [table],
      });
      const expected = pairs.map(([g, u]) => {
        const x = shiftRoundExact(BigInt(g), BigInt(sigmoidShift));
        const magnitude = x < 0n ? -x : x;
        const row = Number(magnitude >> 10n);
        const slope = BigInt(table.values[2 * row + 1] ?? 0);
        const positive =
          row >= 1024
            ? 1n << 20n
            : BigInt(table.values[2 * row]!) + shiftRoundExact(slope * (magnitude & 1023n), 10n);
        const sigmoid = x < 0n ? (1n << 20n) - positive : positive;
        const silu = shiftRoundExact(BigInt(g) * sigmoid, 20n);
        return saturate(shiftRoundExact(silu * BigInt(u), BigInt(productShift)));
      });
      expectExact(output.values, expected, `shifts ${sigmoidShift} ${productShift}`);
    }
  });
});
