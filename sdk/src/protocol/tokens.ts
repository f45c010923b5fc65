import { decodeTokens, encodeTokens } from "@athanor/engine/commitments";
import { getBytes, hexlify } from "ethers";

/** Token ids in the form contracts take and emit: each as a big-endian uint32. */
export function tokenBytes(tokens: readonly number[]): string {
  return hexlify(encodeTokens(tokens));
}

/** Inverse of `tokenBytes`. */
export function tokensOf(bytes: string): number[] {
  return decodeTokens(getBytes(bytes));
}
