import { expect } from "chai";
import { bitLength, saturate32, saturateNarrow, shiftRound, shiftRoundProduct } from "./round.ts";

/** The definition, in unbounded integers. */
function exact(value: bigint, shift: number): bigint {
  const saturate = (x: bigint) => (x > 2147483647n ? 2147483647n : x < -2147483648n ? -2147483648n : x);
  if (shift >= 1) return (value + (1n << BigInt(shift - 1))) >> BigInt(shift);
  return saturate(saturate(value) << BigInt(-shift));
}

const LARGEST = 2 ** 53 - 1;
const EDGES = [
  0,
  1,
  2,
  3,
  127,
  32639,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 40 + 1,
  2 ** 51 - 1,
  2 ** 52 - 1,
  2 ** 52 + 1,
]
  .concat([LARGEST, LARGEST - 1, LARGEST - 2, 3 * 2 ** 51 + 1, 3 * 2 ** 51 - 1])
  .flatMap((value) => [value, -value]);

describe("shiftRound", () => {
  it("equals its definition at every edge and every shift from -70 to 70", () => {
    for (const value of EDGES) {
      for (let shift = -70; shift <= 70; shift++) {
        const label = `shiftRound(${value}, ${shift})`;
        expect(BigInt(shiftRound(value, shift)), label).to.equal(exact(BigInt(value), shift));
      }
    }
  });

  it("equals its definition where adding one half needs 54 bits", () => {
    for (let shift = 1; shift <= 53; shift++) {
      const unit = 2 ** shift;
      for (let back = 1; back <= 64; back++) {
        const value = LARGEST - Math.floor(unit / 2) + back - 32;
        if (!Number.isSafeInteger(value)) continue;
        expect(BigInt(shiftRound(value, shift))).to.equal(exact(BigInt(value), shift));
        expect(BigInt(shiftRound(-value, shift))).to.equal(exact(BigInt(-value), shift));
      }
    }
  });

  it("rounds halves up, also below zero", () => {
    expect([3, 1, -1, -3].map((value) => shiftRound(value, 1))).to.deep.equal([2, 1, 0, -1]);
  });
});

describe("shiftRoundProduct", () => {
  it("equals its definition on the corners of int32 for every shift it takes", () => {
    const corners = [0, 1, -1, 65535, 65536, -65536, 65537, 123456789, -987654321, 2 ** 31 - 1, -(2 ** 31)];
    for (const left of corners) {
      for (const right of corners) {
        for (let shift = 17; shift <= 62; shift++) {
          const label = `${left} * ${right} >> ${shift}`;
          expect(BigInt(shiftRoundProduct(left, right, shift)), label).to.equal(
            exact(BigInt(left) * BigInt(right), shift),
          );
        }
      }
    }
  });
});

describe("saturation and bit length", () => {
  it("clamps to int32 and to the narrow range", () => {
    expect([2 ** 31, -(2 ** 40), 5].map(saturate32)).to.deep.equal([2147483647, -2147483648, 5]);
    expect([32640, -40000, -32639].map(saturateNarrow)).to.deep.equal([32639, -32639, -32639]);
  });

  it("counts binary digits on both sides of each power of two", () => {
    for (let digits = 1; digits <= 52; digits++) {
      expect(bitLength(2 ** digits - 1), `2^${digits} - 1`).to.equal(digits);
      expect(bitLength(2 ** digits), `2^${digits}`).to.equal(digits + 1);
    }
  });
});
