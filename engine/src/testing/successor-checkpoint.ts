import { generateRandom } from "./random.ts";
import { tinyCheckpoint, type TinyCheckpoint, type TinyShape } from "./tiny-checkpoint.ts";

/** Unlike the bundled model in width, ratio of heads and head: the second model that accuracy is measured on. */
export const SECOND_SHAPE: TinyShape = {
  family: "Llama",
  seed: 7,
  vocabulary: 256,
  context: 128,
  hidden: 96,
  feedForward: 160,
  layers: 3,
  heads: 6,
  keyValueHeads: 2,
  headSize: 16,
  tied: false,
};

/** Likely next tokens of every token, and how much likelier each is than one that is not listed, in nats. */
const SUCCESSORS = [9, 8, 7, 6] as const;

/** Of what layers add to the residual, so that six of them together weigh about as much as the embedding. */
const LAYER_SCALE = 0.15;

/**
 * A random model that nevertheless knows something: the head is built such that each token has a few likely successors,
 * which the layers, random as they are, reweigh. A model of random weights alone predicts next to nothing, and its most
 * likely token is hardly more likely than the next, as in no model that anybody runs.
 */
export function successorCheckpoint(shape: TinyShape = SECOND_SHAPE): TinyCheckpoint {
  const checkpoint = tinyCheckpoint({ ...shape, tied: false });
  const { vocabulary, hidden } = shape;
  const embedding = checkpoint.tensors.get("model.embed_tokens.weight")!.values;
  const offset = shape.family === "Gemma" ? 1 : 0;
  const gains = checkpoint.tensors.get("model.norm.weight")!.values.map((weight) => weight + offset);
  const head = checkpoint.tensors.get("lm_head.weight")!.values.fill(0);
  for (const [name, { values }] of checkpoint.tensors) {
    if (!/(?:o_proj|down_proj)\.weight$/.test(name)) continue;
    values.forEach((value, index) => (values[index] = Math.fround(LAYER_SCALE * value)));
  }
  const random = generateRandom(shape.seed);
  for (let token = 0; token < vocabulary; token++) {
    const row = embedding.subarray(token * hidden, (token + 1) * hidden);
    // After the last norm a residual has the length sqrt(hidden).
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) * hidden);
    for (const strength of SUCCESSORS) {
      const successor = Math.floor(random() * vocabulary);
      for (let column = 0; column < hidden; column++) {
        head[successor * hidden + column]! += (strength * row[column]!) / (length * gains[column]!);
      }
    }
  }
  head.forEach((value, index) => (head[index] = Math.fround(value)));
  return checkpoint;
}
