import { EngineError } from "../errors.ts";
import { unsigned } from "./big-endian.ts";
import { toHex, type Hex } from "./hash.ts";
import { leafHash, merkleRoot } from "./merkle.ts";

/** Tokens in one leaf of a token list's tree (128 bytes). */
export const TOKENS_PER_LEAF = 32;

/** Token ids as uint32, big endian, one after another: the form in which contracts take and emit them. */
export function encodeTokens(tokens: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * tokens.length);
  tokens.forEach((token, index) => bytes.set(unsigned(token, 4, `Token ${index}`), 4 * index));
  return bytes;
}

/** Inverse of `encodeTokens`. @throws EngineError `INVALID_ARGUMENT` when the length is no multiple of four. */
export function decodeTokens(bytes: Uint8Array): number[] {
  if (bytes.length % 4 !== 0) {
    throw new EngineError(
      "INVALID_ARGUMENT",
      `Token bytes have length ${bytes.length}, no multiple of four.`,
      {
        remedy: "Pass whole uint32 token ids.",
        details: { length: bytes.length },
      },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index));
}

/** Merkle root over leaves of 32 token ids, the last one filled with zero bytes. */
export function tokensRoot(tokens: readonly number[]): Hex {
  return toHex(tokensRootBytes(tokens));
}

export function tokensRootBytes(tokens: readonly number[]): Uint8Array {
  return merkleRoot(tokenLeaves(tokens).map(leafHash));
}

/** The leaves' bytes, 128 each. */
export function tokenLeaves(tokens: readonly number[]): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let start = 0; start < tokens.length; start += TOKENS_PER_LEAF) {
    const leaf = new Uint8Array(4 * TOKENS_PER_LEAF);
    leaf.set(encodeTokens(tokens.slice(start, start + TOKENS_PER_LEAF)));
    leaves.push(leaf);
  }
  return leaves;
}
