import { EngineError } from "../errors.ts";
import { defaultExecutor } from "../fast/default.ts";
import type { FastExecutor } from "../fast/executor.ts";
import type { Model } from "../model.ts";
import { endsWith } from "../operators/stop.ts";
import { checkRequest, type InferenceRequest } from "./request.ts";
import { createSession, type RootObserver, type Session, type SessionOptions } from "./session.ts";

/** Prompt and maxTokens together fit the model's context. */
export interface GenerateOptions extends SessionOptions, InferenceRequest {
  /** Who computes; all executors yield the same bits. Default: the fast one, the reference where it cannot run. */
  readonly executor?: FastExecutor | GeneratingExecutor | "reference";
  readonly signal?: AbortSignal;
  /**
   * Takes roots of operators where the executor hashes what it computes: what it takes, an observer does not get. Executors that
   * do not, such as those on the processor, show everything to the observer.
   */
  readonly roots?: RootObserver;
  /** Called with each output token as it is chosen, and its index in the output. */
  readonly onToken?: (token: number, index: number) => void;
  /**
   * Asked before every token but the first, so that a generation can wait and keep what it computed. Executors that run whole requests do not ask.
   */
  readonly ready?: () => Promise<void> | undefined;
}

/** An executor that runs whole requests, several at a time, such as one on a GPU. */
export interface GeneratingExecutor {
  readonly model: Model;
  generate(request: Omit<GenerateOptions, "executor">): Promise<Generation>;
}

export interface Generation {
  /** Output token ids; a stop token or a stop sequence, when one ended the output, is at its end. */
  readonly tokens: number[];
  readonly stopped: "stop-token" | "stop-sequence" | "max-tokens";
}

/**
 * Generates, greedily unless the request has a temperature. Gives the event loop a turn after every token and block of the prompt, so that it can be aborted and others run.
 *
 * @throws EngineError `PROMPT_EMPTY`, `TOKEN_OUT_OF_VOCABULARY`, `CONTEXT_EXCEEDED` or `INVALID_ARGUMENT` before
 * anything is computed, as `checkRequest`; `MEMORY_BUDGET_TOO_SMALL`; `ABORTED`, with the tokens so far in its details, when `signal` fires.
 *
 * @example
 * const { tokens } = await generate(model, { prompt: tokenizer.encode("Once"), maxTokens: 32 });
 * console.log(tokenizer.decode(tokens));
 */
export async function generate(model: Model, options: GenerateOptions): Promise<Generation> {
  const { prompt, maxTokens, outputLimit = maxTokens, startOffset = 0, signal, onToken, ready } = options;
  checkRequest(model, options);
  const { executor, ...request } = options;
  if (typeof executor === "object" && "generate" in executor) {
    checkExecutor(model, executor);
    return executor.generate(request);
  }
  const session = sessionOf(model, { ...request, ...(executor && { executor }) });
  const tokens: number[] = [];
  const turn = async () => {
    await new Promise<void>(afterOtherEvents);
    if (signal?.aborted) throw aborted(tokens, signal.reason);
  };
  await turn();
  const given = prompt.slice(0, -1);
  for (let start = 0; start < given.length; start += session.blockSize) {
    session.prefill(given.slice(start, start + session.blockSize));
    await turn();
  }
  const parameters = { ...options, maxTokens: outputLimit };
  let next = prompt.at(-1)!;
  for (let generated = 1; ; generated++) {
    const result = session.advance(next, { generating: true, generated, parameters, startOffset })!;
    next = result.token;
    tokens.push(next);
    onToken?.(next, generated - 1);
    if (result.stop) return { tokens, stopped: endOf(model, options, tokens) ?? "max-tokens" };
    await ready?.();
    await turn();
  }
}

/** Why `tokens` are the whole output of a request; undefined if more follow. */
export function endOf(
  model: Model,
  request: Omit<InferenceRequest, "prompt"> & Partial<Pick<InferenceRequest, "prompt">>,
  tokens: readonly number[],
): Generation["stopped"] | undefined {
  const { maxTokens, minTokens = 0, stopSequences = [], prompt = [], startOffset = 0 } = request;
  const last = tokens.at(-1);
  if (last !== undefined && tokens.length >= minTokens) {
    if (model.header.stopTokens.includes(last)) return "stop-token";
    const before = Int32Array.of(...prompt.slice(prompt.length - startOffset), ...tokens.slice(0, -1));
    if (stopSequences.some((sequence) => endsWith(sequence, last, before))) return "stop-sequence";
  }
  return tokens.length >= maxTokens ? "max-tokens" : undefined;
}

function sessionOf(
  model: Model,
  options: Omit<GenerateOptions, "executor"> & { executor?: FastExecutor | "reference" },
): Session {
  const { prompt, maxTokens, executor = defaultExecutor(model), observer } = options;
  const watched = observer ? { observer } : {};
  if (executor === undefined || executor === "reference") return createSession(model, watched);
  checkExecutor(model, executor);
  return executor.createSession({ capacity: prompt.length + maxTokens, ...watched });
}

function checkExecutor(model: Model, executor: { readonly model: Model }): void {
  if (executor.model === model) return;
  throw new EngineError("INVALID_ARGUMENT", "The executor was made for another model.", {
    remedy: "Pass the one that was made for this model.",
    details: { expected: model.commitment.modelRoot, found: executor.model.commitment.modelRoot },
  });
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
