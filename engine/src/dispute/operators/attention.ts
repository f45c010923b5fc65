import {
  bitLengthExact,
  larger,
  saturate,
  saturateNarrowExact,
  shiftRoundExact,
} from "../../arithmetic/exact.ts";
import { MIX_FRACTION } from "../../operators/mix.ts";
import { PAGE } from "../../operators/page.ts";
import { POSITION_CHUNK } from "../../operators/scores.ts";
import { ROTARY_FRACTION } from "../../tables/tables.ts";
import { inputSection, ownSection, readTable, readTile, type Place } from "../place.ts";
import type { Reading } from "../read.ts";
import { sum, WIDE_TILE } from "./vectors.ts";

/* Steps of attention's operators, as in vectors.ts. In all of them only elements of positions up to the place's take part. */

export function* rotate(place: Place): Reading<bigint> {
  const { operator, index, position } = place;
  const size = operator.constants[1]!;
  const half = size / 2;
  const pair = index % half;
  const first = Math.floor(index / size) * size + pair;
  const second = first + half;
  const tile = yield* inputSection(place, 0, "output", Math.floor(first / WIDE_TILE));
  const other =
    Math.floor(second / WIDE_TILE) === Math.floor(first / WIDE_TILE)
      ? tile
      : yield* inputSection(place, 0, "output", Math.floor(second / WIDE_TILE));
  const [x1, x2] = [tile[first % WIDE_TILE]!, other[second % WIDE_TILE]!];
  const row = yield* readTable(place, 0, position, 0);
  const [cosine, sine] = [row[pair]!, row[half + pair]!];
  const rotated = index % size < half ? x1 * cosine - x2 * sine : x2 * cosine + x1 * sine;
  return saturate(shiftRoundExact(rotated, BigInt(ROTARY_FRACTION)));
}

export function* page(place: Place): Reading<bigint> {
  const { operatorIndex, group: channel, index: column, position } = place;
  const current = position % PAGE;
  if (column > current) return 0n;
  if (column < current) {
    const before = yield* readTile(place, operatorIndex, "output", channel, position - 1);
    return before[column]!;
  }
  const values = yield* inputSection(place, 0, "output", Math.floor(channel / WIDE_TILE));
  return saturateNarrowExact(values[channel % WIDE_TILE]!);
}

export function* scores(place: Place): Reading<bigint> {
  const { operator, group: head, index: earlier } = place;
  const [heads, keyHeads, , multiplier, shift] = operator.constants as [
    number,
    number,
    number,
    number,
    number,
  ];
  const keyHead = Math.floor((head * keyHeads) / heads);
  const query = yield* inputSection(place, 0, "output", head);
  const [queryExponent] = yield* inputSection(place, 0, "exponents", head);
  const key = yield* inputSection(place, 1, "output", keyHead, earlier);
  const [keyExponent] = yield* inputSection(place, 1, "exponents", keyHead, earlier);
  const dot = sum(query.map((value, index) => value * key[index]!));
  return saturate(shiftRoundExact(dot * BigInt(multiplier), BigInt(shift) - queryExponent! - keyExponent!));
}

export function* softmax(place: Place): Reading<bigint> {
  const { section, group: head, index, position } = place;
  if (section.name === "maxima") {
    return largest((yield* chunkOfHead(place, index)).slice(0, filled(position, index)));
  }
  if (section.name === "maximum") {
    const maxima = yield* ownSection(place, "maxima", head);
    return largest(maxima.slice(0, chunksUpTo(position)));
  }
  const score = (yield* chunkOfHead(place, Math.floor(index / POSITION_CHUNK)))[index % POSITION_CHUNK]!;
  const [maximum] = yield* ownSection(place, "maximum", head);
  const x = maximum! - score;
  return shiftRoundExact(yield* interpolatedPower(place, x), x >> 16n);
}

/** 2^-(x mod 1) with 22 fraction bits, for x with 16 fraction bits, by the place's exponential table. */
export function* interpolatedPower(place: Place, x: bigint): Reading<bigint> {
  const [entry, difference] = yield* readTable(place, 0, Number((x >> 8n) & 255n), 0);
  return entry! + shiftRoundExact(difference! * (x & 255n), 8n);
}

export function* mix(place: Place): Reading<bigint> {
  const { operator, section, group, index, position } = place;
  const [heads, valueHeads, size] = operator.constants as [number, number, number];
  switch (section.name) {
    case "partialWeights":
      return sum((yield* chunkOfHead(place, index)).slice(0, filled(position, index)));
    case "totalWeight": {
      const partials = yield* ownSection(place, "partialWeights", group);
      return sum(partials.slice(0, chunksUpTo(position)));
    }
    case "partials": {
      const head = Math.floor(group / size);
      const channel = Math.floor((head * valueHeads) / heads) * size + (group % size);
      const weights = yield* chunkOfHead(place, index, head);
      const start = index * POSITION_CHUNK;
      const end = start + filled(position, index);
      let total = 0n;
      for (let first = start; first < end; first += PAGE) {
        const values = yield* inputSection(place, 1, "output", channel, Math.min(first + PAGE - 1, position));
        for (let at = first; at < Math.min(first + PAGE, end); at++) {
          total += weights[at - start]! * values[at - first]!;
        }
      }
      return total;
    }
    default: {
      const partials = yield* ownSection(place, "partials", index);
      const [totalWeight] = yield* ownSection(place, "totalWeight", Math.floor(index / size));
      const divisor = larger(1n, totalWeight!);
      const spare = bitLengthExact(divisor) - 16n;
      const mantissa = spare >= 0n ? divisor >> spare : divisor << -spare;
      const products = sum(partials.slice(0, chunksUpTo(position)));
      const quotient = shiftRoundExact(products, spare) * ((1n << 31n) / mantissa);
      return saturate(shiftRoundExact(quotient, BigInt(31 - MIX_FRACTION)));
    }
  }
}

/** Scores or weights of 256 positions: input 0, tile `chunk` of a head. */
function chunkOfHead(place: Place, chunk: number, head = place.group): Reading<bigint[]> {
  const tilesPerHead = Math.ceil(place.program.contextLength / POSITION_CHUNK);
  return inputSection(place, 0, "output", head * tilesPerHead + chunk);
}

/** Number of positions of a chunk that are not after `position`. */
function filled(position: number, chunk: number): number {
  return Math.min(POSITION_CHUNK, position + 1 - chunk * POSITION_CHUNK);
}

function chunksUpTo(position: number): number {
  return Math.floor(position / POSITION_CHUNK) + 1;
}

function largest(values: readonly bigint[]): bigint {
  return values.reduce((left, right) => larger(left, right));
}
