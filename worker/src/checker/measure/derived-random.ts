import { getBytes } from "ethers";
import { createHmac } from "node:crypto";

/**
 * Numbers that follow from a secret: the same again after a restart, and nobody else's guess. HMAC-SHA256 of the purpose and a counter, keyed with the secret.
 */
export class DerivedRandom {
  readonly #secret: Uint8Array;
  readonly #purpose: string;
  #counter = 0;

  /**
   * @param secret 32 bytes, hexadecimal
   * @param purpose what the numbers are for: those of different purposes have nothing to do with each other
   */
  constructor(secret: string, purpose: string) {
    this.#secret = getBytes(secret);
    this.#purpose = purpose;
  }

  /** Below 2^64. */
  bits64(): bigint {
    const message = JSON.stringify([this.#purpose, this.#counter++]);
    return createHmac("sha256", this.#secret).update(message).digest().readBigUInt64BE(0);
  }

  /** At least 0, below 1. */
  fraction(): number {
    return Number(this.bits64() >> 11n) / 2 ** 53;
  }

  /** A whole number from `least` to `most`, all equally likely. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** A whole number from `least`, at least 1, to `most`: as often between 10 and 20 as between 100 and 200. */
  logarithmic(least: number, most: number): number {
    return Math.min(most, Math.floor(least * ((most + 1) / least) ** this.fraction()));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.whole(0, items.length - 1)]!;
  }

  /** The items in an order in which any is equally likely to come first. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let end = shuffled.length - 1; end > 0; end--) {
      const other = this.whole(0, end);
      [shuffled[end], shuffled[other]] = [shuffled[other]!, shuffled[end]!];
    }
    return shuffled;
  }
}
