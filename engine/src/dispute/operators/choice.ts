import { larger, saturate, shiftRoundExact } from "../../arithmetic/exact.ts";
import { MOST_SEQUENCE_TOKENS, MOST_STOP_SEQUENCES } from "../../commitments/generation.ts";
import { RECENT_TOKENS } from "../../operators/recent.ts";
import { randomAt, samplingConstants } from "../../operators/sampling.ts";
import { TOKENS_PER_WORD } from "../../operators/seen.ts";
import {
  generatedAt,
  inputSection,
  lastElement,
  ownSection,
  ownTiles,
  readTable,
  readTile,
  tokenAt,
  type Place,
} from "../place.ts";
import { refuseWitness, type Reading } from "../read.ts";
import { interpolatedPower } from "./attention.ts";
import { sum, WIDE_TILE } from "./vectors.ts";

/* Steps of the operators that choose tokens and end the output, as in vectors.ts. */

const SMALLEST = -2147483648n;
const TILE_WORDS = 1024;

export function* seen(place: Place): Reading<bigint> {
  const { position, operatorIndex, index, first } = place;
  const tile = Math.floor(first / TILE_WORDS);
  const before =
    position === 0
      ? 0n
      : (yield* readTile(place, operatorIndex, "output", tile, position - 1))[index - first]!;
  const token = yield* tokenAt(place);
  if (Math.floor(token / TOKENS_PER_WORD) !== index) return before;
  return BigInt.asIntN(32, before | (1n << BigInt(token % TOKENS_PER_WORD)));
}

export function* recent(place: Place): Reading<bigint> {
  const { position, operatorIndex, index } = place;
  if (index === RECENT_TOKENS - 1) return BigInt(yield* tokenAt(place));
  if (position === 0) return -1n;
  return (yield* readTile(place, operatorIndex, "output", 0, position - 1))[index + 1]!;
}

export function* sample(place: Place): Reading<bigint> {
  const { section, index } = place;
  const bit = Number(/\d+$/.exec(section.name)?.[0]);
  switch (section.name.replace(/\d+$/, "")) {
    case "winners": {
      const chunk = Math.floor(index / 2);
      const adjusted = yield* adjustedChunk(place, chunk);
      const best = indexOfLargest(adjusted);
      return index % 2 === 0 ? BigInt(chunk * WIDE_TILE + best) : adjusted[best]!;
    }
    case "best": {
      const winners = yield* ownTiles(place, "winners");
      const adjusted = winners.filter((_, at) => at % 2 === 1);
      return winners[2 * indexOfLargest(adjusted) + index]!;
    }
    case "weights":
      return yield* weight(place);
    case "masses":
      return sum(yield* ownSection(place, "weights", index));
    case "target": {
      const share = BigInt(samplingConstants(place).share);
      return (sum(yield* ownTiles(place, "masses")) * share + 0xffffn) >> 16n;
    }
    case "counted": {
      const weights = yield* ownSection(place, "weights", Math.floor(index / 2));
      const candidate = (yield* thresholdAfter(place, bit + 1)) + (1n << BigInt(bit));
      const counted = weights.filter((value) => value >= candidate);
      return index % 2 === 0 ? BigInt(counted.length) : sum(counted);
    }
    case "threshold": {
      const counted = yield* ownTiles(place, `counted${bit}`);
      const [target] = yield* ownSection(place, "target", 0);
      const threshold = yield* thresholdAfter(place, bit + 1);
      const topK = BigInt(samplingConstants(place).topK);
      const [count, mass] = [0, 1].map((part) => sum(counted.filter((_, at) => at % 2 === part)));
      const isEnough = (topK > 0n && count! >= topK) || mass! >= target!;
      return isEnough ? threshold + (1n << BigInt(bit)) : threshold;
    }
    case "kept": {
      const weights = yield* ownSection(place, "weights", index);
      return sum(kept(weights, yield* thresholdAfter(place, 0)));
    }
    case "draw": {
      const masses = yield* ownTiles(place, "kept");
      const random = BigInt(randomAt(place.seed ?? 0n, place.position));
      return drawn(masses, (random * sum(masses)) >> 32n)[index]!;
    }
    default:
      return yield* output(place);
  }
}

/** Logits of a chunk after the repetition penalty, without stop tokens before the minimum. */
function* adjustedChunk(place: Place, chunk: number): Reading<bigint[]> {
  const { operator, minTokens = 0 } = place;
  const { shrink, grow } = samplingConstants(place);
  const logits = yield* inputSection(place, 0, "output", chunk);
  const firstWord = (chunk * WIDE_TILE) / TOKENS_PER_WORD;
  const words = yield* inputSection(place, 1, "output", Math.floor(firstWord / TILE_WORDS));
  const isListed = operator.tensors.length > 1 && generatedAt(place) < minTokens;
  const excluded = isListed ? yield* readTable(place, 1, 0, 0) : [];
  return logits.map((logit, at) => {
    if (excluded.includes(BigInt(chunk * WIDE_TILE + at))) return SMALLEST;
    const word = words[(firstWord % TILE_WORDS) + Math.floor(at / TOKENS_PER_WORD)]!;
    if (((word >> BigInt(at % TOKENS_PER_WORD)) & 1n) === 0n) return logit;
    return saturate(shiftRoundExact(logit * BigInt(logit > 0n ? shrink : grow), 16n));
  });
}

function* weight(place: Place): Reading<bigint> {
  const chunk = Math.floor(place.index / WIDE_TILE);
  const adjusted = (yield* adjustedChunk(place, chunk))[place.index % WIDE_TILE]!;
  const [, best] = yield* ownSection(place, "best", 0);
  const x = (larger(0n, best! - adjusted) * BigInt(samplingConstants(place).scale)) >> 16n;
  return shiftRoundExact((yield* interpolatedPower(place, x)) << 6n, x >> 16n);
}

/** The threshold once its bits from `bit` on are found. */
function* thresholdAfter(place: Place, bit: number): Reading<bigint> {
  return bit > 28 ? 0n : (yield* ownSection(place, `threshold${bit}`, 0))[0]!;
}

function* output(place: Place): Reading<bigint> {
  if ((place.temperature ?? 0) === 0) return (yield* ownSection(place, "best", 0))[0]!;
  const [chunk, rest] = (yield* ownSection(place, "draw", 0)) as [bigint, bigint];
  const { tilesPerGroup } = place.layout.operators[place.operatorIndex]!.sections.find(
    ({ name }) => name === "weights",
  )!;
  if (chunk < 0n || chunk >= BigInt(tilesPerGroup)) {
    refuseWitness(`shows a draw from chunk ${chunk} of ${tilesPerGroup}`, { chunk });
  }
  const weights = yield* ownSection(place, "weights", Number(chunk));
  const [token] = drawn(kept(weights, yield* thresholdAfter(place, 0)), rest);
  return chunk * BigInt(WIDE_TILE) + token;
}

function kept(weights: readonly bigint[], threshold: bigint): bigint[] {
  return weights.map((value) => (value >= threshold ? value : 0n));
}

/** Index of the first mass with which the sum exceeds `rest`, the last one if there is none, and what is left of `rest` before it. */
function drawn(masses: readonly bigint[], rest: bigint): [bigint, bigint] {
  let [index, left] = [0, rest];
  while (index < masses.length - 1 && left >= masses[index]!) left -= masses[index++]!;
  return [BigInt(index), left];
}

export function* stop(place: Place): Reading<bigint> {
  const { program, operator, position, maxTokens, minTokens = 0, startOffset = 0 } = place;
  const token = yield* lastElement(program, operator.inputs[0]!, position);
  if (token === undefined) refuseWitness("opens PAD where a token is read", { position });
  const before = yield* inputSection(place, 1, "output", 0);
  const isListed = operator.tensors.length > 0 && (yield* readTable(place, 0, 0, 0)).includes(token);
  const sequences = stopSequences((yield { from: "stops" })!);
  const generated = generatedAt(place);
  const text = [...before, token];
  const isEnded = sequences.some(
    (sequence) =>
      sequence.length <= generated + startOffset &&
      text.slice(-sequence.length).every((found, at) => found === BigInt(sequence[at]!)),
  );
  return generated >= maxTokens || (generated >= minTokens && (isListed || isEnded)) ? 1n : 0n;
}

/**
 * Total, since a step must be decided whatever was accepted at creation: reading ends after the last sequence that a request may
 * have, at a length that none has, and at a sequence whose bytes are not all there.
 */
function stopSequences(encoded: Uint8Array): number[][] {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const sequences: number[][] = [];
  for (let at = 0; at < encoded.length && sequences.length < MOST_STOP_SEQUENCES;) {
    const [length, first] = [encoded[at]!, at + 1];
    at = first + 4 * length;
    if (length === 0 || length > MOST_SEQUENCE_TOKENS || at > encoded.length) break;
    sequences.push(Array.from({ length }, (_, index) => view.getUint32(first + 4 * index)));
  }
  return sequences;
}

/** Of equal ones the first. */
function indexOfLargest(values: readonly bigint[]): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}
