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
 * Root-mean-square normalisation of the residual r[width], times a gain per channel.
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
    { name: "width", ...DIMENSION },
    { name: "epsilon", minimum: 0, maximum: 2 ** 52 - 1 },
  ],
  output: (operator) => wide(constant(operator, 0)),
  expects: (operator) => ({
    inputs: [wide(constant(operator, 0))],
    tensors: [{ kind: "table", rows: 1, columns: constant(operator, 0) }],
  }),
  sections(operator) {
    const width = constant(operator, 0);
    const chunks = Math.ceil(width / REDUCTION_CHUNK);
    return [
      ...partialSection({ name: "maxima", type: "uint32", groups: 1, size: chunks, tile: 64 }, chunks),
      { name: "exponent", type: "int32", groups: 1, size: 1, tile: 1 },
      ...partialSection({ name: "squares", type: "int64", groups: 1, size: chunks, tile: 64 }, chunks),
      { name: "scale", type: "int32", groups: 1, size: 2, tile: 2 },
      wideOutput(width),
    ];
  },
  checkTensor: (tensor) =>
    tensor.values.some((gain) => Math.abs(gain) >= GAIN_LIMIT)
      ? "a gain is not below 2^22 in magnitude"
      : undefined,
  execute(step) {
    const residual = step.input(0).values as Int32Array;
    const gains = step.table(0).values;
    const maxima = chunkMaxima(residual);
    const exponent = narrowExponent(maxima.reduce((left, right) => Math.max(left, right), 0));
    const squares = chunkSquares(narrowed(residual, exponent));
    const sum = squares.reduce((left, right) => left + right, 0);
    const [multiplier, shift] = inverseLength(sum, constant(step.operator, 1), exponent);
    const output = new Int32Array(residual.length);
    for (let index = 0; index < residual.length; index++) {
      const direction = saturate32(shiftRound(residual[index]! * multiplier, shift));
      output[index] = saturate32(shiftRound(direction * gains[index]!, 22));
    }
    if (step.observe) {
      if (maxima.length > 1) step.observe("maxima", maxima);
      step.observe("exponent", Int32Array.of(exponent));
      if (squares.length > 1) step.observe("squares", BigInt64Array.from(squares, BigInt));
      step.observe("scale", Int32Array.of(multiplier, shift));
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
