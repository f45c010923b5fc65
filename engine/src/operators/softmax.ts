import { shiftRound } from "../arithmetic/round.ts";
import { exponentialTable, sameTable } from "../tables/tables.ts";
import { constant, type OperatorDefinition } from "./definition.ts";
import { POSITION_CHUNK } from "./scores.ts";

/**
 * Attention weights, not yet divided by their sum: p = 2^(s - max s) with 22 fraction bits.
 *
 * x = max - s in [0, 2^32) with 16 fraction bits; row i = bits 8 to 15 of x of the table holds
 * T[i] = round(2^(22 - i/256)) and T[i + 1] - T[i]; v = T[i] + shiftRound(difference · (x mod 256), 8);
 * p = shiftRound(v, floor(x / 2^16)), which is 0 from 24 halvings on. 22 bits rather than 15, because a long context
 * whose first token draws most of the attention has thousands of small weights that matter together.
 */
export const softmax: OperatorDefinition = {
  opcode: 8,
  kind: "softmax",
  inputs: ["positions"],
  tensors: [1, 1],
  constants: [{ name: "heads", minimum: 1, maximum: 1024 }],
  output: (operator) => ({ type: "weights", groups: constant(operator, 0), size: 1 }),
  expects: (operator) => ({
    inputs: [{ type: "positions", groups: constant(operator, 0), size: 1 }],
    tensors: [{ kind: "table", rows: 256, columns: 2 }],
  }),
  sections(operator, program) {
    const heads = constant(operator, 0);
    const size = program.contextLength;
    return [
      { name: "maxima", type: "int32", groups: heads, size: Math.ceil(size / POSITION_CHUNK), tile: 256 },
      { name: "maximum", type: "int32", groups: heads, size: 1, tile: 1 },
      { name: "output", type: "int32", groups: heads, size, tile: POSITION_CHUNK },
    ];
  },
  checkTensor: (tensor) =>
    tensor.kind === "table" && sameTable(tensor, exponentialTable())
      ? undefined
      : "it is not the exponential table of the specification",
  execute(step) {
    const heads = constant(step.operator, 0);
    const scores = step.input(0).values;
    const table = step.table(0).values;
    const count = step.position + 1;
    const chunks = Math.ceil(count / POSITION_CHUNK);
    const maxima = new Int32Array(heads * chunks).fill(-2147483648);
    const maximum = new Int32Array(heads);
    const output = new Int32Array(heads * count);
    for (let head = 0; head < heads; head++) {
      for (let position = 0; position < count; position++) {
        const chunk = head * chunks + Math.floor(position / POSITION_CHUNK);
        maxima[chunk] = Math.max(maxima[chunk]!, scores[head * count + position]!);
      }
      maximum[head] = maxima.subarray(head * chunks, (head + 1) * chunks).reduce((a, b) => Math.max(a, b));
      for (let position = 0; position < count; position++) {
        const index = head * count + position;
        const x = maximum[head]! - scores[index]!;
        output[index] = shiftRound(interpolatedPower(x, table), Math.floor(x / 65536));
      }
    }
    if (step.observe) {
      step.observe("maxima", maxima);
      step.observe("maximum", maximum);
      step.observe("output", output);
    }
    return { values: output };
  },
};

/** 2^-(x mod 1) with 22 fraction bits, in (2^21, 2^22], for x >= 0 with 16 fraction bits. */
export function interpolatedPower(x: number, table: Int32Array): number {
  const row = Math.floor(x / 256) % 256;
  return table[2 * row]! + shiftRound(table[2 * row + 1]! * (x % 256), 8);
}
