import { checkComputable } from "../commitments/generation.ts";
import type { RequestCommitment } from "../commitments/request.ts";
import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { checkContext, checkToken, promptEmpty } from "./session.ts";

/**
 * What is computed. With `startOffset` n the last n tokens of the prompt are output that somebody generated before; see
 * "Continuations" in docs/engine.md.
 */
export interface InferenceRequest extends RequestCommitment {
  /**
   * Computes the first tokens of an answer that was cut short: at most this many, which then take the place of maxTokens in
   * the computation. Default: the whole answer.
   */
  readonly outputLimit?: number;
}

/**
 * What every executor demands of a request before it computes anything.
 *
 * @throws EngineError `PROMPT_EMPTY`, `TOKEN_OUT_OF_VOCABULARY`, `CONTEXT_EXCEEDED`, and `INVALID_ARGUMENT` naming what is
 * out of its range
 */
export function checkRequest(model: Model, request: InferenceRequest): void {
  const { prompt, maxTokens, startOffset = 0, outputLimit = maxTokens } = request;
  if (prompt.length === 0) throw promptEmpty();
  for (const token of prompt) checkToken(model, token);
  checkComputable(request, model.header.vocabularySize);
  checkContext(model, prompt.length + maxTokens);
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
