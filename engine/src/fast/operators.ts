import { constant } from "../operators/definition.ts";
import { PAGE } from "../operators/page.ts";
import { RECENT_TOKENS } from "../operators/recent.ts";
import { TOKENS_PER_WORD } from "../operators/seen.ts";
import { endsOutput } from "../operators/stop.ts";
import { withDefaults } from "../run/session.ts";
import type { Operator, OperatorKind } from "../program/program.ts";
import { listOf, runSample } from "./sample.ts";
import { Place, type Machine, type Step } from "./step.ts";
import { int16, int32, int64, uint32 } from "./values.ts";
import { matrixOf } from "./weights.ts";

/** Computes an operator at the positions of `place`, and shows the trace of an observed one. */
type Implementation = (machine: Machine, step: Step, place: Place) => void;

export function runOperator(machine: Machine, step: Step): void {
  if (step.operator.kind === "linear") return runLinear(machine, step);
  const implementation = IMPLEMENTATIONS[step.operator.kind];
  const count = step.tokens.length;
  if (!step.observe) return implementation(machine, step, new Place(machine, step, 0, count));
  for (let slot = 0; slot < count; slot++) {
    implementation(machine, step, new Place(machine, step, slot, 1));
  }
}

function runLinear(machine: Machine, step: Step): void {
  const { layout, bytes, products } = machine;
  const input = layout.outputs[step.operator.inputs[0]!]!;
  const output = layout.outputs[step.index]!;
  const observe = step.observe;
  products.multiply(step.index, {
    positions: step.tokens.length,
    bytes,
    input: input.address,
    inputPitch: input.pitch,
    exponents: input.exponents,
    output: output.address,
    outputPitch: output.pitch,
    onPartials: observe && ((slot, partials) => observe(slot, "partials", partials)),
  });
  if (!observe) return;
  const rows = constant(step.operator, 0);
  for (let slot = 0; slot < step.tokens.length; slot++) {
    observe(slot, "output", int32(machine, output.address + slot * output.pitch, rows));
  }
}

/** What an element of these operators takes, in multiply-adds of a product. */
const WORK = { normalize: 16, narrow: 4, rotate: 16, gate: 64, add: 4 };

/** Has all threads compute the positions of `place`, each of them for some. */
function eachPosition(
  machine: Machine,
  kernel: keyof typeof WORK,
  { count }: Place,
  elements: number,
  parameters: readonly number[],
): void {
  const work = WORK[kernel] * elements * count;
  machine.threads.run({ memory: machine.memory, kernel, items: count, work, parameters });
}

/** Has all threads compute the heads of the positions of `place`, each of them for some; `size` elements of a head. */
function eachHead(
  machine: Machine,
  kernel: "scores" | "softmax" | "mix",
  { count, position }: Place,
  [heads, size]: readonly [number, number],
  parameters: readonly number[],
): void {
  machine.threads.run({
    memory: machine.memory,
    kernel,
    items: heads * count,
    work: heads * size * count * (position + count),
    parameters: [count, position, ...parameters],
  });
}

const IMPLEMENTATIONS: Readonly<Record<Exclude<OperatorKind, "linear">, Implementation>> = {
  embed(machine, { operator, tokens, observe }, place) {
    const [, width, shift] = operator.constants as [number, number, number];
    const { values, multipliers, shifts } = matrixOf(machine.model, operator);
    const row = machine.layout.scratch[2];
    const [output, pitch] = place.output;
    for (let index = 0; index < place.count; index++) {
      const token = tokens[place.slot + index]!;
      machine.bytes.set(values.subarray(token * width, (token + 1) * width), row);
      const to = output + index * pitch;
      machine.memory.kernels.embed(row, width, multipliers[token]!, shifts[token]! + shift, to);
    }
    observe?.(place.slot, "output", int32(machine, output, width));
  },

  normalize(machine, { operator, observe }, place) {
    const [groups, size, epsilon] = operator.constants as [number, number, number];
    const gains = tableAddress(machine, operator);
    const { output, scratch } = place;
    eachPosition(machine, "normalize", place, groups * size, [
      ...place.input(0),
      ...output,
      gains,
      groups,
      size,
      epsilon,
      ...scratch,
    ]);
    if (!observe) return;
    const [maxima, squares, scalars] = scratch;
    const chunks = Math.ceil(size / 1024);
    if (chunks > 1) observe(place.slot, "maxima", uint32(machine, maxima, groups * chunks));
    observe(place.slot, "exponent", int32(machine, scalars, groups));
    if (chunks > 1) observe(place.slot, "squares", int64(machine, squares, groups * chunks));
    observe(place.slot, "scale", int32(machine, scalars + 4 * groups, 2 * groups));
    observe(place.slot, "output", int32(machine, output[0], groups * size));
  },

  narrow(machine, { index, operator, observe }, place) {
    const [groups, size] = operator.constants as [number, number];
    const [maxima] = place.scratch;
    const [output, pitch] = place.output;
    const { outputExponents } = place;
    eachPosition(machine, "narrow", place, groups * size, [
      ...place.input(0),
      output,
      outputExponents,
      pitch,
      groups,
      size,
      maxima,
    ]);
    const cache = machine.layout.caches.get(index);
    for (let slot = 0; cache && slot < place.count; slot++) {
      machine.memory.kernels.storeKeys(
        output + slot * pitch,
        outputExponents + slot * pitch,
        groups,
        size,
        cache.stride,
        machine.layout.capacity,
        place.position + slot,
        cache.address,
        cache.exponents,
      );
    }
    if (!observe) return;
    const chunks = Math.ceil(size / 1024);
    if (chunks > 1) observe(place.slot, "maxima", uint32(machine, maxima, groups * chunks));
    observe(place.slot, "exponents", int32(machine, outputExponents, groups));
    observe(place.slot, "output", int16(machine, output, groups * size));
  },

  rotate(machine, { operator, observe }, place) {
    const [heads, size] = operator.constants as [number, number];
    const angles = tableAddress(machine, operator) + 4 * place.position * size;
    const { output } = place;
    eachPosition(machine, "rotate", place, heads * size, [...place.input(0), ...output, angles, heads, size]);
    observe?.(place.slot, "output", int32(machine, output[0], heads * size));
  },

  page(machine, { index, operator, observe }, place) {
    const channels = constant(operator, 0) * constant(operator, 1);
    const bytes = 2 * channels * PAGE;
    const [input, pitch] = place.input(0);
    const pageOf = (position: number) =>
      machine.layout.caches.get(index)!.address + Math.floor(position / PAGE) * bytes;
    for (let slot = 0; slot < place.count; slot++) {
      const position = place.position + slot;
      const column = position % PAGE;
      machine.memory.kernels.storeValues(input + slot * pitch, channels, column, pageOf(position));
    }
    observe?.(place.slot, "output", int16(machine, pageOf(place.position), channels * PAGE));
  },

  scores(machine, { operator, observe }, place) {
    const [heads, keyHeads, size, multiplier, shift] = operator.constants as [
      number,
      number,
      number,
      number,
      number,
    ];
    const { capacity, positionsPitch, caches } = machine.layout;
    const { address, exponents, stride } = caches.get(operator.inputs[1]!)!;
    const [queries, queryPitch] = place.input(0);
    const { output } = place;
    eachHead(
      machine,
      "scores",
      place,
      [heads, size],
      [
        queries,
        place.inputExponents(0),
        queryPitch,
        address,
        exponents,
        heads,
        keyHeads,
        size,
        stride,
        capacity,
        multiplier,
        shift,
        ...output,
        positionsPitch,
      ],
    );
    observe?.(place.slot, "output", positions(machine, output[0], heads, place.position + 1));
  },

  softmax(machine, { operator, observe }, place) {
    const heads = constant(operator, 0);
    const table = tableAddress(machine, operator);
    const [input] = place.input(0);
    const { output } = place;
    const [maxima, maximum] = place.scratch;
    const { positionsPitch } = machine.layout;
    eachHead(
      machine,
      "softmax",
      place,
      [heads, 8],
      [input, ...output, positionsPitch, table, maxima, maximum],
    );
    if (!observe) return;
    const count = place.position + 1;
    observe(place.slot, "maxima", int32(machine, maxima, heads * Math.ceil(count / 256)));
    observe(place.slot, "maximum", int32(machine, maximum, heads));
    observe(place.slot, "output", positions(machine, output[0], heads, count));
  },

  mix(machine, { operator, observe }, place) {
    const [heads, valueHeads, size] = operator.constants as [number, number, number];
    const { positionsPitch, caches } = machine.layout;
    const [partials, partialWeights, totals] = place.scratch;
    const pages = caches.get(operator.inputs[1]!)!.address;
    const { output } = place;
    eachHead(
      machine,
      "mix",
      place,
      [heads, size],
      [
        ...place.input(0),
        positionsPitch,
        heads,
        valueHeads,
        size,
        pages,
        ...output,
        partialWeights,
        totals,
        partials,
      ],
    );
    if (!observe) return;
    const chunks = Math.ceil((place.position + 1) / 256);
    observe(place.slot, "partialWeights", int64(machine, partialWeights, heads * chunks));
    observe(place.slot, "totalWeight", int64(machine, totals, heads));
    observe(place.slot, "partials", int64(machine, partials, heads * size * chunks));
    observe(place.slot, "output", int32(machine, output[0], heads * size));
  },

  gate(machine, { operator, observe }, place) {
    const [width, sigmoidShift, productShift] = operator.constants as [number, number, number];
    const table = tableAddress(machine, operator);
    const { output } = place;
    eachPosition(machine, "gate", place, width, [
      ...place.input(0),
      ...place.input(1),
      ...output,
      width,
      sigmoidShift,
      productShift,
      table,
    ]);
    observe?.(place.slot, "output", int32(machine, output[0], width));
  },

  add(machine, { operator, observe }, place) {
    const width = constant(operator, 0);
    const { output } = place;
    eachPosition(machine, "add", place, width, [...place.input(0), ...place.input(1), ...output, width]);
    observe?.(place.slot, "output", int32(machine, output[0], width));
  },

  seen(machine, { index, tokens, observe }, place) {
    const words = stateOf(machine, index);
    if (place.position === 0) words.fill(0);
    for (const token of tokens.slice(place.slot, place.slot + place.count)) {
      words[Math.floor(token / TOKENS_PER_WORD)]! |= 1 << (token % TOKENS_PER_WORD);
    }
    observe?.(place.slot, "output", Int32Array.from(words));
  },

  recent(machine, { index, tokens, observe }, place) {
    const last = stateOf(machine, index);
    if (place.position === 0) last.fill(-1);
    for (const token of tokens.slice(place.slot, place.slot + place.count)) {
      last.copyWithin(0, 1);
      last[RECENT_TOKENS - 1] = token;
    }
    observe?.(place.slot, "output", Int32Array.from(last));
  },

  sample: runSample,

  stop(machine, { operator, request, observe }, place) {
    const token = int32(machine, place.input(0)[0], 1)[0]!;
    const recent = stateOf(machine, operator.inputs[1]!);
    const isLast = endsOutput(token, recent, listOf(machine, operator.tensors[0]), withDefaults(request));
    const [output] = place.output;
    new Int32Array(machine.buffer, output, 1)[0] = isLast ? 1 : 0;
    observe?.(place.slot, "output", int32(machine, output, 1));
  },
};

/** What an operator keeps from position to position, in place. */
function stateOf(machine: Machine, operator: number): Int32Array {
  const { address, stride } = machine.layout.caches.get(operator)!;
  return new Int32Array(machine.buffer, address, stride);
}

function tableAddress(machine: Machine, operator: Operator): number {
  return machine.layout.tables.get(operator.tensors[0]!)!.address;
}

/** Without the gaps between the heads. */
function positions(machine: Machine, address: number, heads: number, count: number): Int32Array {
  const values = new Int32Array(heads * count);
  for (let head = 0; head < heads; head++) {
    const from = address + 4 * head * machine.layout.positionsPitch;
    values.set(new Int32Array(machine.buffer, from, count), head * count);
  }
  return values;
}
