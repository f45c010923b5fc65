import type { ModelRunner } from "./runner.ts";

const PROMPT = 4;
const TOKENS = 12;

export interface Speed {
  /** Positions, prompt and output alike, that one job alone takes in a second. */
  readonly positionsPerSecond: number;
  /** Generated tokens a second. */
  readonly tokensPerSecond: number;
}

/** Lets a model generate a few tokens, once to warm up and once by the clock. */
export async function measureSpeed(runner: ModelRunner): Promise<Speed> {
  await generate(runner);
  const { tokens, first, end } = await generate(runner);
  const positionsPerSecond = ((PROMPT + tokens) * 1_000) / Math.max(end - first.start, 0.1);
  return {
    positionsPerSecond,
    // An answer that ends with its first token has nothing to measure between two.
    tokensPerSecond:
      tokens > 1 ? ((tokens - 1) * 1_000) / Math.max(end - first.token, 0.1) : positionsPerSecond,
  };
}

async function generate(runner: ModelRunner) {
  const first = { start: performance.now(), token: 0 };
  const output = await runner.run({
    prompt: Array.from({ length: PROMPT }, () => 0),
    prefix: [],
    generation: { maxTokens: Math.min(TOKENS, runner.commitment.contextLength - PROMPT) },
    signal: new AbortController().signal,
    onToken: () => (first.token ||= performance.now()),
  });
  return { tokens: output.length, first, end: performance.now() };
}
