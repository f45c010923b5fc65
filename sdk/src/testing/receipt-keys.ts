import { RECEIPT_KEY_IN_USE, type ReceiptKeyUntil } from "../channels/liable-keys.ts";

/** A chain that knows these receipt keys, and that none was removed. */
export function inUse(...keys: readonly string[]): ReceiptKeyUntil {
  return (key) => Promise.resolve(keys.includes(key) ? RECEIPT_KEY_IN_USE : 0n);
}
