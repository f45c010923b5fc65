import { bitLength, saturate32, shiftRound } from "../arithmetic/round.ts";
import { constant, wide, wideOutput, type OperatorDefinition, type Step } from "./definition.ts";
import { PAGE } from "./page.ts";
import { POSITION_CHUNK } from "./scores.ts";

/** Fraction bits that the mean has beyond those of the values. */
export const MIX_FRACTION = 12;

/**
 * Attention output: for each head and channel the mean of the values so far, weighted by the softmax.
 *
 * P = max(1, Σ p), S = Σ p · v, over chunks of 256 positions. b = bitLength(P), P' = floor(P / 2^(b - 16)) in
 * [2^15, 2^16), R = floor(2^31 / P') in (2^15, 2^16], S' = shiftRound(S, b - 16), o = saturate32(shiftRound(S' · R, 19)):
 * S / P with 12 more fraction bits than the values.
 *
 * Only the weights of a softmax are read: the largest is 2^22, so b >= 23; the 1 only makes the operator total. P <= 65,536 · 2^22 = 2^38;
 * |S| <= 32,639 · P < 2^53; |S'| <= 65,536 · 32,639 + 1 < 2^31; |S' · R| < 2^47.
 */
export const mix: OperatorDefinition = {
  opcode: 9,
  kind: "mix",
  inputs: ["weights", "page"],
  historyInput: 1,
  tensors: [0, 0],
  constants: [
    { name: "heads", minimum: 1, maximum: 1024 },
    { name: "valueHeads", minimum: 1, maximum: 1024 },
    { name: "size", minimum: 1, maximum: 256 },
  ],
  output: (operator) => wide(constant(operator, 0) * constant(operator, 2)),
  expects: (operator) => ({
    inputs: [
      { type: "weights", groups: constant(operator, 0), size: 1 },
      { type: "page", groups: constant(operator, 1), size: constant(operator, 2) },
    ],
    tensors: [],
  }),
  sections(operator, program) {
    const heads = constant(operator, 0);
    const channels = heads * constant(operator, 2);
    const size = Math.ceil(program.contextLength / POSITION_CHUNK);
    return [
      { name: "partialWeights", type: "int64", groups: heads, size, tile: 256 },
      { name: "totalWeight", type: "int64", groups: heads, size: 1, tile: 1 },
      { name: "partials", type: "int64", groups: channels, size, tile: 256 },
      wideOutput(channels),
    ];
  },
  execute(step) {
    const [heads, , size] = step.operator.constants as [number, number, number];
    const sums = chunkSums(step);
    const chunks = Math.ceil((step.position + 1) / POSITION_CHUNK);
    const total = (from: Float64Array, index: number) =>
      from.subarray(index * chunks, (index + 1) * chunks).reduce((left, right) => left + right);
    const totals = Float64Array.from({ length: heads }, (_, head) => total(sums.weights, head));
    const output = new Int32Array(heads * size);
    for (let head = 0; head < heads; head++) {
      const divisor = Math.max(1, totals[head]!);
      const spare = bitLength(divisor) - 16;
      const reciprocal = Math.floor(2 ** 31 / Math.floor(divisor / 2 ** spare));
      for (let channel = head * size; channel < (head + 1) * size; channel++) {
        const sum = shiftRound(total(sums.products, channel), spare);
        output[channel] = saturate32(shiftRound(sum * reciprocal, 31 - MIX_FRACTION));
      }
    }
    if (step.observe) {
      step.observe("partialWeights", BigInt64Array.from(sums.weights, BigInt));
      step.observe("totalWeight", BigInt64Array.from(totals, BigInt));
      step.observe("partials", BigInt64Array.from(sums.products, BigInt));
      step.observe("output", output);
    }
    return { values: output };
  },
};

/** Sums of p, [heads × chunks], and of p · v, [heads × size × chunks], over each chunk of 256 positions. */
function chunkSums(step: Step): { weights: Float64Array; products: Float64Array } {
  const [heads, valueHeads, size] = step.operator.constants as [number, number, number];
  const weights = step.input(0).values;
  const count = step.position + 1;
  const chunks = Math.ceil(count / POSITION_CHUNK);
  const sums = {
    weights: new Float64Array(heads * chunks),
    products: new Float64Array(heads * size * chunks),
  };
  for (let start = 0; start < count; start += PAGE) {
    const end = Math.min(start + PAGE, count);
    const chunk = Math.floor(start / POSITION_CHUNK);
    const values = step.history(1, end - 1).values;
    for (let head = 0; head < heads; head++) {
      for (let position = start; position < end; position++) {
        sums.weights[head * chunks + chunk]! += weights[head * count + position]!;
      }
      const valueHead = Math.floor((head * valueHeads) / heads);
      for (let channel = 0; channel < size; channel++) {
        let sum = 0;
        for (let position = start; position < end; position++) {
          sum +=
            weights[head * count + position]! *
            values[(valueHead * size + channel) * PAGE + position - start]!;
        }
        sums.products[(head * size + channel) * chunks + chunk]! += sum;
      }
    }
  }
  return sums;
}
