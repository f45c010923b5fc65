import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { checkContext, checkToken, createSession, promptEmpty, type SessionOptions } from "./session.ts";

export interface GenerateOptions extends SessionOptions {
  /** Token ids, at least one. Prompt and maxTokens together fit the model's context. */
  readonly prompt: readonly number[];
  /** At least 1. */
  readonly maxTokens: number;
  readonly signal?: AbortSignal;
  /** Called with each output token as it is chosen, and its index in the output. */
  readonly onToken?: (token: number, index: number) => void;
}

export interface Generation {
  /** Output token ids; a stop token, when one ended the output, is the last. */
  readonly tokens: number[];
  readonly stopped: "stop-token" | "max-tokens";
}

/**
 * Generates greedily. Gives the event loop a turn after every token, so that it can be aborted and others run.
 *
 * @throws EngineError `PROMPT_EMPTY`, `TOKEN_OUT_OF_VOCABULARY`, `CONTEXT_EXCEEDED` or `INVALID_ARGUMENT` before
 * anything is computed; `ABORTED`, with the tokens so far in its details, when `signal` fires.
 *
 * @example
 * const { tokens } = await generate(model, { prompt: tokenizer.encode("Once"), maxTokens: 32 });
 * console.log(tokenizer.decode(tokens));
 */
export async function generate(model: Model, options: GenerateOptions): Promise<Generation> {
  const { prompt, maxTokens, signal, onToken } = options;
  checkRequest(model, prompt, maxTokens);
  const session = createSession(model, options);
  const tokens: number[] = [];
  const turn = async () => {
    await new Promise<void>(afterOtherEvents);
    if (signal?.aborted) throw aborted(tokens, signal.reason);
  };
  await turn();
  for (const token of prompt.slice(0, -1)) {
    session.advance(token, { generating: false });
    await turn();
  }
  let next = prompt.at(-1)!;
  for (let generated = 1; ; generated++) {
    const result = session.advance(next, { generating: true, generated, maxTokens })!;
    next = result.token;
    tokens.push(next);
    onToken?.(next, generated - 1);
    if (result.stop) {
      return { tokens, stopped: model.header.stopTokens.includes(next) ? "stop-token" : "max-tokens" };
    }
    await turn();
  }
}

/** What every executor demands of a request before it computes anything. */
export function checkRequest(model: Model, prompt: readonly number[], maxTokens: number): void {
  if (prompt.length === 0) throw promptEmpty();
  for (const token of prompt) checkToken(model, token);
  if (!Number.isSafeInteger(maxTokens) || maxTokens < 1) {
    throw new EngineError("INVALID_ARGUMENT", `maxTokens is ${maxTokens}, not a positive whole number.`, {
      remedy: "Ask for at least one token.",
      details: { maxTokens },
    });
  }
  checkContext(model, prompt.length + maxTokens);
}

/** Node's setImmediate where there is one: setTimeout waits a millisecond, and four in browsers. */
function afterOtherEvents(resume: () => void): void {
  if (typeof setImmediate === "function") setImmediate(resume);
  else setTimeout(resume, 0);
}

function aborted(tokens: readonly number[], cause: unknown): EngineError {
  return new EngineError("ABORTED", `Generation was aborted after ${tokens.length} tokens.`, {
    remedy: "Start it again when it is wanted.",
    details: { tokens: [...tokens] },
    cause,
  });
}
