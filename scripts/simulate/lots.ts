import { createHash } from "node:crypto";

/** Everything that is left to chance in a simulated day, drawn from its seed: the same on every machine. */
export class Lots {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Lots of their own, which others do not shift. */
  of(name: string): Lots {
    return new Lots(`${this.#seed}/${name}`);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    const digest = createHash("sha256").update(`${this.#seed}#${this.#drawn++}`).digest();
    return least + (digest.readUIntBE(0, 6) % (most - least + 1));
  }

  /** True in so many of a hundred cases. */
  percent(chance: number): boolean {
    return this.between(1, 100) <= chance;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** A private key, salt or root of this name: 32 bytes as hexadecimal digits. */
  bytes32(name: string): string {
    return `0x${createHash("sha256").update(`${this.#seed}:${name}`).digest("hex")}`;
  }
}
