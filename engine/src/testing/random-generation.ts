import type { GenerationParameters } from "../commitments/generation.ts";

/**
 * Valid parameters of a request: greedy or sampled, each cut-off, penalty, minimum and stop sequence there or not.
 *
 * @param random numbers in [0, 1)
 */
export function randomGeneration(
  random: () => number,
  vocabulary: number,
  maxTokens: number,
): GenerationParameters {
  const below = (limit: number) => Math.floor(random() * limit);
  const zeroOr = (value: number) => (random() < 0.5 ? 0 : value);
  const sequence = () => Array.from({ length: 1 + below(3) }, () => below(vocabulary));
  return {
    maxTokens,
    minTokens: zeroOr(below(maxTokens + 1)),
    temperature: zeroOr(50 + below(3000)),
    topK: zeroOr(1 + below(vocabulary)),
    topP: zeroOr(1 + below(10_000)),
    repetitionPenalty: zeroOr(100 + below(3000)),
    stopSequences: Array.from({ length: zeroOr(below(9)) }, sequence),
    seed: BigInt(below(2 ** 32)) * BigInt(below(2 ** 32)),
  };
}
