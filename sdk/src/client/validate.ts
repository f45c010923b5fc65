import { isAddress } from "ethers";
import { athanorError, type AthanorError } from "../errors/athanor-error.ts";
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
  validateWhole("maxTokens", request.maxTokens, 0, 2 ** 32 - 1);
  if (request.maxTokens === 0) throw athanorError("NoTokensRequested", {});
  if (request.token !== undefined) validateAddress("token", request.token);
  if (request.provider !== undefined) validateAddress("provider", request.provider);
  for (const provider of request.excludeProviders ?? []) validateAddress("excludeProviders", provider);
  if (request.deadlineSeconds !== undefined) {
    validateWhole("deadlineSeconds", request.deadlineSeconds, -(2 ** 32), 2 ** 32);
  }
  if (request.seed !== undefined) validateAmount("seed", request.seed, 64n);
}

export function validateInferRequest(request: InferRequest): void {
  validateQuoteRequest(request);
  validateAmount("maxPrice", request.maxPrice, 128n);
  const { waitFor } = request;
  if (waitFor !== undefined && !["submitted", "finalized"].includes(waitFor)) {
    throw invalid("waitFor", show(waitFor), '"submitted" or "finalized"');
  }
}

export function validateHash(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{64}$/.test(value)) {
    throw invalid(name, show(value), "0x and 64 hexadecimal digits");
  }
}

export function validateAddress(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || !isAddress(value)) {
    throw invalid(name, show(value), "an address, such as 0x52908400098527886E0F7030069857D2E4169EE7");
  }
}

export function validateAmount(name: string, value: unknown, bits: bigint): asserts value is bigint {
  if (typeof value !== "bigint" || value < 0n || value >> bits !== 0n) {
    throw invalid(
      name,
      show(value),
      `a bigint from 0n to 2^${bits} - 1 (parseAmount makes one of a decimal number)`,
    );
  }
}

function validateTokens(tokens: unknown): void {
  if (!Array.isArray(tokens)) throw invalid("promptTokens", show(tokens), "a list of token ids");
  tokens.forEach((token, index) => validateWhole(`promptTokens[${index}]`, token, 0, 2 ** 32 - 1));
  if (tokens.length === 0) throw athanorError("EmptyPrompt", {});
}

function validateWhole(name: string, value: unknown, minimum: number, maximum: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw invalid(name, show(value), `a whole number from ${minimum} to ${maximum}`);
  }
}

function invalid(name: string, found: string, expected: string): AthanorError {
  return athanorError("InvalidArgument", { name, found, expected });
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") {
    return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? "missing" : `of type ${typeof value}`;
}
