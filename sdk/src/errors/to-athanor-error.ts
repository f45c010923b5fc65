import { AbiCoder, dataSlice, id, Interface } from "ethers";
import { errorSignatures } from "../generated/errors.ts";
import { AthanorError, athanorError } from "./athanor-error.ts";
import { catalogue, type ErrorCode } from "./catalogue.ts";
import { findRevertData } from "./find-revert-data.ts";
import { transportError } from "./transport-error.ts";
import type { ErrorContext } from "./render.ts";

const REASON_SELECTOR = "0x08c379a0";
const PANIC_SELECTOR = "0x4e487b71";

let signatures: readonly string[] = errorSignatures;
let contractErrorInterface: Interface | undefined;
const renamed = new Map<string, ErrorCode>();

/** The custom errors of all contracts and their libraries. */
export function errorInterface(): Interface {
  contractErrorInterface ??= new Interface(signatures);
  return contractErrorInterface;
}

/** The code of a custom error: its Solidity name, unless it is renamed. */
export function codeOf({ name, selector }: { readonly name: string; readonly selector: string }): string {
  return renamed.get(selector) ?? name;
}

/**
 * Adds the errors of contracts that not everybody calls, once.
 *
 * @param more their signatures
 * @param entries what they mean, by code
 * @param codes codes of those that are not called as in Solidity, by signature
 */
export function addErrors(
  more: readonly string[],
  entries: Partial<typeof catalogue>,
  codes: Readonly<Record<string, ErrorCode>>,
): void {
  if (more.every((signature) => signatures.includes(signature))) return;
  signatures = [...signatures, ...more];
  contractErrorInterface = undefined;
  Object.assign(catalogue, entries);
  for (const [signature, code] of Object.entries(codes)) renamed.set(dataSlice(id(signature), 0, 4), code);
}

/**
 * Turns whatever ethers, a node or a wallet threw into an `AthanorError`: custom errors of the contracts by their name, everything
 * else by one of the SDK's codes. An `AthanorError` is returned as it is.
 *
 * @param context makes amounts readable: the tokens they may be in.
 * @example
 * try { await contracts.jobEscrow.create(request); } catch (error) { throw toAthanorError(error); }
 */
export function toAthanorError(error: unknown, context: ErrorContext = {}): AthanorError {
  if (error instanceof AthanorError) return error;
  const options = { ...context, cause: error };

  const data = findRevertData(error, (selector) => isKnownSelector(selector));
  if (data !== undefined) return fromRevertData(data, options);
  return transportError(error, options);
}

function isKnownSelector(selector: string): boolean {
  return (
    selector === REASON_SELECTOR ||
    selector === PANIC_SELECTOR ||
    errorInterface().getError(selector) !== null
  );
}

function fromRevertData(data: string, options: ErrorContext & { cause: unknown }): AthanorError {
  const selector = dataSlice(data, 0, 4);
  try {
    if (selector === REASON_SELECTOR) {
      const [reason] = AbiCoder.defaultAbiCoder().decode(["string"], dataSlice(data, 4));
      return athanorError("TransactionReverted", { reason: `"${String(reason)}".` }, options);
    }
    if (selector === PANIC_SELECTOR) {
      const [panic] = AbiCoder.defaultAbiCoder().decode(["uint256"], dataSlice(data, 4));
      return athanorError(
        "TransactionReverted",
        { reason: `panic 0x${(panic as bigint).toString(16)}.` },
        options,
      );
    }
    const description = errorInterface().parseError(data);
    const code = description ? codeOf(description) : "";
    if (description && code in catalogue) {
      return new AthanorError(code as ErrorCode, description.args.toObject(), options);
    }
  } catch {
    // A known selector before bytes that do not decode: shown as they are, below.
  }
  return athanorError("TransactionReverted", { reason: `an error unknown to the SDK, ${data}.` }, options);
}
