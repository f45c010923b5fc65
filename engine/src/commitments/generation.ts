import { concatBytes } from "@noble/hashes/utils.js";
import { EngineError } from "../errors.ts";
import { unsigned } from "./big-endian.ts";
import { HASH_TAG, taggedHash, toHex, type Hex } from "./hash.ts";

/**
 * How the tokens of an answer are chosen and where it ends: integers, exactly what a request commits to; docs/engine.md,
 * section 2. What is left out is 0 or empty: greedy generation without options.
 */
export interface GenerationParameters {
  /** Largest number of tokens to generate, from 1 on. */
  readonly maxTokens: number;
  /** The output has at least so many tokens, a stop token counted; at most maxTokens. 0: no minimum. */
  readonly minTokens?: number;
  /** Thousandths, from 50 to 65,535. 0: greedy. */
  readonly temperature?: number;
  /** Number of the most likely tokens among which one is chosen (Fan et al. 2018). 0: all. */
  readonly topK?: number;
  /** Ten-thousandths, from 1 to 10,000, of the probability within which is chosen (Holtzman et al. 2020). 0: all of it. */
  readonly topP?: number;
  /** Thousandths, from 100 to 10,000, by which tokens of the text so far become less likely (Keskar et al. 2019). 0: none. */
  readonly repetitionPenalty?: number;
  /** At most 8 sequences of 1 to 16 token ids; the output ends when it ends with one of them. */
  readonly stopSequences?: readonly (readonly number[])[];
  /** Seed of the randomness, below 2^64. Default 0. */
  readonly seed?: bigint;
}

/** The parameters that the generation word holds, in order from its lowest bits, with their bits and ranges; 0 is always allowed. */
const WORD = [
  ["maxTokens", 32, 1, 2 ** 32 - 1],
  ["minTokens", 32, 1, 2 ** 32 - 1],
  ["topK", 32, 1, 2 ** 32 - 1],
  ["temperature", 16, 50, 65_535],
  ["topP", 16, 1, 10_000],
  ["repetitionPenalty", 16, 100, 10_000],
] as const;

/** In the first byte of the word. */
const PRIVATE_BIT = 0x80;

export const MOST_STOP_SEQUENCES = 8;
export const MOST_SEQUENCE_TOKENS = 16;

/**
 * Refuses parameters outside the ranges above, as a new request must not have them.
 *
 * @param vocabularySize ids in stop sequences are below it
 * @throws EngineError `INVALID_ARGUMENT` naming the parameter and its value; `TOKEN_OUT_OF_VOCABULARY` for a stop sequence
 */
export function checkGeneration(parameters: GenerationParameters, vocabularySize: number): void {
  checkComputable(parameters, vocabularySize);
  const { maxTokens, minTokens = 0 } = parameters;
  if (minTokens > maxTokens) refuse("minTokens", minTokens, `at most maxTokens, which is ${maxTokens}`);
}

/**
 * The same, but minTokens may exceed maxTokens, at which the output then ends: so it is when an answer was cut short and the
 * number of its tokens has taken the place of maxTokens.
 *
 * @throws EngineError as `checkGeneration`
 */
export function checkComputable(parameters: GenerationParameters, vocabularySize: number): void {
  const { stopSequences = [], seed = 0n } = parameters;
  for (const [name, , least, most] of WORD) {
    const value = parameters[name] ?? 0;
    const isLeftOut = value === 0 && name !== "maxTokens";
    if (!isLeftOut && !(Number.isSafeInteger(value) && value >= least && value <= most)) {
      refuse(name, value, `a whole number from ${least} to ${most}${name === "maxTokens" ? "" : ", or 0"}`);
    }
  }
  if (typeof seed !== "bigint" || seed < 0n || seed >> 64n !== 0n) {
    refuse("seed", seed, "a bigint below 2^64");
  }
  if (stopSequences.length > MOST_STOP_SEQUENCES) {
    refuse("number of stopSequences", stopSequences.length, `at most ${MOST_STOP_SEQUENCES}`);
  }
  for (const [index, sequence] of stopSequences.entries()) {
    if (sequence.length < 1 || sequence.length > MOST_SEQUENCE_TOKENS) {
      refuse(`length of stopSequences[${index}]`, sequence.length, `from 1 to ${MOST_SEQUENCE_TOKENS}`);
    }
    for (const token of sequence) {
      if (Number.isInteger(token) && token >= 0 && token < vocabularySize) continue;
      throw new EngineError(
        "TOKEN_OUT_OF_VOCABULARY",
        `Token ${token} of stopSequences[${index}] is not in [0, ${vocabularySize}).`,
        {
          remedy: "Encode the stop sequence with this model's tokenizer.",
          details: { token, index, vocabularySize },
        },
      );
    }
  }
}

/**
 * The generation word, 32 bytes: from its lowest bits maxTokens (32) | minTokens (32) | topK (32) | temperature (16) |
 * topP (16) | repetitionPenalty (16); the rest is zero.
 *
 * @throws EngineError `INVALID_ARGUMENT` when a value does not fit into its bits
 */
export function encodeGeneration(parameters: GenerationParameters): Uint8Array {
  const fields = WORD.map(([name, bits]) => unsigned(parameters[name] ?? 0, bits / 8, name)).reverse();
  const used = fields.reduce((sum, { length }) => sum + length, 0);
  return concatBytes(new Uint8Array(32 - used), ...fields);
}

/** The same of a private request: the highest bit is set. */
export function encodePrivateGeneration(parameters: GenerationParameters): Uint8Array {
  const word = encodeGeneration(parameters);
  word[0]! |= PRIVATE_BIT;
  return word;
}

/** Whether a generation word is that of a private request. */
export function isPrivateGeneration(word: Uint8Array): boolean {
  return (word[0]! & PRIVATE_BIT) !== 0;
}

/** What a generation word says. Total: its highest bits are ignored, and values outside their ranges are returned as they are. */
export function decodeGeneration(
  word: Uint8Array,
): Required<Omit<GenerationParameters, "seed" | "stopSequences">> {
  const view = new DataView(word.buffer, word.byteOffset, word.byteLength);
  return {
    maxTokens: view.getUint32(28),
    minTokens: view.getUint32(24),
    topK: view.getUint32(20),
    temperature: view.getUint16(18),
    topP: view.getUint16(16),
    repetitionPenalty: view.getUint16(14),
  };
}

/** For each sequence uint8 length ‖ uint32 each token. @throws EngineError `INVALID_ARGUMENT` when a value does not fit. */
export function encodeStopSequences(sequences: readonly (readonly number[])[]): Uint8Array {
  return concatBytes(
    ...sequences.flatMap((sequence) => [
      unsigned(sequence.length, 1, "length of a stop sequence"),
      ...sequence.map((token) => unsigned(token, 4, "Token of a stop sequence")),
    ]),
  );
}

/**
 * Inverse of `encodeStopSequences`.
 *
 * @throws EngineError `INVALID_ARGUMENT` for more sequences or tokens than allowed, for none in a sequence, and for bytes that
 * end in the middle of one
 */
export function decodeStopSequences(bytes: Uint8Array): number[][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sequences: number[][] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at++]!;
    if (length < 1 || length > MOST_SEQUENCE_TOKENS) {
      refuse(`length of stopSequences[${sequences.length}]`, length, `from 1 to ${MOST_SEQUENCE_TOKENS}`);
    }
    if (at + 4 * length > bytes.length) {
      refuse("length of the stop sequences in bytes", bytes.length, `at least ${at + 4 * length}`);
    }
    const start = at;
    sequences.push(Array.from({ length }, (_, index) => view.getUint32(start + 4 * index)));
    at += 4 * length;
  }
  if (sequences.length > MOST_STOP_SEQUENCES) {
    refuse("number of stopSequences", sequences.length, `at most ${MOST_STOP_SEQUENCES}`);
  }
  return sequences;
}

/** keccak(0x07 ‖ for each sequence uint8 length ‖ uint32 each token). */
export function stopsHash(sequences: readonly (readonly number[])[]): Hex {
  return toHex(stopsHashBytes(encodeStopSequences(sequences)));
}

export function stopsHashBytes(encoded: Uint8Array): Uint8Array {
  return taggedHash(HASH_TAG.stops, encoded);
}

function refuse(what: string, value: unknown, expected: string): never {
  throw new EngineError("INVALID_ARGUMENT", `The ${what} is ${String(value)}, not ${expected}.`, {
    remedy: "Pass a value within the range that docs/engine.md, section 2, gives.",
    details: { what, value },
  });
}
