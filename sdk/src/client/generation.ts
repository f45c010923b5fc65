import type { GenerationParameters } from "@athanor/engine/commitments";
import { athanorError, type AthanorError } from "../errors/athanor-error.ts";
import type { Tokenizer } from "../models/tokenizer.ts";
import type { Generation } from "../protocol/job.ts";
import { invalid, show, validateAmount, validateWhole } from "./arguments.ts";
import type { GenerationOptions } from "./types.ts";

const LARGEST_COUNT = 2 ** 32 - 1;
const MOST_STOPS = 8;
const MOST_STOP_TOKENS = 16;

/** Numbers with a point, what they are committed in, and what is the same as leaving them out. */
const FRACTIONS = {
  temperature: { unit: 1_000, least: 50, most: 65_535, nothing: 0, range: "0, or from 0.05 to 65.535" },
  topP: { unit: 10_000, least: 1, most: 10_000, nothing: 1, range: "from 0.0001 to 1" },
  repetitionPenalty: { unit: 1_000, least: 100, most: 10_000, nothing: 1, range: "from 0.1 to 10" },
} as const;

/** Refuses options that no model could take. @throws AthanorError `InvalidArgument`, `NoTokensRequested` */
export function validateGenerationOptions(options: GenerationOptions): void {
  const { maxTokens, minTokens = 0, topK = 0, seed } = options;
  validateWhole("maxTokens", maxTokens, 0, LARGEST_COUNT);
  if (maxTokens === 0) throw athanorError("NoTokensRequested", {});
  validateWhole("minTokens", minTokens, 0, maxTokens);
  validateWhole("topK", topK, 0, LARGEST_COUNT);
  for (const name of Object.keys(FRACTIONS) as (keyof typeof FRACTIONS)[]) integerOf(name, options[name]);
  if (seed !== undefined) validateAmount("seed", seed, 64n);
  validateStops(options.stop);
}

/**
 * What a request commits to: the options in integers, exactly. Tokenises stop strings, and draws a seed where one is needed.
 *
 * @param tokenizer asked for only if there are stop strings
 * @throws AthanorError `InvalidArgument`, and what `tokenizer` throws
 */
export async function generationOf(
  options: GenerationOptions,
  tokenizer: () => Promise<Tokenizer>,
): Promise<Generation> {
  const { maxTokens, minTokens = 0, topK = 0, stop = [] } = options;
  const temperature = integerOf("temperature", options.temperature);
  const stopSequences: (readonly number[])[] = [];
  for (const [index, sequence] of stop.entries()) {
    if (typeof sequence !== "string") stopSequences.push(sequence);
    else stopSequences.push(tokensOfStop(`stop[${index}]`, sequence, await tokenizer()));
  }
  return {
    maxTokens,
    minTokens,
    temperature,
    topK,
    topP: integerOf("topP", options.topP),
    repetitionPenalty: integerOf("repetitionPenalty", options.repetitionPenalty),
    stopSequences,
    seed: options.seed ?? (temperature > 0 ? randomSeed() : 0n),
  };
}

/**
 * The text of an answer, which ends before the stop sequence that ended it, or that its text contains at another boundary of
 * tokens. Within the minimum nothing is cut.
 */
export function textOf(
  tokenizer: Tokenizer,
  tokens: readonly number[],
  { minTokens = 0, stopSequences = [] }: GenerationParameters,
): string {
  const ending = stopSequences.find((sequence) => endsWith(tokens, sequence));
  let text = tokenizer.decode(ending ? tokens.slice(0, -ending.length) : tokens);
  const certain = tokenizer.decode(tokens.slice(0, Math.max(0, minTokens - 1))).length;
  for (const sequence of stopSequences) {
    const stop = tokenizer.decode(sequence);
    // Parts of characters have no text of their own.
    if (stop === "" || stop.includes("\ufffd")) continue;
    const at = text.indexOf(stop, Math.max(0, certain - stop.length + 1));
    if (at >= 0) text = text.slice(0, at);
  }
  return text;
}

function endsWith(tokens: readonly number[], sequence: readonly number[]): boolean {
  const start = tokens.length - sequence.length;
  return start >= 0 && sequence.every((token, index) => token === tokens[start + index]);
}

/** In thousandths or ten-thousandths. No rounding: what is committed to is what was asked for. */
function integerOf(name: keyof typeof FRACTIONS, value: unknown): number {
  const { unit, least, most, nothing, range } = FRACTIONS[name];
  if (value === undefined || value === nothing) return 0;
  const scaled = typeof value === "number" ? Math.round(value * unit) : NaN;
  if (!(scaled >= least && scaled <= most) || scaled / unit !== value) {
    const digits = String(unit).length - 1;
    throw invalid(name, show(value), `a number ${range}, with at most ${digits} digits behind the point`);
  }
  return scaled;
}

function validateStops(stop: unknown): void {
  if (stop === undefined) return;
  if (!Array.isArray(stop)) throw invalid("stop", show(stop), "a list of texts and lists of token ids");
  if (stop.length > MOST_STOPS) throw invalid("stop", `a list of ${stop.length}`, `at most ${MOST_STOPS}`);
  stop.forEach((sequence: unknown, index) => {
    const name = `stop[${index}]`;
    if (typeof sequence === "string" && sequence !== "") return;
    if (!Array.isArray(sequence)) {
      throw invalid(name, show(sequence), "a text of at least one character, or a list of token ids");
    }
    if (sequence.length === 0 || sequence.length > MOST_STOP_TOKENS) throw wrongLength(name, sequence.length);
    sequence.forEach((token, at) => validateWhole(`${name}[${at}]`, token, 0, LARGEST_COUNT));
  });
}

/** Without the tokens that stand for no text, which tokenizers put around one. */
function tokensOfStop(name: string, text: string, tokenizer: Tokenizer): number[] {
  let tokens: number[];
  try {
    tokens = tokenizer.encode(text);
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    throw athanorError("TextNotEncodable", { details }, { cause: error });
  }
  const isText = (token: number) => tokenizer.decode([token]) !== "";
  const sequence = tokens.slice(tokens.findIndex(isText), tokens.findLastIndex(isText) + 1);
  if (sequence.length === 0 || sequence.length > MOST_STOP_TOKENS) throw wrongLength(name, sequence.length);
  return sequence;
}

function wrongLength(name: string, length: number): AthanorError {
  return invalid(name, `${length} tokens long`, `from 1 to ${MOST_STOP_TOKENS}`);
}

function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!;
}
