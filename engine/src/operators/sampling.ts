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
 * The operator `sample` as docs/engine.md, section 5, defines it, every section of its trace included.
 *
 * @param logits [vocabulary] with 16 fraction bits
 * @param seen [ceil(vocabulary / 32)] set of the tokens so far
 * @param table the exponential table, [256][2]
 * @returns the chosen token
 */
export function chooseToken(
  logits: Int32Array,
  seen: Int32Array,
  table: Int32Array,
  numbers: SamplingNumbers,
  observe?: (section: string, values: SectionValues) => void,
): number {
  const adjusted = adjustedLogits(logits, seen, numbers);
  const winners = winnersOf(adjusted);
  const best = winners.subarray(2 * bestOf(winners)).slice(0, 2);
  observe?.("winners", winners);
  observe?.("best", best);
  const token = numbers.greedy
    ? best[0]!
    : drawToken(weightsOf(adjusted, best[1]!, table, numbers.scale), numbers, observe);
  observe?.("output", Int32Array.of(token));
  return token;
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

function drawToken(
  weights: Int32Array,
  { topK, share, random }: SamplingNumbers,
  observe: ((section: string, values: SectionValues) => void) | undefined,
): number {
  const masses = chunkSums(weights, 1);
  // At most 2^48, times at most 2^16.
  const target = ceilShift16(BigInt(sum(masses)) * BigInt(share));
  observe?.("weights", weights);
  observe?.("masses", BigInt64Array.from(masses, BigInt));
  observe?.("target", BigInt64Array.of(target));

  let threshold = 0;
  for (const bit of THRESHOLD_BITS) {
    const candidate = threshold + 2 ** bit;
    const counts = chunkSums(
      weights.map((weight) => (weight >= candidate ? 1 : 0)),
      1,
    );
    const kept = chunkSums(weights, candidate);
    const isEnough = (topK > 0 && sum(counts) >= topK) || BigInt(sum(kept)) >= target;
    if (isEnough) threshold = candidate;
    observe?.(
      `counted${bit}`,
      BigInt64Array.from(counts.flatMap((count, chunk) => [BigInt(count), BigInt(kept[chunk]!)])),
    );
    observe?.(`threshold${bit}`, Int32Array.of(threshold));
  }

  const kept = chunkSums(weights, threshold);
  let rest = Number((BigInt(random) * BigInt(sum(kept))) >> 32n);
  let chunk = 0;
  while (rest >= kept[chunk]!) rest -= kept[chunk++]!;
  observe?.("kept", BigInt64Array.from(kept, BigInt));
  observe?.("draw", BigInt64Array.of(BigInt(chunk), BigInt(rest)));

  let token = chunk * LOGIT_CHUNK;
  for (; ; token++) {
    const weight = weights[token]! >= threshold ? weights[token]! : 0;
    if (rest < weight) return token;
    rest -= weight;
  }
}

/** Sums over chunks of the weights that are at least `threshold`; each below 2^39. */
function chunkSums(weights: Int32Array, threshold: number): number[] {
  const sums = new Array<number>(Math.ceil(weights.length / LOGIT_CHUNK)).fill(0);
  for (let token = 0; token < weights.length; token++) {
    if (weights[token]! >= threshold) sums[Math.floor(token / LOGIT_CHUNK)]! += weights[token]!;
  }
  return sums;
}

function sum(values: readonly number[]): number {
  return values.reduce((left, right) => left + right, 0);
}

function ceilShift16(value: bigint): bigint {
  return (value + 0xffffn) >> 16n;
}
