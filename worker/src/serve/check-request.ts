import { checkGeneration } from "@athanor/engine/commitments";
import { inputRootOf, requestHashOf, type NativeRequest } from "@athanor/sdk/channels";
import type { ServedModel } from "../provider/context.ts";
import { describeError } from "../errors.ts";
import { Refusal } from "./refusal.ts";

/** A request that this provider can compute, with the roots that it rebuilt. */
export interface CheckedRequest {
  readonly request: NativeRequest;
  readonly model: ServedModel;
  readonly inputRoot: string;
  readonly requestHash: string;
}

/**
 * Checks all that the model demands of a request, before anything is promised or computed. What is wrong with a private one is said without showing it: refusals
 * are not sealed.
 *
 * @param maxTokens most tokens of one answer
 * @throws Refusal `RequestRefused`, `ModelNotServed`
 */
export function checkRequest(
  request: NativeRequest,
  models: ReadonlyMap<string, ServedModel>,
  maxTokens: number,
): CheckedRequest {
  const isPrivate = request.secret !== undefined;
  const model = models.get(request.modelRoot);
  if (model === undefined) {
    throw new Refusal(
      "ModelNotServed",
      `The model ${request.modelRoot} is not served here.`,
      "Take one of GET /athanor/v1.",
    );
  }
  const { vocabularySize, contextLength } = model.runner.commitment;
  try {
    checkGeneration(request, vocabularySize);
  } catch (error) {
    throw refuse(
      isPrivate ? "A generation parameter or stop sequence is out of range." : describeError(error).message,
    );
  }
  const { prompt, startOffset = 0 } = request;
  if (prompt.length === 0) throw refuse("The prompt is empty.");
  if (startOffset >= prompt.length) {
    throw refuse(`The start offset is ${startOffset}, the prompt has ${prompt.length} tokens.`);
  }
  const outside = prompt.find((token) => token >= vocabularySize);
  if (outside !== undefined) {
    throw refuse(
      `${isPrivate ? "A token" : `Token ${outside}`} is outside the vocabulary of ${vocabularySize}.`,
    );
  }
  if (prompt.length + request.maxTokens > contextLength) {
    throw refuse(
      `Prompt and output need ${prompt.length + request.maxTokens} positions, the model has ${contextLength}.`,
    );
  }
  if (request.maxTokens > maxTokens) {
    throw refuse(`${request.maxTokens} tokens were asked for, this provider generates at most ${maxTokens}.`);
  }
  const inputRoot = inputRootOf(request);
  const { modelRoot } = request;
  return { request, model, inputRoot, requestHash: requestHashOf({ modelRoot, inputRoot }) };
}

function refuse(message: string): Refusal {
  return new Refusal(
    "RequestRefused",
    message,
    "Change the request; docs/native-protocol.md says what it may hold.",
  );
}
