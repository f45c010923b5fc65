/**
 * Until when a provider answers for what a key signed, seconds since 1970: `receiptKeyUntil` of the channel escrow. 0 for a key that was never the provider's,
 * `RECEIPT_KEY_IN_USE` for one that was not removed.
 */
export type ReceiptKeyUntil = (key: string) => Promise<bigint>;

export const RECEIPT_KEY_IN_USE = 2n ** 40n - 1n;

/** Seconds for which an answer of the chain is used again. A removed key stays liable for days: far longer than this. */
export const KEY_READ_LIFE = 300;

export interface LiableKeys {
  /** Whether the provider answers for the key until this second, which counts in. */
  isLiable(key: string, until: bigint): Promise<boolean>;
}

/** Asks for each key at most every five minutes, as long as the answer is yes. */
export function liableKeys(receiptKeyUntil: ReceiptKeyUntil, now: () => number): LiableKeys {
  const known = new Map<string, { readonly until: bigint; readonly readAt: number }>();
  return {
    isLiable: async (key, until) => {
      const readAt = now();
      const last = known.get(key);
      const age = last && readAt - last.readAt;
      if (age !== undefined && age >= 0 && age < KEY_READ_LIFE && last!.until >= until) return true;
      const found = await receiptKeyUntil(key);
      if (found < until) return false;
      known.set(key, { until: found, readAt });
      return true;
    },
  };
}
