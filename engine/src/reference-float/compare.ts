import { generateRandom } from "../testing/random.ts";
import type { Model } from "../model.ts";
import { createSession } from "../run/session.ts";
import { FloatSession, softmax, type FloatLlama } from "./float-llama.ts";

export interface Comparison {
  /** Tokens that were predicted. */
  readonly tokens: number;
  /** exp of the mean negative log-likelihood, in nats. */
  readonly perplexity: { readonly float: number; readonly integer: number };
  /** Fraction of positions whose most likely token is the same. */
  readonly top1Agreement: number;
  /** Mean over positions of KL(float ‖ integer), in nats. */
  readonly meanKl: number;
}

/** Token sequences to predict: the first token of each is given, the others count. */
export type Sequences = readonly (readonly number[])[];

/** Runs both forms of one model over the same tokens. */
export function compare(float: FloatLlama, integer: Model, sequences: Sequences): Comparison {
  const totals = { tokens: 0, float: 0, integer: 0, agreed: 0, divergence: 0 };
  for (const sequence of sequences) {
    const floatSession = new FloatSession(float);
    const integerSession = createSession(integer);
    for (const [index, token] of sequence.slice(0, -1).entries()) {
      const p = softmax(floatSession.next(token));
      const { logits } = integerSession.advance(token, { generating: true })!;
      const q = softmax(Float64Array.from(logits, (logit) => logit * 2 ** -integer.header.logitFraction));
      const target = sequence[index + 1]!;
      totals.tokens++;
      totals.float -= Math.log(p[target]!);
      totals.integer -= Math.log(q[target]!);
      totals.agreed += largestIndex(p) === largestIndex(q) ? 1 : 0;
      totals.divergence += divergence(p, q);
    }
  }
  return {
    tokens: totals.tokens,
    perplexity: {
      float: Math.exp(totals.float / totals.tokens),
      integer: Math.exp(totals.integer / totals.tokens),
    },
    top1Agreement: totals.agreed / totals.tokens,
    meanKl: totals.divergence / totals.tokens,
  };
}

/** Text that the float form itself writes, at temperature 1: sequences of at most `length` tokens after `first`. */
export function sampleSequences(
  float: FloatLlama,
  first: number,
  tokens: number,
  length: number,
  seed: number,
): number[][] {
  const random = generateRandom(seed);
  const sequences: number[][] = [];
  for (let missing = tokens; missing > 0;) {
    const session = new FloatSession(float);
    const sequence = [first];
    while (sequence.length <= Math.min(missing, length - 1)) {
      sequence.push(sample(softmax(session.next(sequence.at(-1)!)), random()));
    }
    sequences.push(sequence);
    missing -= sequence.length - 1;
  }
  return sequences;
}

function sample(probabilities: Float64Array, point: number): number {
  let rest = point;
  for (const [token, probability] of probabilities.entries()) {
    rest -= probability;
    if (rest < 0) return token;
  }
  return probabilities.length - 1;
}

/** KL(p ‖ q) in nats. */
function divergence(p: Float64Array, q: Float64Array): number {
  return p.reduce((total, probability, token) => {
    return probability === 0 ? total : total + probability * Math.log(probability / q[token]!);
  }, 0);
}

function largestIndex(values: Float64Array): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}
