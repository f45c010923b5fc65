import { PAD } from "../commitments/merkle.ts";
import type { TreeHasher } from "./hasher.ts";

const DIGEST = 32;

/** Roots of subtrees whose leaves are all the same hash, by level. */
export class Uniform {
  readonly #hasher: TreeHasher;
  readonly #roots: Uint8Array[];

  constructor(hasher: TreeHasher, leaf: Uint8Array) {
    this.#hasher = hasher;
    this.#roots = [leaf];
  }

  /** Root over 2^level leaves. */
  root(level: number): Uint8Array {
    for (let known = this.#roots.length; known <= level; known++) {
      const below = this.#roots[known - 1]!;
      this.#roots.push(this.#hasher.node(known, below, below));
    }
    return this.#roots[level]!;
  }
}

/**
 * The tree of `merkleRoot`, leaf by leaf from left to right. Holds one node a level, and the siblings above the leaves
 * that it was asked to watch.
 */
export class MerkleBuilder {
  readonly #hasher: TreeHasher;
  readonly #pads: Uniform;
  readonly #paths: Map<number, Uint8Array[]>;
  /** The completed left node of each level that waits for its right sibling. */
  readonly #waiting: Uint8Array[] = [];
  #count = 0;

  /** @param watched indices of leaves whose paths are wanted */
  constructor(hasher: TreeHasher, pads: Uniform, watched: Iterable<number> = []) {
    this.#hasher = hasher;
    this.#pads = pads;
    this.#paths = new Map(Array.from(watched, (index) => [index, []]));
  }

  /** Number of leaves so far. */
  get count(): number {
    return this.#count;
  }

  push(leaf: Uint8Array): void {
    this.#put(0, leaf);
  }

  /** Pushes leaves of 32 bytes each, which stand one after another, in whole subtrees where nobody watches. */
  pushAll(leaves: Uint8Array): void {
    const total = leaves.length / DIGEST;
    for (let done = 0; done < total;) {
      const level = this.#wholeLevel(total - done);
      const run = leaves.subarray(done * DIGEST, (done + 2 ** level) * DIGEST);
      this.#put(level, level === 0 ? run.slice() : this.#hasher.subtree(run));
      done += 2 ** level;
    }
  }

  /** Pushes `count` equal leaves, in as few subtrees as alignment and watched leaves allow. */
  fill(leaves: Uniform, count: number): void {
    for (let rest = count; rest > 0;) {
      const level = this.#wholeLevel(rest);
      this.#put(level, leaves.root(level));
      rest -= 2 ** level;
    }
  }

  /** Pads to a power of two and returns the root. No leaf may follow. */
  root(): Uint8Array {
    const depth = depthOf(this.#count);
    this.fill(this.#pads, 2 ** depth - this.#count);
    return this.#waiting[depth]!;
  }

  /** Siblings of a watched leaf, from the leaf upwards. Complete once `root` was called. */
  path(index: number): Uint8Array[] {
    return this.#paths.get(index)!;
  }

  /** Level of the largest subtree that begins with the next leaf, has at most `rest` leaves and none that is watched. */
  #wholeLevel(rest: number): number {
    let level = 0;
    while (2 ** (level + 1) <= rest && this.#count % 2 ** (level + 1) === 0) level++;
    while (level > 0 && this.#watches(this.#count, this.#count + 2 ** level)) level--;
    return level;
  }

  #put(level: number, hash: Uint8Array): void {
    let index = this.#count / 2 ** level;
    this.#count += 2 ** level;
    for (;;) {
      if (this.#paths.size > 0) this.#record(level, index, hash);
      if (index % 2 === 0) break;
      hash = this.#hasher.node(level + 1, this.#waiting[level]!, hash);
      index = (index - 1) / 2;
      level++;
    }
    this.#waiting[level] = hash;
  }

  #record(level: number, index: number, hash: Uint8Array): void {
    const sibling = index % 2 === 0 ? index + 1 : index - 1;
    for (const [leaf, path] of this.#paths) {
      if (Math.floor(leaf / 2 ** level) === sibling) path[level] = hash;
    }
  }

  #watches(start: number, end: number): boolean {
    for (const leaf of this.#paths.keys()) if (leaf >= start && leaf < end) return true;
    return false;
  }
}

/** Levels above the leaves of a tree over `leaves` leaves; none and one have depth 0. */
export function depthOf(leaves: number): number {
  let depth = 0;
  while (2 ** depth < leaves) depth++;
  return depth;
}

/** Leaves that do not exist. */
export function padding(hasher: TreeHasher): Uniform {
  return new Uniform(hasher, PAD);
}
