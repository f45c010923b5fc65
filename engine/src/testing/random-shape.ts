import { generateRandom } from "./random.ts";
import type { TinyShape } from "./tiny-checkpoint.ts";

/** A shape of the zoo: odd sizes, every ratio of heads, tied and untied heads. */
export function randomShape(seed: number): Partial<TinyShape> {
  const random = generateRandom(seed);
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const keyValueHeads = between(1, 3);
  return {
    seed,
    vocabulary: between(20, 90),
    context: between(40, 70),
    hidden: between(3, 70),
    feedForward: between(1, 90),
    layers: between(1, 3),
    heads: keyValueHeads * between(1, 3),
    keyValueHeads,
    headSize: 2 * between(1, 12),
    tied: random() < 0.5,
    family: (["Gemma", "Llama", "Qwen3", "Llama"] as const)[seed % 4]!,
  };
}
