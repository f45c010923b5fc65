import { keccak256 } from "ethers";
import { athanorError, type AthanorError } from "../errors/athanor-error.ts";

/** Most bytes of one content unless a store is told otherwise: 16 MiB. */
export const DEFAULT_MAXIMUM_BYTES = 16 * 1024 * 1024;

/**
 * Keeps byte strings under their own hash. Whoever has a key can check what it gets, so a store needs no trust to be right; it needs
 * trust to be there, and not to show prompts to others.
 *
 * `put` and `remove` may be repeated. `put` resolves when the bytes are kept: a store that dies in the middle has all of them or none.
 */
export interface ContentStore {
  /**
   * @returns the key: keccak256 of the bytes, 0x and 64 lower-case hexadecimal digits
   * @throws AthanorError `ContentTooLarge`, `ContentStoreUnavailable`, `ContentStoreRefused`
   */
  put(bytes: Uint8Array): Promise<string>;
  /**
   * The bytes, whose hash has been checked.
   *
   * @throws AthanorError `ContentNotFound`; `ContentCorrupt` where something else is kept under the key; `ContentTooLarge`,
   * `ContentStoreUnavailable`, `ContentStoreRefused`, `InvalidArgument` for what is no key
   */
  get(key: string): Promise<Uint8Array>;
  /** Whether something is kept under the key. Only `get` says whether it is right. */
  has(key: string): Promise<boolean>;
  /** Removes what is kept under the key, right or not; nothing there is no error. */
  remove(key: string): Promise<void>;
}

/** The key of a content. */
export function contentKey(bytes: Uint8Array): string {
  return keccak256(bytes);
}

/** @throws AthanorError `InvalidArgument` */
export function requireKey(key: string): void {
  if (/^0x[0-9a-f]{64}$/.test(key)) return;
  throw athanorError("InvalidArgument", {
    ...{ name: "key", found: key, expected: "0x and 64 lower-case hexadecimal digits" },
  });
}

/** What a store throws that has nothing under a key. */
export function contentNotFound(key: string, store: string, cause?: unknown): AthanorError {
  return athanorError("ContentNotFound", { key, store }, { cause });
}

/** @throws AthanorError `ContentTooLarge` */
export function requireSize(bytes: number, maximum: number, store: string): void {
  if (bytes > maximum) throw athanorError("ContentTooLarge", { bytes, maximum, store });
}

/**
 * What a store found under a key, if it is what belongs there.
 *
 * @throws AthanorError `ContentCorrupt`
 */
export function requireContent(key: string, bytes: Uint8Array, store: string): Uint8Array {
  const found = contentKey(bytes);
  if (found === key) return bytes;
  throw athanorError("ContentCorrupt", { key, found, bytes: bytes.length, store });
}
