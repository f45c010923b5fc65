import { athanorError } from "../errors/athanor-error.ts";
import { invalid, show, validateAddress, validateAmount, validateHash, validateWhole } from "./arguments.ts";
import { validateGenerationOptions } from "./generation.ts";
import type { MinimumScore } from "../protocol/scores.ts";
import type { InferRequest, QuoteRequest } from "./types.ts";

/** Refuses what no chain needs to be asked about. @throws AthanorError `InvalidArgument`, `EmptyPrompt`, `NoTokensRequested` */
export function validateQuoteRequest(request: QuoteRequest): void {
  validateHash("model", request.model);
  const { prompt, promptTokens } = request;
  if ((prompt === undefined) === (promptTokens === undefined)) {
    const found = prompt === undefined ? "missing" : "given together with promptTokens";
    throw invalid("prompt", found, "a text, or promptTokens instead");
  }
  if (prompt !== undefined && typeof prompt !== "string") throw invalid("prompt", show(prompt), "a text");
  if (promptTokens !== undefined) validateTokens(promptTokens);
  validateGenerationOptions(request);
  if (request.private !== undefined && typeof request.private !== "boolean") {
    throw invalid("private", show(request.private), "true or false");
  }
  if (request.token !== undefined) validateAddress("token", request.token);
  if (request.provider !== undefined) validateAddress("provider", request.provider);
  for (const provider of request.excludeProviders ?? []) validateAddress("excludeProviders", provider);
  validateMinimumScore(request.minimumScore);
  if (request.deadlineSeconds !== undefined) {
    validateWhole("deadlineSeconds", request.deadlineSeconds, -(2 ** 32), 2 ** 32);
  }
  if (request.salt !== undefined) validateAmount("salt", request.salt, 64n);
}

export function validateMinimumScore(minimum: MinimumScore | undefined): void {
  for (const name of ["uptime", "latency", "throughput"] as const) {
    const value = minimum?.[name];
    if (value !== undefined) validateWhole(`minimumScore.${name}`, value, 0, 2 ** 48 - 1);
  }
}

export function validateInferRequest(request: InferRequest): void {
  validateQuoteRequest(request);
  validateAmount("maxPrice", request.maxPrice, 128n);
  const { waitFor } = request;
  if (waitFor !== undefined && !["submitted", "finalized"].includes(waitFor)) {
    throw invalid("waitFor", show(waitFor), '"submitted" or "finalized"');
  }
}

function validateTokens(tokens: unknown): void {
  if (!Array.isArray(tokens)) throw invalid("promptTokens", show(tokens), "a list of token ids");
  tokens.forEach((token, index) => validateWhole(`promptTokens[${index}]`, token, 0, 2 ** 32 - 1));
  if (tokens.length === 0) throw athanorError("EmptyPrompt", {});
}
