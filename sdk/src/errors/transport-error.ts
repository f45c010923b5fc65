import { type AthanorError, athanorError, type AthanorErrorOptions } from "./athanor-error.ts";

/** Codes that may go away by themselves: the same request may succeed a moment later. */
const transientCodes = new Set(["RpcUnavailable", "RpcTimeout", "RpcRateLimited", "ContentStoreUnavailable"]);

export function isTransient(error: AthanorError): boolean {
  return transientCodes.has(error.code);
}

/** Classifies an error that carries no revert data: wallet, network, node. */
export function transportError(error: unknown, options: AthanorErrorOptions): AthanorError {
  const details = describe(error);
  const code = property(error, "code");
  const name = property(error, "name");

  if (name === "AbortError") return athanorError("Aborted", {}, options);
  switch (code) {
    case "ACTION_REJECTED":
    case 4001:
      return athanorError("SignatureRejected", { action: text(error, "action") ?? "request" }, options);
    case "INSUFFICIENT_FUNDS":
      return athanorError("InsufficientGasFunds", { address: senderOf(error), details }, options);
    case "NONCE_EXPIRED":
    case "REPLACEMENT_UNDERPRICED":
      return athanorError("NonceConflict", {}, options);
    case "TIMEOUT":
      return athanorError("RpcUnavailable", { details }, options);
    case "UNSUPPORTED_OPERATION":
      return athanorError("SignerUnsupported", { details }, options);
    case "BAD_DATA":
      return athanorError("RpcInvalidResponse", { details }, options);
  }

  const node = nodeError(error);
  if (/insufficient funds|doesn't have enough funds|exceeds the balance of the account/i.test(details)) {
    return athanorError("InsufficientGasFunds", { address: senderOf(error), details }, options);
  }
  if (/user (rejected|denied)/i.test(details)) {
    return athanorError("SignatureRejected", { action: "request" }, options);
  }
  if (/nonce too low|nonce has already been used|replacement transaction underpriced/i.test(details)) {
    return athanorError("NonceConflict", {}, options);
  }
  if (
    /block range|range (is )?too|too many (blocks|logs|results)|returned more than|response size|max(imum)? (block|range)/i.test(
      details,
    )
  ) {
    return athanorError("RpcRangeTooLarge", { details }, options);
  }
  if (node.code === -32005 || /rate limit|too many requests|\b429\b|compute units/i.test(details)) {
    return athanorError("RpcRateLimited", { details }, options);
  }
  if (/network changed/i.test(details)) {
    return athanorError("WrongNetwork", { expected: "(the one connected to)", found: "another" }, options);
  }
  const network =
    code === "NETWORK_ERROR" ||
    code === "SERVER_ERROR" ||
    /^E(CONN|TIMEDOUT|AI_AGAIN|PIPE|NOTFOUND|HOSTUNREACH)/.test(String(code)) ||
    /^UND_ERR/.test(String(code)) ||
    /\bE(?:CONN\w+|TIMEDOUT|AI_AGAIN|PIPE|NOTFOUND|HOSTUNREACH)\b|fetch failed|failed to fetch|socket hang up|network error|bad gateway|service unavailable|gateway time|timed? ?out|header not found|unknown block/i.test(
      details,
    );
  if (network) return athanorError("RpcUnavailable", { details }, options);
  if (code === "CALL_EXCEPTION") {
    // ethers reports every failed eth_call as a revert; without data it is one only if the node says so.
    const reverted =
      node.message === undefined || /revert|invalid opcode|out of gas|vm exception/i.test(node.message);
    return reverted
      ? athanorError("TransactionReverted", { reason: "the contract gave no reason." }, options)
      : athanorError("RpcUnavailable", { details: node.message! }, options);
  }
  return athanorError("Unexpected", { details }, options);
}

/** The innermost error of the node, where ethers and wallets keep it. */
function nodeError(error: unknown): { code: unknown; message: string | undefined } {
  let current = error;
  for (let depth = 0; depth < 5; depth++) {
    const inner = property(property(current, "info"), "error") ?? property(current, "error");
    if (inner === undefined) break;
    current = inner;
  }
  const message = current === error ? undefined : property(current, "message");
  return { code: property(current, "code"), message: typeof message === "string" ? message : undefined };
}

function senderOf(error: unknown): string {
  return text(property(error, "transaction"), "from") ?? "of the signer";
}

function describe(error: unknown): string {
  const node = nodeError(error);
  const message = node.message ?? property(error, "shortMessage") ?? property(error, "message");
  const described = typeof message === "string" && message.length > 0 ? message : String(error);
  return described.length > 300 ? `${described.slice(0, 300)}…` : described;
}

function text(value: unknown, key: string): string | undefined {
  const found = property(value, key);
  return typeof found === "string" ? found : undefined;
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
