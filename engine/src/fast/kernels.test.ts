import { expect } from "chai";
import { saturate32, shiftRound } from "../arithmetic/round.ts";
import { allocateMemory, instantiateKernels } from "./kernels.ts";

describe("the product kernel", () => {
  // 2,048 columns are what a 32-bit lane holds at most; 65,536 are the widest row.
  for (const columns of [2048, 2064, 4096, 65536]) {
    it(`sums the largest products of ${columns} columns without overflow, one position or four at a time`, () => {
      const [rows, positions, shift] = [6, 5, 8];
      const [multipliers, shifts, exponents, outputs, inputs] = [64, 128, 192, 256, 1024];
      const room = inputs + 2 * columns * positions;
      const weights = room + 4 * columns;
      const memory = allocateMemory(weights + 8 * columns);
      const { buffer } = memory;
      const kernels = instantiateKernels(memory);
      const weightOf = (row: number) => [127, -127, 127, 1, -127, 126][row]!;
      const inputOf = (position: number) => [32639, -32639, 32639, -32638, 32639][position]!;
      for (let row = 0; row < rows; row++) {
        new Int8Array(buffer, room + (row % 4) * columns, columns).fill(weightOf(row));
        if (row === 3) kernels.packRows(room, 4, columns, columns, weights);
        if (row === 5) kernels.packRows(room, 2, columns, columns, weights + 4 * columns);
      }
      for (let position = 0; position < positions; position++) {
        new Int16Array(buffer, inputs + 2 * columns * position, columns).fill(inputOf(position));
      }
      // The largest multiplier, and shifts that leave all bits, some, the last one and none.
      const rowShifts = [14, 22, 23, 30, 45, 53];
      const inputExponents = [0, 17, 3, 0, 8];
      new Uint16Array(buffer, multipliers, rows).fill(32767);
      new Int16Array(buffer, shifts, rows).set(rowShifts);
      new Int32Array(buffer, exponents, positions).set(inputExponents);
      kernels.linear(
        0,
        rows,
        weights,
        columns,
        multipliers,
        shifts,
        0,
        inputs,
        2 * columns,
        exponents,
        positions,
        shift,
        outputs,
        4 * rows,
      );
      for (let position = 0; position < positions; position++) {
        const found = Array.from(new Int32Array(buffer, outputs + 4 * rows * position, rows));
        const expected = Array.from({ length: rows }, (_, row) =>
          saturate32(
            shiftRound(
              columns * weightOf(row) * inputOf(position) * 32767,
              rowShifts[row]! + shift - inputExponents[position]!,
            ),
          ),
        );
        expect(found, `position ${position}`).to.deep.equal(expected);
      }
    });
  }
});
