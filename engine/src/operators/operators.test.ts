import { expect } from "chai";
import { runOperator } from "../testing/run-operator.ts";
import { exponentialTable, rotaryTable, sigmoidTable, tableOf, tanhGeluTable } from "../tables/tables.ts";
import { OPERATORS } from "./index.ts";

describe("operators", () => {
  it("have opcodes of their own, and file themselves under their kind", () => {
    const definitions = Object.entries(OPERATORS);
    expect(new Set(definitions.map(([, { opcode }]) => opcode)).size).to.equal(definitions.length);
    for (const [kind, definition] of definitions) expect(definition.kind).to.equal(kind);
  });

  it("embed scales the row of the token", () => {
    const weights = {
      kind: "rows" as const,
      rows: 2,
      columns: 3,
      values: Int8Array.of(1, 2, 3, 127, -127, 0),
      multipliers: Uint16Array.of(1, 16384),
      shifts: Int16Array.of(0, 20),
    };
    const { output } = runOperator("embed", { constants: [2, 3, -10], tensors: [weights], token: 1 });
    // 127 · 16,384 / 2^(20 - 10)
    expect([...output.values]).to.deep.equal([2032, -2032, 0]);
  });

  it("page appends a column to its predecessor's page and begins a new one every 32 positions", () => {
    const append = (position: number, values: number[], previous?: { values: Int16Array }) =>
      runOperator("page", {
        constants: [1, 2],
        inputs: [{ values: Int32Array.from(values) }],
        ...(previous && { previous }),
        position,
      }).output as { values: Int16Array };
    const first = append(0, [7, -40000]);
    expect([...first.values.subarray(0, 2), ...first.values.subarray(32, 34)]).to.deep.equal([
      7, 0, -32639, 0,
    ]);
    const second = append(1, [8, 9], first);
    expect([...second.values.subarray(0, 3), ...second.values.subarray(32, 35)]).to.deep.equal([
      7, 8, 0, -32639, 9, 0,
    ]);
    expect(first.values[1], "pages are not changed afterwards").to.equal(0);
    const fresh = append(32, [1, 2], second);
    expect([...fresh.values.subarray(0, 2), ...fresh.values.subarray(32, 34)]).to.deep.equal([1, 0, 2, 0]);
  });

  it("softmax is within 2^-19 of the exponential, relative to the largest weight", () => {
    const scores = Int32Array.from({ length: 2000 }, (_, index) => -797 * index);
    const { output } = runOperator("softmax", {
      constants: [1],
      inputs: [{ values: scores }],
      tensors: [exponentialTable()],
      position: 1999,
    });
    output.values.forEach((weight, index) => {
      expect(Math.abs(weight / 2 ** 22 - 2 ** (scores[index]! / 65536))).to.be.lessThan(2 ** -19);
    });
  });

  it("mix is the weighted mean", () => {
    const weights = Int32Array.of(2 ** 22, 2 ** 21, 2 ** 20, 0);
    const page = { values: new Int16Array(64) };
    page.values.set([1000, -2000, 3000, 32639]);
    page.values.set([-5, 10, 20, 1], 32);
    const { output } = runOperator("mix", {
      constants: [1, 1, 2],
      inputs: [{ values: weights }, page],
      history: [page, page, page, page],
      position: 3,
    });
    const mean = (a: number, b: number, c: number) => (4 * a + 2 * b + c) / 7;
    expect(output.values[0]! / 4096).to.be.closeTo(mean(1000, -2000, 3000), 0.05);
    expect(output.values[1]! / 4096).to.be.closeTo(mean(-5, 10, 20), 0.001);
  });

  const activations = [
    { name: "silu(g)", table: sigmoidTable, of: (g: number) => g / (1 + Math.exp(-g)) },
    {
      name: "GELU of g",
      table: tanhGeluTable,
      of: (g: number) => 0.5 * g * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g ** 3))),
    },
  ];
  for (const { name, table, of } of activations) {
    it(`gate is ${name} times u`, () => {
      const gates = Int32Array.from({ length: 801 }, (_, index) => (index - 400) * 3277);
      const ups = new Int32Array(801).fill(3 * 65536);
      const { output } = runOperator("gate", {
        constants: [801, 0, 17],
        inputs: [{ values: gates }, { values: ups }],
        tensors: [table()],
      });
      output.values.forEach((value, index) => {
        expect(value / 2 ** 15).to.be.closeTo(3 * of(gates[index]! / 65536), 4e-4);
      });
    });
  }

  it("rotate turns pairs by position times frequency", () => {
    const { output } = runOperator("rotate", {
      constants: [1, 4],
      inputs: [{ values: Int32Array.of(1000000, 2000000, 0, -1000000) }],
      tensors: [rotaryTable(6, 4, 10000)],
      position: 5,
    });
    expect(output.values[0]).to.be.closeTo(1e6 * Math.cos(5), 2);
    expect(output.values[2]).to.be.closeTo(1e6 * Math.sin(5), 2);
    expect(output.values[1]).to.be.closeTo(2e6 * Math.cos(0.05) + 1e6 * Math.sin(0.05), 2);
  });

  it("add saturates", () => {
    const inputs = [Int32Array.of(2147483647, -2147483648, 5), Int32Array.of(1, -1, 6)].map((values) => ({
      values,
    }));
    expect([...runOperator("add", { constants: [3], inputs }).output.values]).to.deep.equal([
      2147483647, -2147483648, 11,
    ]);
  });

  it("sample prefers the lowest token of equally likely ones, within a chunk and between chunks", () => {
    const winner = (...peaks: number[]) => {
      const values = new Int32Array(3000).fill(-5);
      for (const peak of peaks) values[peak] = 9;
      const inputs = [{ values }, { values: new Int32Array(94) }];
      const tensors = [exponentialTable()];
      return runOperator("sample", { constants: [3000, 0], inputs, tensors }).output.values[0];
    };
    expect(winner()).to.equal(0);
    expect(winner(700, 701)).to.equal(700);
    expect(winner(2999)).to.equal(2999);
    expect(winner(2999, 1023)).to.equal(1023);
  });

  it("stop ends at a stop token or at the maximum", () => {
    const flag = (token: number, generated: number) =>
      runOperator("stop", {
        constants: [2],
        inputs: [{ values: Int32Array.of(token) }, { values: new Int32Array(16) }],
        tensors: [tableOf(1, 2, [3, 8])],
        generated,
        parameters: { maxTokens: 10 },
      }).output.values[0];
    expect([flag(8, 1), flag(4, 9), flag(4, 10)]).to.deep.equal([1, 0, 1]);
    const never = runOperator("stop", {
      constants: [0],
      inputs: [{ values: Int32Array.of(8) }, { values: new Int32Array(16) }],
      generated: 9999,
    });
    expect(never.output.values[0]).to.equal(0);
  });
});
