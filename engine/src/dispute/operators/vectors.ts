import { absolute, larger, saturate, shiftRoundExact, squareRootExact } from "../../arithmetic/exact.ts";
import { REDUCTION_CHUNK } from "../../operators/reductions.ts";
import { ROW_CHUNK, TABLE_CHUNK } from "../../tensors/chunks.ts";
import { SIGMOID_FRACTION } from "../../tables/tables.ts";
import { inputSection, ownSection, readTable, readWeights, tokenAt, type Place } from "../place.ts";
import type { Reading } from "../read.ts";

/*
 * Steps of the operators that work on vectors of one position: one element each, by the definitions of docs/engine.md, section 5,
 * from what docs/dispute.md lists as read, in that order.
 */

/** Elements in a tile of a wide output. */
export const WIDE_TILE = 1024;
/** Rows whose partial sums share a tile. */
const PARTIAL_ROWS = 64;
const NARROW_MAXIMUM = 32639n;

export function* embed(place: Place): Reading<bigint> {
  const { operator, index } = place;
  const [, , shift] = operator.constants as [number, number, number];
  const token = yield* tokenAt(place);
  const row = yield* readWeights(place, 0, token, Math.floor(index / ROW_CHUNK));
  const weight = BigInt(row.weights[index % ROW_CHUNK]!);
  return saturate(shiftRoundExact(weight * row.multiplier, row.shift + BigInt(shift)));
}

export function* normalize(place: Place): Reading<bigint> {
  const { operator, section, group, index } = place;
  const [, size, epsilon] = operator.constants as [number, number, number];
  const chunked = size > REDUCTION_CHUNK;
  const whole = (of: number) => wideElements(place, of * size, (of + 1) * size);
  const chunk = () => {
    const end = Math.min(size, REDUCTION_CHUNK * (index + 1));
    return wideElements(place, group * size + REDUCTION_CHUNK * index, group * size + end);
  };
  switch (section.name) {
    case "maxima":
      return largestMagnitude(yield* chunk());
    case "exponent":
      return narrowExponent(
        largestMagnitude(yield* chunked ? ownSection(place, "maxima", group) : whole(group)),
      );
    case "squares": {
      const values = yield* chunk();
      const [exponent] = yield* ownSection(place, "exponent", group);
      return sumOfSquares(values, exponent!);
    }
    case "scale": {
      const values = yield* chunked ? ownSection(place, "squares", group) : whole(group);
      const [exponent] = yield* ownSection(place, "exponent", group);
      const squares = chunked ? sum(values) : sumOfSquares(values, exponent!);
      return inverseLength(squares, BigInt(epsilon), exponent!)[index]!;
    }
    default: {
      const [value] = yield* wideElements(place, index, index + 1);
      const [multiplier, shift] = yield* ownSection(place, "scale", Math.floor(index / size));
      const channel = index % size;
      const gains = yield* readTable(place, 0, 0, Math.floor(channel / TABLE_CHUNK));
      const direction = saturate(shiftRoundExact(value! * multiplier!, shift!));
      return saturate(shiftRoundExact(direction * gains[channel % TABLE_CHUNK]!, 22n));
    }
  }
}

/** [multiplier, shift] such that r · multiplier / 2^shift is r / |r| with 30 fraction bits. */
function inverseLength(squares: bigint, epsilon: bigint, exponent: bigint): [bigint, bigint] {
  const damping = exponent === 0n ? epsilon : shiftRoundExact(epsilon, 2n * exponent);
  let mantissa = larger(1n, squares + damping);
  let half = 0n;
  for (; mantissa >= 1n << 32n; half++) mantissa >>= 2n;
  for (; mantissa < 1n << 30n; half--) mantissa <<= 2n;
  return [(1n << 31n) / squareRootExact(mantissa), 1n + half + exponent];
}

export function* narrow(place: Place): Reading<bigint> {
  const { operator, section, group, index } = place;
  const size = operator.constants[1]!;
  const start = group * size;
  switch (section.name) {
    case "maxima": {
      const end = Math.min(size, REDUCTION_CHUNK * (index + 1));
      return largestMagnitude(yield* wideElements(place, start + REDUCTION_CHUNK * index, start + end));
    }
    case "exponents":
      return narrowExponent(
        largestMagnitude(
          yield* size > REDUCTION_CHUNK
            ? ownSection(place, "maxima", group)
            : wideElements(place, start, start + size),
        ),
      );
    default: {
      const [value] = yield* wideElements(place, start + index, start + index + 1);
      const [exponent] = yield* ownSection(place, "exponents", group);
      return shiftRoundExact(value!, exponent!);
    }
  }
}

/** Elements [start, end) of input 0, by the tiles that hold them. */
export function* wideElements(place: Place, start: number, end: number): Reading<bigint[]> {
  const firstTile = Math.floor(start / WIDE_TILE);
  const elements: bigint[] = [];
  for (let tile = firstTile; tile * WIDE_TILE < end; tile++) {
    elements.push(...(yield* inputSection(place, 0, "output", tile)));
  }
  return elements.slice(start - firstTile * WIDE_TILE, end - firstTile * WIDE_TILE);
}

export function* linear(place: Place): Reading<bigint> {
  const { operator, section, index } = place;
  const [, columns, shift] = operator.constants as [number, number, number];
  const chunks = Math.ceil(columns / ROW_CHUNK);
  if (section.name === "partials") {
    const { weights } = yield* readWeights(place, 0, Math.floor(index / chunks), index % chunks);
    return dot(weights, yield* inputSection(place, 0, "output", index % chunks));
  }
  const partials = chunks > 1 ? yield* ownSection(place, "partials", Math.floor(index / PARTIAL_ROWS)) : [];
  const row = yield* readWeights(place, 0, index, 0);
  const first = (index % PARTIAL_ROWS) * chunks;
  const product =
    chunks > 1
      ? sum(partials.slice(first, first + chunks))
      : dot(row.weights, yield* inputSection(place, 0, "output", 0));
  const [exponent] = yield* inputSection(place, 0, "exponents", 0);
  const scaled = saturate(shiftRoundExact(product * row.multiplier, row.shift + BigInt(shift) - exponent!));
  if (operator.tensors.length === 1) return scaled;
  const bias = yield* readTable(place, 1, 0, Math.floor(index / TABLE_CHUNK));
  return saturate(scaled + bias[index % TABLE_CHUNK]!);
}

export function* gate(place: Place): Reading<bigint> {
  const { operator, index } = place;
  const [, sigmoidShift, productShift] = operator.constants as [number, number, number];
  const one = 1n << BigInt(SIGMOID_FRACTION);
  const tile = Math.floor(index / WIDE_TILE);
  const value = (yield* inputSection(place, 0, "output", tile))[index % WIDE_TILE]!;
  const factor = (yield* inputSection(place, 1, "output", tile))[index % WIDE_TILE]!;
  const x = shiftRoundExact(value, BigInt(sigmoidShift));
  const row = absolute(x) >> 10n;
  let sigmoid = one;
  if (row < 1024n) {
    const [entry, difference] = yield* readTable(place, 0, Number(row), 0);
    sigmoid = entry! + shiftRoundExact(difference! * (absolute(x) % 1024n), 10n);
  }
  if (x < 0n) sigmoid = one - sigmoid;
  const silu = shiftRoundExact(value * sigmoid, BigInt(SIGMOID_FRACTION));
  return saturate(shiftRoundExact(silu * factor, BigInt(productShift)));
}

export function* add(place: Place): Reading<bigint> {
  const tile = Math.floor(place.index / WIDE_TILE);
  const left = yield* inputSection(place, 0, "output", tile);
  const right = yield* inputSection(place, 1, "output", tile);
  const offset = place.index % WIDE_TILE;
  return saturate(left[offset]! + right[offset]!);
}

/** Smallest e >= 0 with shiftRound(maximum, e) <= 32,639. */
function narrowExponent(maximum: bigint): bigint {
  let exponent = 0n;
  while (shiftRoundExact(maximum, exponent) > NARROW_MAXIMUM) exponent++;
  return exponent;
}

function largestMagnitude(values: readonly bigint[]): bigint {
  return values.reduce((largest, value) => larger(largest, absolute(value)), 0n);
}

function sumOfSquares(values: readonly bigint[], exponent: bigint): bigint {
  return sum(values.map((value) => shiftRoundExact(value, exponent) ** 2n));
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((left, right) => left + right, 0n);
}

function dot(weights: Int8Array, values: readonly bigint[]): bigint {
  return sum(values.map((value, index) => value * BigInt(weights[index]!)));
}
