import { expect } from "chai";
import { cosineAndSine, exponential, fromNumber, LN2, logarithm, ONE } from "./fixed-point.ts";
import { exponentialTable, rotaryTable, sigmoidTable, tanhGeluTable } from "./tables.ts";

const toNumber = (x: bigint) => Number(x >> 64n) / 2 ** 64;

describe("fixed-point functions", () => {
  it("agree with float64", () => {
    expect(toNumber(LN2)).to.be.closeTo(Math.LN2, 1e-15);
    for (const x of [1e-3, 0.5, 1, 1.75, 2, 3, 10000, 500000, 1e12]) {
      expect(toNumber(logarithm(fromNumber(x))), `ln ${x}`).to.be.closeTo(Math.log(x), 1e-14);
    }
    for (const x of [0, -1e-9, -0.3, -1, -7.5, -40]) {
      expect(toNumber(exponential(fromNumber(x))), `exp ${x}`).to.be.closeTo(Math.exp(x), 1e-15);
    }
    for (const x of [0, 1e-9, 0.25, 1, 2]) {
      const [cosine, sine] = cosineAndSine(fromNumber(x));
      expect(toNumber(cosine), `cos ${x}`).to.be.closeTo(Math.cos(x), 1e-15);
      expect(toNumber(sine), `sin ${x}`).to.be.closeTo(Math.sin(x), 1e-15);
    }
  });

  it("are inverse to each other to 2^-110", () => {
    const x = fromNumber(-3.3);
    const error = logarithm(exponential(x)) - x;
    expect(error < ONE >> 110n && error > -(ONE >> 110n)).to.equal(true);
  });
});

describe("tables", () => {
  it("hold rounded functions with slopes that lead to the next entry", () => {
    const tables = [
      { table: exponentialTable(), of: (i: number) => 2 ** (22 - i / 256) },
      {
        table: tanhGeluTable(),
        of: (i: number) => {
          const x = i / 64;
          return 2 ** 19 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
        },
      },
      { table: sigmoidTable(), of: (i: number) => 2 ** 20 / (1 + Math.exp(-i / 64)) },
    ];
    for (const { table, of } of tables) {
      for (let row = 0; row < table.rows; row++) {
        expect(table.values[2 * row], `entry ${row}`).to.equal(Math.round(of(row)));
        expect(table.values[2 * row]! + table.values[2 * row + 1]!, `next ${row}`).to.equal(
          Math.round(of(row + 1)),
        );
      }
    }
  });

  it("hold rotary angles to the last bit, also far out", () => {
    const [size, theta, length] = [8, 500000, 5000];
    const { values } = rotaryTable(length, size, theta);
    for (const position of [0, 1, 17, length - 1]) {
      for (let pair = 0; pair < size / 2; pair++) {
        const angle = position * theta ** (-(2 * pair) / size);
        expect(values[position * size + pair]).to.equal(Math.round(2 ** 20 * Math.cos(angle)));
        expect(values[position * size + size / 2 + pair]).to.equal(Math.round(2 ** 20 * Math.sin(angle)));
      }
    }
  });
});
