import { EngineError } from "../errors.ts";

/** Unsigned big-endian integer of `width` bytes. @throws EngineError `INVALID_ARGUMENT` when it does not fit. */
export function unsigned(value: number | bigint, width: number, what: string): Uint8Array {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!whole || value < 0 || BigInt(value) >> BigInt(8 * width) !== 0n) {
    throw new EngineError(
      "INVALID_ARGUMENT",
      `${what} is ${value}, not a whole number below 2^${8 * width}.`,
      {
        remedy: `Pass a whole number from 0 to 2^${8 * width} - 1.`,
        details: { what, value },
      },
    );
  }
  const bytes = new Uint8Array(width);
  let rest = BigInt(value);
  for (let index = width - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
