import type { GenerationOptions } from "@athanor/sdk";
import { readFileSync } from "node:fs";
import { WorkerError } from "../../errors.ts";
import { cut } from "./cut.ts";
import type { DerivedRandom } from "./derived-random.ts";
import { composedText } from "./phrases.ts";

/** Where the texts of requests come from. The same random numbers give the same text. */
export interface PromptSource {
  /** @param bytes of UTF-8 that the text has at most, and about */
  text(random: DerivedRandom, bytes: number): string;
}

/** Text with how it is to be continued: all of a request but who is asked. */
export interface Question extends GenerationOptions {
  readonly prompt: string;
}

/** What a request may be. */
export interface QuestionLimits {
  /** Positions of the model: prompt and answer fit them together. */
  readonly contextLength: number;
  /** What a prompt of so many bytes and an answer of so many tokens cost at most, token units. */
  readonly costOf: (bytes: number, maxTokens: number) => bigint;
  /** Token units. */
  readonly mostCost: bigint;
}

/** In a token are at least as many bytes as one, but for marks of the beginning. */
export const promptTokensAtMost = (bytes: number): number => bytes + 4;

const LENGTHS = { prompt: [24, 1_600], answer: [16, 256] } as const;
const LEAST = { prompt: 8, answer: 2 } as const;

/** What clients set: mostly nothing, or one of the values that documentation of models names. */
const samplings: readonly Omit<GenerationOptions, "maxTokens">[] = [
  {},
  {},
  { temperature: 0.2 },
  { temperature: 0.6, topP: 0.95 },
  { temperature: 0.7 },
  { temperature: 0.7, topP: 0.9 },
  { temperature: 0.8 },
  { temperature: 0.8, topK: 40 },
  { temperature: 1 },
  { temperature: 1, repetitionPenalty: 1.1 },
];

/**
 * A question of a length by chance, as clients ask them, and one that costs no more than it may: it is made shorter for that.
 *
 * @returns undefined when even the shortest costs more
 */
export function questionOf(
  random: DerivedRandom,
  source: PromptSource,
  { contextLength, costOf, mostCost }: QuestionLimits,
): Question | undefined {
  const half = Math.floor(contextLength / 2);
  let maxTokens = Math.max(1, Math.min(random.logarithmic(...LENGTHS.answer), half));
  let bytes = Math.min(
    random.logarithmic(...LENGTHS.prompt),
    contextLength - maxTokens - promptTokensAtMost(0),
  );
  bytes = Math.max(1, bytes);
  while (costOf(bytes, maxTokens) > mostCost) {
    if (bytes <= LEAST.prompt && maxTokens <= LEAST.answer) return undefined;
    bytes = Math.max(Math.min(LEAST.prompt, bytes), Math.floor(bytes * 0.8));
    maxTokens = Math.max(Math.min(LEAST.answer, maxTokens), Math.floor(maxTokens * 0.8));
  }
  const sampling = random.pick(samplings);
  const seed = random.bits64();
  // Of very few bytes, nothing may be left but parts of characters.
  const prompt = source.text(random, bytes) || "A";
  return { prompt, maxTokens, ...sampling, ...(sampling.temperature !== undefined && { seed }) };
}

/** Texts composed by rules that come with this program: for operators who have given none of their own. */
export const composedPrompts: PromptSource = { text: composedText };

/** Passages of texts that only the operator has: from somewhere in one of them, from the beginning of a word to the end of one. */
export function passagesOf(texts: readonly string[]): PromptSource {
  const all = texts.map((text) => text.trim()).filter((text) => text !== "");
  if (all.length === 0) throw new RangeError("there is no text to take passages from");
  return {
    text(random, bytes) {
      // A long text is taken from as often as its length says.
      let at = random.whole(0, all.reduce((sum, { length }) => sum + length, 0) - 1);
      const text = all.find(({ length }) => (at -= length) < 0)!;
      const start = wordFrom(text, at + text.length);
      return cut(text.slice(start, start + bytes), bytes);
    },
  };
}

/**
 * Reads an operator's texts: plain text, UTF-8.
 *
 * @throws WorkerError CONFIG_INVALID when one cannot be read, or all are empty
 */
export function readPrompts(files: readonly string[]): PromptSource {
  try {
    return passagesOf(files.map((file) => readFileSync(file, "utf8")));
  } catch (cause) {
    throw new WorkerError(
      "CONFIG_INVALID",
      `The texts for prompts cannot be used: ${(cause as Error).message}.`,
      {
        remedy: "Name readable files of plain text, or none: then prompts are composed.",
        details: { files },
        cause,
      },
    );
  }
}

/** The beginning of the word at or before this character. */
function wordFrom(text: string, at: number): number {
  const space = text.lastIndexOf(" ", Math.min(at, text.length - 1));
  return space < 0 ? 0 : space + 1;
}
