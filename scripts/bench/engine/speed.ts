import { createFastExecutor, type Model } from "../../../engine/src/index.ts";
import type { Request } from "./llama-cpp.ts";

/** In tokens a second. */
export interface Speed {
  readonly decode: number;
  readonly prefill: number;
}

/** Rounds of each program: other programs on the machine only ever make one slower. */
export const ROUNDS = 3;

/** The best of some measurements, for prompt and output each. */
export async function bestOf(rounds: number, measure: () => Promise<Speed> | Speed): Promise<Speed> {
  let best: Speed = { prefill: 0, decode: 0 };
  for (let round = 0; round < rounds; round++) {
    const { prefill, decode } = await measure();
    best = { prefill: Math.max(best.prefill, prefill), decode: Math.max(best.decode, decode) };
  }
  return best;
}

/** The fast executor's speed: a prompt in blocks, then token after token. */
export async function measureFast(model: Model, { prompt, maxTokens, threads }: Request): Promise<Speed> {
  const executor = createFastExecutor(model, { threads });
  try {
    // Warms up: the kernels are compiled once more when they have run for a while, and threads take time to start.
    for (let round = 0; round < 3; round++) {
      executor.createSession({ capacity: 64 }).run(prompt.slice(0, 32));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return await bestOf(ROUNDS, () => {
      const session = executor.createSession({ capacity: prompt.length + maxTokens + 1 });
      const start = performance.now();
      session.prefill(prompt);
      const prefill = (prompt.length * 1000) / (performance.now() - start);
      let { token } = session.advance(9, { generating: true })!;
      const first = performance.now();
      for (let count = 0; count < maxTokens; count++) {
        ({ token } = session.advance(token, { generating: true })!);
      }
      return { prefill, decode: (maxTokens * 1000) / (performance.now() - first) };
    });
  } finally {
    executor.close();
  }
}
