import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** The only source of chance: the same seed gives the same numbers on every machine. */
export class Random {
  readonly #seed: number;
  readonly #generator: ReturnType<typeof xoroshiro128plus>;
  #spareNormal: number | undefined;

  /** @param seed a whole number of 32 bits */
  constructor(seed: number) {
    this.#seed = seed | 0;
    this.#generator = xoroshiro128plus(this.#seed);
    // The first numbers of neighbouring seeds resemble each other.
    for (let skipped = 0; skipped < 32; skipped++) this.#generator.next();
  }

  /** A generator of its own, which others do not shift. Two names give two sequences (FNV-1a of name and seed). */
  of(name: string): Random {
    let hash = 0x811c9dc5 ^ this.#seed;
    for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
    return new Random(hash);
  }

  /** At least 0, below 1. */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Standard normal, by Box and Muller's transform. */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** How many of `trials` succeed. Takes a number for each that does, so keep them in the hundreds. */
  binomial(trials: number, probability: number): number {
    let successes = 0;
    let trial = this.failuresBeforeSuccess(probability);
    while (trial < trials) {
      successes++;
      trial += 1 + this.failuresBeforeSuccess(probability);
    }
    return successes;
  }

  /** Failures before the first success: 0, 1, …, Infinity if there is no success to wait for. */
  failuresBeforeSuccess(probability: number): number {
    if (probability <= 0) return Infinity;
    if (probability >= 1) return 0;
    return Math.floor(Math.log(1 - this.uniform()) / Math.log(1 - probability));
  }
}
