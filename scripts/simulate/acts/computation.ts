import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { faultyExecutor } from "../../../engine/src/testing/faulty-executor.ts";
import type { Day } from "./day.ts";

/** The request of everything that is disputed. */
export const PROMPT: readonly number[] = [3, 1, 4, 1, 5];
export const MAX_TOKENS = 4;

/** What the model really answers. */
export async function honestAnswer({ computed }: Day): Promise<readonly number[]> {
  const { tokens } = await referenceExecutor(computed, { prompt: PROMPT, maxTokens: MAX_TOKENS });
  return tokens;
}

/** Computes one element of the prompt's last position otherwise, and everything that follows from it. */
export function wrongExecutor({ computed }: Day): Executor {
  const operator = computed.program.operators.findIndex(({ kind }) => kind === "linear");
  const change = (value: number | bigint) => (typeof value === "bigint" ? value + 9_999n : value ^ 4_095);
  return faultyExecutor(
    { position: PROMPT.length - 1, operator, section: "output", element: 0, change },
    referenceExecutor,
  );
}
