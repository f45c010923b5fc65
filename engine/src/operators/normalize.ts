import { saturate32, shiftRound } from "../arithmetic/round.ts";
import {
  constant,
  DIMENSION,
  partialSection,
  wide,
  wideOutput,
  type OperatorDefinition,
} from "./definition.ts";
import { chunkMaxima, narrowed, narrowExponent, REDUCTION_CHUNK } from "./reductions.ts";

/** Gains are below this in magnitude, so that a direction of 30 fraction bits times a gain stays below 2^53. */
export const GAIN_LIMIT = 2 ** 22;

/**
 * Root-mean-square normalisation of each group r[size] of a vector, times a gain per channel; all groups have the same gains.
 *
 * e = narrowExponent(max |r|), a = shiftRound(r, e), S = sum of a² (< 2^46), M = max(1, S + shiftRound(epsilon, 2e)).
 * M = M' · 4^j with M' in [2^30, 2^32) (dropped bits are cut), q = floor(sqrt(M')) in [2^15, 2^16),
 * m = floor(2^31 / q) in (2^15, 2^16], t = saturate32(shiftRound(r · m, 1 + j + e)): r / |r| with 30 fraction bits,
 * y = saturate32(shiftRound(t · gain, 22)). |r · m| <= 2^47; |t| < 1.001 · 2^30, so |t · gain| < 2^53.
 */
export const normalize: OperatorDefinition = {
  opcode: 2,
  kind: "normalize",
  inputs: ["wide"],
  tensors: [1, 1],
  constants: [
    { name: "groups", ...DIMENSION },
    { name: "size", ...DIMENSION },
    { name: "epsilon", minimum: 0, maximum: 2 ** 52 - 1 },
  ],
  output: (operator) => wide(constant(operator, 0) * constant(operator, 1)),
  expects: (operator) => ({
    inputs: [wide(constant(operator, 0) * constant(operator, 1))],
    tensors: [{ kind: "table", rows: 1, columns: constant(operator, 1) }],
  }),
  sections(operator) {
    const [groups, size] = [constant(operator, 0), constant(operator, 1)];
    const chunks = Math.ceil(size / REDUCTION_CHUNK);
    return [
      ...partialSection({ name: "maxima", type: "uint32", groups, size: chunks, tile: 64 }, chunks),
      { name: "exponent", type: "int32", groups, size: 1, tile: 1 },
      ...partialSection({ name: "squares", type: "int64", groups, size: chunks, tile: 64 }, chunks),
      { name: "scale", type: "int32", groups, size: 2, tile: 2 },
      wideOutput(groups * size),
    ];
  },
  checkTensor: (tensor) =>
    tensor.values.some((gain) => Math.abs(gain) >= GAIN_LIMIT)
      ? "a gain is not below 2^22 in magnitude"
      : undefined,
  execute(step) {
    const [groups, size, epsilon] = step.operator.constants as [number, number, number];
    const input = step.input(0).values as Int32Array;
    const gains = step.table(0).values;
    const chunks = Math.ceil(size / REDUCTION_CHUNK);
    const maxima = new Uint32Array(groups * chunks);
    const exponents = new Int32Array(groups);
    const squares = new BigInt64Array(groups * chunks);
    const scales = new Int32Array(2 * groups);
    const output = new Int32Array(groups * size);
    for (let group = 0; group < groups; group++) {
      const part = input.subarray(group * size, (group + 1) * size);
      const partMaxima = chunkMaxima(part);
      const exponent = narrowExponent(partMaxima.reduce((left, right) => Math.max(left, right), 0));
      const partSquares = chunkSquares(narrowed(part, exponent));
      const sum = partSquares.reduce((left, right) => left + right, 0);
      const [multiplier, shift] = inverseLength(sum, epsilon, exponent);
      for (let index = 0; index < size; index++) {
        const direction = saturate32(shiftRound(part[index]! * multiplier, shift));
        output[group * size + index] = saturate32(shiftRound(direction * gains[index]!, 22));
      }
      maxima.set(partMaxima, group * chunks);
      exponents[group] = exponent;
      squares.set(BigInt64Array.from(partSquares, BigInt), group * chunks);
      scales.set([multiplier, shift], 2 * group);
    }
    if (step.observe) {
      if (chunks > 1) step.observe("maxima", maxima);
      step.observe("exponent", exponents);
      if (chunks > 1) step.observe("squares", squares);
      step.observe("scale", scales);
      step.observe("output", output);
    }
    return { values: output };
  },
};

function chunkSquares(values: Int16Array): number[] {
  const sums = new Array<number>(Math.ceil(values.length / REDUCTION_CHUNK)).fill(0);
  values.forEach((value, index) => (sums[Math.floor(index / REDUCTION_CHUNK)]! += value * value));
  return sums;
}

/** [multiplier, shift] such that r · multiplier / 2^shift is r / |r| with 30 fraction bits. */
export function inverseLength(squares: number, epsilon: number, exponent: number): [number, number] {
  const damping = exponent === 0 ? epsilon : shiftRound(epsilon, 2 * exponent);
  let mantissa = Math.max(1, squares + damping);
  let half = 0;
  for (; mantissa >= 2 ** 32; half++) mantissa = Math.floor(mantissa / 4);
  for (; mantissa < 2 ** 30; half--) mantissa *= 4;
  return [Math.floor(2 ** 31 / Math.floor(Math.sqrt(mantissa))), 1 + half + exponent];
}
