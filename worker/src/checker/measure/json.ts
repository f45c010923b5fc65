import { getBytes, hexlify } from "ethers";

/** A value as JSON text, with bigints and bytes, as messages of the SDK have them. */
export function toText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return { $bigint: part.toString() };
    return part instanceof Uint8Array ? { $bytes: hexlify(part) } : part;
  });
}

/** Inverse of `toText`. */
export function fromText(text: string): unknown {
  return JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== "object" || part === null) return part;
    if ("$bigint" in part) return BigInt(part.$bigint as string);
    return "$bytes" in part ? getBytes(part.$bytes as string) : part;
  });
}
