import { constant, partialSection, wide, type OperatorDefinition } from "./definition.ts";
import { chunkMaxima, narrowed, narrowExponent, REDUCTION_CHUNK } from "./reductions.ts";

/** Narrow elements in one tile: as many as one chunk of a weight row. */
export const NARROW_TILE = 4096;

/**
 * int32 to int16 with one power-of-two exponent per group: a = shiftRound(x, e), e = narrowExponent(max |x|).
 * x is about a · 2^e. The maximum is exact, so nothing is clipped and at least 14 bits of the largest remain.
 */
export const narrow: OperatorDefinition = {
  opcode: 3,
  kind: "narrow",
  inputs: ["wide"],
  tensors: [0, 0],
  constants: [
    { name: "groups", minimum: 1, maximum: 65536 },
    { name: "size", minimum: 1, maximum: 65536 },
  ],
  output: (operator) => ({ type: "narrow", groups: constant(operator, 0), size: constant(operator, 1) }),
  expects: (operator) => ({ inputs: [wide(constant(operator, 0) * constant(operator, 1))], tensors: [] }),
  sections(operator) {
    const [groups, size] = [constant(operator, 0), constant(operator, 1)];
    const chunks = Math.ceil(size / REDUCTION_CHUNK);
    return [
      ...partialSection({ name: "maxima", type: "uint32", groups, size: chunks, tile: 64 }, chunks),
      { name: "exponents", type: "int32", groups, size: 1, tile: 1 },
      { name: "output", type: "int16", groups, size, tile: NARROW_TILE },
    ];
  },
  execute(step) {
    const [groups, size] = [constant(step.operator, 0), constant(step.operator, 1)];
    const input = step.input(0).values as Int32Array;
    const chunks = Math.ceil(size / REDUCTION_CHUNK);
    const maxima = new Uint32Array(groups * chunks);
    const exponents = new Int32Array(groups);
    const output = new Int16Array(groups * size);
    for (let group = 0; group < groups; group++) {
      const part = input.subarray(group * size, (group + 1) * size);
      const partMaxima = chunkMaxima(part);
      maxima.set(partMaxima, group * chunks);
      exponents[group] = narrowExponent(partMaxima.reduce((left, right) => Math.max(left, right), 0));
      output.set(narrowed(part, exponents[group]!), group * size);
    }
    if (step.observe) {
      if (chunks > 1) step.observe("maxima", maxima);
      step.observe("exponents", exponents);
      step.observe("output", output);
    }
    return { values: output, exponents };
  },
};
