import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import type { RequestCommitment } from "../commitments/request.ts";
import { checkRequest, generate, type GenerateOptions, type Generation } from "../run/generate.ts";

/**
 * What a trace belongs to. With `startOffset` n the last n tokens of the prompt are output that somebody else generated
 * before; see "Continuations" in docs/engine.md.
 */
export interface TraceRequest extends RequestCommitment {
  /**
   * Traces the first tokens of an answer that was cut short: at most this many, which then take the place of maxTokens in
   * the computation. Default: the whole answer.
   */
  readonly outputLimit?: number;
}

/** Runs a request and shows every intermediate, or the roots that `roots` takes, as `generate` does. */
export type Executor = (
  model: Model,
  options: Pick<GenerateOptions, "prompt" | "maxTokens" | "signal" | "observer" | "roots">,
) => Promise<Generation>;

/** The fast executor, or the reference where it cannot run. */
export const defaultExecutor: Executor = generate;

export const referenceExecutor: Executor = (model, options) =>
  generate(model, { ...options, executor: "reference" });

/** @throws EngineError as `generate`; `INVALID_ARGUMENT` for a startOffset or an outputLimit that cannot be. */
export function checkTraceRequest(model: Model, request: TraceRequest): void {
  const { prompt, maxTokens, startOffset = 0, outputLimit = maxTokens } = request;
  checkRequest(model, prompt, maxTokens);
  if (!Number.isSafeInteger(startOffset) || startOffset < 0 || startOffset >= prompt.length) {
    throw new EngineError(
      "INVALID_ARGUMENT",
      `startOffset ${startOffset} is not in [0, ${prompt.length}): the prompt holds that many output tokens after at least one of its own.`,
      { remedy: "Append the output so far to the prompt.", details: { startOffset, prompt: prompt.length } },
    );
  }
  if (!Number.isSafeInteger(outputLimit) || outputLimit < 1 || outputLimit > maxTokens) {
    throw new EngineError("INVALID_ARGUMENT", `outputLimit ${outputLimit} is not in [1, ${maxTokens}].`, {
      remedy: "Pass the number of tokens that were delivered.",
      details: { outputLimit, maxTokens },
    });
  }
}
