import { defaultExecutor } from "../fast/default.ts";
import type { Model } from "../model.ts";
import { createSession } from "../run/session.ts";
import type { Sequence } from "./sequence.ts";

/** Computes a sequence's remaining tokens without a GPU, from the tokens that it has; gives other events turns. */
export async function finishOnProcessor(model: Model, sequence: Sequence): Promise<void> {
  const { prompt, maxTokens, outputLimit = maxTokens, startOffset = 0, observer } = sequence.request;
  const parameters = { ...sequence.request, maxTokens: outputLimit };
  const watched = observer ? { observer: sequence.observe } : {};
  const session =
    defaultExecutor(model)?.createSession({ capacity: prompt.length + maxTokens, ...watched }) ??
    createSession(model, watched);
  const given = sequence.known.slice(0, -1);
  for (let start = 0; start < given.length && !sequence.ended; start += session.blockSize) {
    session.prefill(given.slice(start, start + session.blockSize));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  let next = sequence.known.at(-1)!;
  while (!sequence.ended) {
    const generated = sequence.tokens.length + 1;
    const outcome = session.advance(next, { generating: true, generated, parameters, startOffset })!;
    next = outcome.token;
    if (sequence.settle(outcome)) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
