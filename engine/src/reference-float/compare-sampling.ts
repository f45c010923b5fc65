import type { Model } from "../model.ts";
import { chooseToken, samplingNumbers } from "../operators/sampling.ts";
import { createSession } from "../run/session.ts";
import { exponentialTable } from "../tables/tables.ts";
import { naiveDistribution } from "../testing/naive-sampling.ts";
import type { Sequences } from "./compare.ts";
import { FloatSession, type FloatLlama } from "./float-llama.ts";

/** How far what is drawn from is from what float64 would draw from. Total variation distances, from 0 to 1. */
export interface SamplingComparison {
  /** Tokens that were chosen. */
  readonly tokens: number;
  /** Mean distance of the integer form's distribution to the float form's. */
  readonly meanDistance: number;
  /** Mean distance of the integer form's distribution to one that float64 computes from the same integer logits. */
  readonly meanOwnDistance: number;
}

/** A common choice: temperature 0.8, top-p 0.95. */
export const COMMON_CHOICE = { temperature: 800, topP: 9500 } as const;

export function compareSampling(float: FloatLlama, integer: Model, sequences: Sequences): SamplingComparison {
  const totals = { tokens: 0, distance: 0, own: 0 };
  const numbers = samplingNumbers({ maxTokens: 1, ...COMMON_CHOICE }, new Int32Array(), 0, 1);
  const seen = new Int32Array(Math.ceil(integer.header.vocabularySize / 32));
  const table = exponentialTable().values;
  for (const sequence of sequences) {
    const floatSession = new FloatSession(float);
    const integerSession = createSession(integer);
    for (const token of sequence.slice(0, -1)) {
      const expected = naive(floatSession.next(token));
      const { logits } = integerSession.advance(token, { generating: true })!;
      let [weights, threshold] = [new Int32Array(), 0];
      chooseToken(logits, seen, table, numbers, (section, values) => {
        if (section === "weights") weights = values as Int32Array<ArrayBuffer>;
        if (section === "threshold0") threshold = values[0] as number;
      });
      const found = normalized(weights, threshold);
      totals.tokens++;
      totals.distance += distance(found, expected);
      totals.own += distance(found, naive(logits, 2 ** -integer.header.logitFraction));
    }
  }
  return {
    tokens: totals.tokens,
    meanDistance: totals.distance / totals.tokens,
    meanOwnDistance: totals.own / totals.tokens,
  };
}

function naive(logits: Iterable<number>, unit = 1): readonly number[] {
  return naiveDistribution({
    logits: Array.from(logits, (logit) => logit * unit),
    ...{ seen: new Set(), excluded: [], parameters: COMMON_CHOICE },
  }).probabilities;
}

function normalized(weights: Int32Array, threshold: number): number[] {
  const kept = Array.from(weights, (weight) => (weight >= threshold ? weight : 0));
  const total = kept.reduce((left, right) => left + right, 0);
  return kept.map((weight) => weight / total);
}

function distance(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, probability, token) => sum + Math.abs(probability - right[token]!), 0) / 2;
}
