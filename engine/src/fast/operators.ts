import type { Model } from "../model.ts";
import { constant, type SectionValues } from "../operators/definition.ts";
import { PAGE } from "../operators/page.ts";
import type { Operator, OperatorKind } from "../program/program.ts";
import type { PositionRequest } from "../run/session.ts";
import type { TableTensor } from "../tensors/tensor.ts";
import type { Kernels } from "./kernels.ts";
import type { SessionLayout } from "./layout.ts";
import type { Products } from "./products.ts";
import { matrixOf } from "./weights.ts";

/** What a session computes with. */
export interface Machine {
  readonly model: Model;
  readonly layout: SessionLayout;
  readonly kernels: Kernels;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly products: Products;
}

/** One operator at a block of positions. */
export interface Step {
  readonly index: number;
  readonly operator: Operator;
  /** Position of the block's first token. */
  readonly first: number;
  readonly tokens: readonly number[];
  readonly request: PositionRequest;
  readonly observe: ((slot: number, section: string, values: SectionValues) => void) | undefined;
}

/** Everything of one position. */
class Place {
  readonly #machine: Machine;
  readonly #step: Step;
  readonly slot: number;

  constructor(machine: Machine, step: Step, slot: number) {
    this.#machine = machine;
    this.#step = step;
    this.slot = slot;
  }

  get position(): number {
    return this.#step.first + this.slot;
  }

  get output(): number {
    return this.#address(this.#step.index);
  }

  get outputExponents(): number {
    return this.output + this.#machine.layout.outputs[this.#step.index]!.exponents;
  }

  input(index: number): number {
    return this.#address(this.#step.operator.inputs[index]!);
  }

  inputExponents(index: number): number {
    const source = this.#step.operator.inputs[index]!;
    return this.#address(source) + this.#machine.layout.outputs[source]!.exponents;
  }

  /** Operators of the generating phase run at one position of a block, and have one slot. */
  #address(operator: number): number {
    const { address, pitch } = this.#machine.layout.outputs[operator]!;
    const { phase } = this.#machine.model.program.operators[operator]!;
    return phase === "always" ? address + this.slot * pitch : address;
  }
}

type Implementation = (machine: Machine, step: Step, place: Place) => void;

export function runOperator(machine: Machine, step: Step): void {
  if (step.operator.kind === "linear") return runLinear(machine, step);
  const implementation = IMPLEMENTATIONS[step.operator.kind];
  for (let slot = 0; slot < step.tokens.length; slot++) {
    implementation(machine, step, new Place(machine, step, slot));
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

const IMPLEMENTATIONS: Readonly<Record<Exclude<OperatorKind, "linear">, Implementation>> = {
  embed(machine, { operator, tokens, observe }, { slot, output }) {
    const [, width, shift] = operator.constants as [number, number, number];
    const { values, multipliers, shifts } = matrixOf(machine.model, operator);
    const token = tokens[slot]!;
    const row = machine.layout.scratch[2];
    machine.bytes.set(values.subarray(token * width, (token + 1) * width), row);
    machine.kernels.embed(row, width, multipliers[token]!, shifts[token]! + shift, output);
    observe?.(slot, "output", int32(machine, output, width));
  },

  normalize(machine, { operator, observe }, place) {
    const [width, epsilon] = operator.constants as [number, number];
    const gains = tableAddress(machine, operator);
    const [maxima, squares, scalars] = machine.layout.scratch;
    const chunks = Math.ceil(width / 1024);
    machine.kernels.normalize(place.input(0), gains, width, epsilon, place.output, maxima, squares, scalars);
    if (!observe) return;
    const [exponent, multiplier, shift] = int32(machine, scalars, 3) as unknown as [number, number, number];
    if (chunks > 1) observe(place.slot, "maxima", uint32(machine, maxima, chunks));
    observe(place.slot, "exponent", Int32Array.of(exponent));
    if (chunks > 1) observe(place.slot, "squares", int64(machine, squares, chunks));
    observe(place.slot, "scale", Int32Array.of(multiplier, shift));
    observe(place.slot, "output", int32(machine, place.output, width));
  },

  narrow(machine, { index, operator, observe }, place) {
    const [groups, size] = operator.constants as [number, number];
    const [maxima] = machine.layout.scratch;
    const { output, outputExponents } = place;
    machine.kernels.narrow(place.input(0), groups, size, output, outputExponents, maxima);
    const cache = machine.layout.caches.get(index);
    if (cache) {
      const { capacity } = machine.layout;
      const { address, exponents, stride } = cache;
      machine.kernels.storeKeys(
        output,
        outputExponents,
        groups,
        size,
        stride,
        capacity,
        place.position,
        address,
        exponents,
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
    machine.kernels.rotate(place.input(0), angles, heads, size, place.output);
    observe?.(place.slot, "output", int32(machine, place.output, heads * size));
  },

  page(machine, { index, operator, observe }, place) {
    const channels = constant(operator, 0) * constant(operator, 1);
    const column = place.position % PAGE;
    const bytes = 2 * channels * PAGE;
    const page = machine.layout.caches.get(index)!.address + Math.floor(place.position / PAGE) * bytes;
    machine.kernels.storeValues(place.input(0), channels, column, page);
    if (!observe) return;
    const values = int16(machine, page, channels * PAGE);
    observe(place.slot, "output", values);
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
    const count = place.position + 1;
    machine.kernels.scores(
      place.input(0),
      place.inputExponents(0),
      address,
      exponents,
      heads,
      keyHeads,
      size,
      stride,
      capacity,
      multiplier,
      shift,
      count,
      place.output,
      positionsPitch,
    );
    observe?.(place.slot, "output", positions(machine, place.output, heads, count));
  },

  softmax(machine, { operator, observe }, place) {
    const heads = constant(operator, 0);
    const { positionsPitch, scratch } = machine.layout;
    const [maxima, maximum] = scratch;
    const count = place.position + 1;
    const table = tableAddress(machine, operator);
    machine.kernels.softmax(
      place.input(0),
      heads,
      count,
      positionsPitch,
      table,
      place.output,
      maxima,
      maximum,
    );
    if (!observe) return;
    observe(place.slot, "maxima", int32(machine, maxima, heads * Math.ceil(count / 256)));
    observe(place.slot, "maximum", int32(machine, maximum, heads));
    observe(place.slot, "output", positions(machine, place.output, heads, count));
  },

  mix(machine, { operator, observe }, place) {
    const [heads, valueHeads, size] = operator.constants as [number, number, number];
    const { positionsPitch, scratch, caches } = machine.layout;
    const [partials, partialWeights, totals] = scratch;
    const pages = caches.get(operator.inputs[1]!)!.address;
    const count = place.position + 1;
    const chunks = Math.ceil(count / 256);
    machine.kernels.mix(
      place.input(0),
      heads,
      valueHeads,
      size,
      count,
      positionsPitch,
      pages,
      partialWeights,
      totals,
      partials,
      place.output,
    );
    if (!observe) return;
    observe(place.slot, "partialWeights", int64(machine, partialWeights, heads * chunks));
    observe(place.slot, "totalWeight", int64(machine, totals, heads));
    observe(place.slot, "partials", int64(machine, partials, heads * size * chunks));
    observe(place.slot, "output", int32(machine, place.output, heads * size));
  },

  gate(machine, { operator, observe }, place) {
    const [width, sigmoidShift, productShift] = operator.constants as [number, number, number];
    const table = tableAddress(machine, operator);
    const { output } = place;
    machine.kernels.gate(place.input(0), place.input(1), width, sigmoidShift, productShift, table, output);
    observe?.(place.slot, "output", int32(machine, output, width));
  },

  add(machine, { operator, observe }, place) {
    const width = constant(operator, 0);
    machine.kernels.add(place.input(0), place.input(1), width, place.output);
    observe?.(place.slot, "output", int32(machine, place.output, width));
  },

  argmax(machine, { operator, observe }, place) {
    const count = constant(operator, 0);
    const [winners] = machine.layout.scratch;
    machine.kernels.argmax(place.input(0), count, winners, place.output);
    if (!observe) return;
    const chunks = Math.ceil(count / 1024);
    if (chunks > 1) observe(place.slot, "winners", int32(machine, winners, 2 * chunks));
    observe(place.slot, "output", int32(machine, place.output, 1));
  },

  stop(machine, { operator, request, observe }, place) {
    const token = int32(machine, place.input(0), 1)[0]!;
    const tensor = operator.tensors[0];
    const listed =
      tensor !== undefined && (machine.model.tensors[tensor] as TableTensor).values.includes(token);
    const last = (request.generated ?? 0) >= (request.maxTokens ?? Infinity);
    new Int32Array(machine.buffer, place.output, 1)[0] = listed || last ? 1 : 0;
    observe?.(place.slot, "output", int32(machine, place.output, 1));
  },
};

function tableAddress(machine: Machine, operator: Operator): number {
  return machine.layout.tables.get(operator.tensors[0]!)!.address;
}

// Copies, because the memory is used again.
function int16({ buffer }: Machine, address: number, count: number): Int16Array {
  return new Int16Array(new Int16Array(buffer, address, count));
}
function int32({ buffer }: Machine, address: number, count: number): Int32Array {
  return new Int32Array(new Int32Array(buffer, address, count));
}
function uint32({ buffer }: Machine, address: number, count: number): Uint32Array {
  return new Uint32Array(new Uint32Array(buffer, address, count));
}
function int64({ buffer }: Machine, address: number, count: number): BigInt64Array {
  return new BigInt64Array(new BigInt64Array(buffer, address, count));
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
