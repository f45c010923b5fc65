import { isAddress } from "ethers";
import { athanorError, type AthanorError } from "../errors/athanor-error.ts";

/** Refusals of single arguments: AthanorError `InvalidArgument` with the name, the value and what was expected. */

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

export function validateWhole(name: string, value: unknown, minimum: number, maximum: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw invalid(name, show(value), `a whole number from ${minimum} to ${maximum}`);
  }
}

export function invalid(name: string, found: string, expected: string): AthanorError {
  return athanorError("InvalidArgument", { name, found, expected });
}

export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") {
    return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? "missing" : `of type ${typeof value}`;
}
