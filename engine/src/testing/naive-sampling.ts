import type { GenerationParameters } from "../commitments/generation.ts";

/** What one choice depends on, as people think of it. */
export interface NaiveChoice {
  /** [vocabulary], natural logarithms of odds. */
  readonly logits: readonly number[];
  readonly seen: ReadonlySet<number>;
  /** Tokens that may not be chosen. */
  readonly excluded: readonly number[];
  readonly parameters: Pick<GenerationParameters, "temperature" | "topK" | "topP" | "repetitionPenalty">;
}

export interface NaiveDistribution {
  /** [vocabulary], of the tokens that the cut-offs leave; all together 1. */
  readonly probabilities: readonly number[];
  /** How close, as a part of the whole, the cut-offs come to deciding otherwise. */
  readonly margin: number;
}

/**
 * Sampling in float64, by sorting: repetition penalty, softmax, then the k most likely tokens and the fewest that have the
 * probability p together, both of the whole distribution. Written without a look at the integer form.
 */
export function naiveDistribution({ logits, seen, excluded, parameters }: NaiveChoice): NaiveDistribution {
  const { temperature = 0, topK = 0, topP = 0, repetitionPenalty = 0 } = parameters;
  const penalty = repetitionPenalty === 0 ? 1 : repetitionPenalty / 1000;
  const adjusted = logits.map((logit, token) => {
    if (excluded.includes(token)) return -Infinity;
    if (!seen.has(token)) return logit;
    return logit > 0 ? logit / penalty : logit * penalty;
  });
  const largest = Math.max(...adjusted);
  const weights = adjusted.map((logit) => Math.exp((logit - largest) / (temperature / 1000)));
  const mass = weights.reduce((left, right) => left + right, 0);
  const order = weights.map((_, token) => token).sort((a, b) => weights[b]! - weights[a]!);
  const limit = topP === 0 ? 1 : topP / 10_000;
  let margin = Infinity;
  let [count, reached] = [0, 0];
  while (count < order.length) {
    const before = reached;
    reached += weights[order[count]!]! / mass;
    count++;
    if (limit < 1) margin = Math.min(margin, Math.abs(reached - limit));
    if ((topK > 0 && count >= topK) || (limit < 1 && reached >= limit) || reached === before) break;
  }
  // The next one is not to be as likely as the last one that is kept.
  const [last, next] = [weights[order[count - 1]!]!, weights[order[count] ?? -1] ?? 0];
  margin = Math.min(margin, (last - next) / mass);
  const kept = new Set(order.slice(0, count));
  const total = order.slice(0, count).reduce((sum, token) => sum + weights[token]!, 0);
  return { probabilities: weights.map((weight, token) => (kept.has(token) ? weight / total : 0)), margin };
}
