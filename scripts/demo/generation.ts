import type { GenerationOptions } from "@athanor/sdk";
import type { Command } from "commander";
import { decimalNumber, positiveInteger } from "../lib/arguments.ts";

/** The flags that say how tokens are chosen and where the answer ends. */
export interface GenerationFlags {
  readonly maxTokens: number;
  readonly minTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly stop?: readonly string[];
  /** Of the sampling, and of the place that a liar changes. */
  readonly seed: number;
}

export function addGenerationFlags(program: Command): Command {
  return program
    .option("--max-tokens <number>", "largest number of tokens to generate", positiveInteger, 128)
    .option("--min-tokens <number>", "least number of tokens to generate", positiveInteger)
    .option(
      "--temperature <number>",
      "0 for the most likely token, more for variety (default: 0)",
      decimalNumber,
    )
    .option("--top-k <number>", "draw among so many of the most likely tokens", positiveInteger)
    .option(
      "--top-p <number>",
      "draw among the most likely tokens of this probability together",
      decimalNumber,
    )
    .option("--repetition-penalty <number>", "above 1: avoid tokens that were used before", decimalNumber)
    .option("--stop <text...>", "end the answer before this text; may be given several times")
    .option("--seed <number>", "of the sampling, and of the place that a liar changes", positiveInteger, 1);
}

/** What the SDK is asked for. */
export function generationOptions(flags: GenerationFlags): GenerationOptions {
  const { maxTokens, minTokens, temperature, topK, topP, repetitionPenalty, stop, seed } = flags;
  return {
    ...{ maxTokens, minTokens, temperature, topK, topP, repetitionPenalty, stop },
    seed: BigInt(seed),
  };
}
