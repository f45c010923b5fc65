import { saturate32, shiftRound } from "../arithmetic/round.ts";
import { unsigned } from "../commitments/big-endian.ts";
import type { GenerationParameters } from "../commitments/generation.ts";
import { HASH_TAG, taggedHash } from "../commitments/hash.ts";
import type { SectionValues } from "./definition.ts";
import { TOKENS_PER_WORD } from "./seen.ts";
import { interpolatedPower } from "./softmax.ts";

/** Tokens in a chunk of the distribution. */
export const LOGIT_CHUNK = 1024;
/** Bits of a weight, the highest one first: weights are in [0, 2^28]. */
export const THRESHOLD_BITS = Array.from({ length: 29 }, (_, index) => 28 - index);

const LEAST_TEMPERATURE = 50;
/** round(2^16 · log2(e)) thousandths: what a natural logit is in base 2, at a temperature of 1. */
const LOG2_E_THOUSANDTHS = 94_548_000;

/** What all choices of a request have in common: the parameters as integers to compute with. Total over all parameters. */
export interface SamplingConstants {
  /** Whether the temperature is 0. */
  readonly greedy: boolean;
  /** 2^16 · log2(e) / temperature; below 2^21. */
  readonly scale: number;
  /** Factors of seen tokens' logits above 0, and of the others, with 16 fraction bits; below 2^20. */
  readonly shrink: number;
  readonly grow: number;
  /** Largest number of tokens that are kept; 0 for all. */
  readonly topK: number;
  /** Part of the whole mass that is kept, with 16 fraction bits, at most 2^16. */
  readonly share: number;
}

/** What one choice depends on, beside logits and seen tokens. */
export interface SamplingNumbers extends SamplingConstants {
  /** Tokens that may not be chosen yet. */
  readonly excluded: Int32Array;
  /** In [0, 2^32): which token is drawn. */
  readonly random: number;
}

export function samplingConstants(parameters: GenerationParameters): SamplingConstants {
  const { temperature = 0, topK = 0, topP = 0, repetitionPenalty = 0 } = parameters;
  const penalty = repetitionPenalty === 0 ? 1000 : Math.min(10_000, Math.max(100, repetitionPenalty));
  return {
    greedy: temperature === 0,
    scale: Math.floor(LOG2_E_THOUSANDTHS / Math.max(temperature, LEAST_TEMPERATURE)),
    shrink: Math.floor((1000 * 2 ** 16) / penalty),
    grow: Math.floor((penalty * 2 ** 16) / 1000),
    topK,
    share: topP === 0 ? 2 ** 16 : Math.floor((Math.min(topP, 10_000) * 2 ** 16) / 10_000),
  };
}

/**
 * @param stopTokens the model's
 * @param generated number of the token within the output of the request, from 1 on
 */
export function samplingNumbers(
  parameters: GenerationParameters,
  stopTokens: Int32Array,
  position: number,
  generated: number,
): SamplingNumbers {
  const { minTokens = 0, seed = 0n } = parameters;
  const constants = samplingConstants(parameters);
  return {
    ...constants,
    excluded: generated < minTokens ? stopTokens : new Int32Array(),
    random: constants.greedy ? 0 : randomAt(seed, position),
  };
}

/** The first four bytes of keccak(0x08 ‖ uint64 seed ‖ uint32 position): the same in an answer and in its continuation. */
export function randomAt(seed: bigint, position: number): number {
  const hash = taggedHash(HASH_TAG.draw, unsigned(seed, 8, "seed"), unsigned(position, 4, "position"));
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}

/**
 * The operator `sample` as docs/engine.md, section 5, defines it. Everything is computed from the arrays that are shown.
 *
 * @param logits [vocabulary] with 16 fraction bits
 * @param seen [ceil(vocabulary / 32)] set of the tokens so far
 * @param table the exponential table, [256][2]
 * @param observe receives each section of the trace as it arises
 * @returns the chosen token
 */
export function chooseToken(
  logits: Int32Array,
  seen: Int32Array,
  table: Int32Array,
  numbers: SamplingNumbers,
  observe?: (section: string, values: SectionValues) => void,
): Int32Array {
  const show = <Values extends SectionValues>(section: string, values: Values): Values => {
    observe?.(section, values);
    return values;
  };
  const adjusted = adjustedLogits(logits, seen, numbers);
  const winners = show("winners", winnersOf(adjusted));
  const best = show("best", winners.slice(2 * bestOf(winners)).subarray(0, 2));
  if (numbers.greedy) return show("output", best.slice(0, 1));

  const weights = show("weights", weightsOf(adjusted, best[1]!, table, numbers.scale));
  const masses = show("masses", chunkMasses(weights, 0));
  const target = show("target", BigInt64Array.of((sum(masses) * BigInt(numbers.share) + 0xffffn) >> 16n));
  let threshold = Int32Array.of(0);
  for (const bit of THRESHOLD_BITS) {
    const candidate = threshold[0]! + 2 ** bit;
    const counted = show(`counted${bit}`, countedAtLeast(weights, candidate));
    const isEnough =
      (numbers.topK > 0 && sum(counted, 0, 2) >= BigInt(numbers.topK)) || sum(counted, 1, 2) >= target[0]!;
    threshold = show(`threshold${bit}`, Int32Array.of(isEnough ? candidate : threshold[0]!));
  }
  const kept = show("kept", chunkMasses(weights, threshold[0]!));
  const draw = show("draw", BigInt64Array.of(...drawn(kept, (BigInt(numbers.random) * sum(kept)) >> 32n)));
  return show("output", Int32Array.of(tokenAt(weights, threshold[0]!, draw)));
}

function adjustedLogits(
  logits: Int32Array,
  seen: Int32Array,
  { shrink, grow, excluded }: SamplingNumbers,
): Int32Array {
  const adjusted = logits.map((logit, token) => {
    const isSeen = (seen[Math.floor(token / TOKENS_PER_WORD)]! >>> (token % TOKENS_PER_WORD)) & 1;
    // |logit · factor| < 2^51.
    return isSeen ? saturate32(shiftRound(logit * (logit > 0 ? shrink : grow), 16)) : logit;
  });
  for (const token of excluded) adjusted[token] = -2147483648;
  return adjusted;
}

/** Pairs (token, adjusted logit) of each chunk's largest; of equal ones the lowest token. */
function winnersOf(adjusted: Int32Array): Int32Array {
  const chunks = Math.ceil(adjusted.length / LOGIT_CHUNK);
  const winners = new Int32Array(2 * chunks);
  for (let chunk = 0; chunk < chunks; chunk++) {
    let best = chunk * LOGIT_CHUNK;
    const end = Math.min(adjusted.length, best + LOGIT_CHUNK);
    for (let token = best; token < end; token++) if (adjusted[token]! > adjusted[best]!) best = token;
    winners.set([best, adjusted[best]!], 2 * chunk);
  }
  return winners;
}

/** Index of the pair with the largest logit, of equal ones the first. */
function bestOf(winners: Int32Array): number {
  let best = 0;
  for (let pair = 1; 2 * pair < winners.length; pair++) {
    if (winners[2 * pair + 1]! > winners[2 * best + 1]!) best = pair;
  }
  return best;
}

/** 2^(28 - x) of the distance x to the largest logit: in [0, 2^28]. */
function weightsOf(adjusted: Int32Array, largest: number, table: Int32Array, scale: number): Int32Array {
  return adjusted.map((logit) => {
    // The distance is below 2^32 and the scale below 2^21.
    const x = Math.floor(((largest - logit) * scale) / 2 ** 16);
    return shiftRound(interpolatedPower(x, table) * 2 ** 6, Math.floor(x / 2 ** 16));
  });
}

/** Pairs (count, mass) of each chunk's weights that are at least `threshold`; a mass is at most 2^38, all together 2^48. */
function countedAtLeast(weights: Int32Array, threshold: number): BigInt64Array {
  const pairs = chunksOf(weights).map((chunk) => {
    let [count, mass] = [0, 0];
    for (const weight of chunk) {
      if (weight < threshold) continue;
      count++;
      mass += weight;
    }
    return [BigInt(count), BigInt(mass)];
  });
  return BigInt64Array.from(pairs.flat());
}

/** Sums over chunks of the weights that are at least `threshold`. */
function chunkMasses(weights: Int32Array, threshold: number): BigInt64Array {
  return countedAtLeast(weights, threshold).filter((_, at) => at % 2 === 1);
}

function chunksOf(weights: Int32Array): Int32Array[] {
  return Array.from({ length: Math.ceil(weights.length / LOGIT_CHUNK) }, (_, chunk) =>
    weights.subarray(chunk * LOGIT_CHUNK, (chunk + 1) * LOGIT_CHUNK),
  );
}

/** Index of the first mass with which the sum exceeds `rest`, the last one if there is none, and what is left of `rest` before it. */
function drawn(masses: BigInt64Array, rest: bigint): [bigint, bigint] {
  let index = 0;
  while (index < masses.length - 1 && rest >= masses[index]!) rest -= masses[index++]!;
  return [BigInt(index), rest];
}

function tokenAt(weights: Int32Array, threshold: number, draw: BigInt64Array): number {
  const chunk = Number(draw[0]);
  const kept = BigInt64Array.from(chunksOf(weights)[chunk]!, (weight) =>
    BigInt(weight >= threshold ? weight : 0),
  );
  return chunk * LOGIT_CHUNK + Number(drawn(kept, draw[1]!)[0]);
}

/** Of every `step`-th element from `first` on. */
function sum(values: BigInt64Array, first = 0, step = 1): bigint {
  let total = 0n;
  for (let index = first; index < values.length; index += step) total += values[index]!;
  return total;
}
