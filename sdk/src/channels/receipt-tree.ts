import { concat, keccak256, toBeHex } from "ethers";

/** What fills the tree up to a power of two: the hash of `0x02`. */
const PAD = keccak256("0x02");
/** By height, the subtree of nothing but padding. */
const PADS = [PAD];

/**
 * All receipts of a channel, by their digests in the order of their nonces: an append-only Merkle tree of which only one node a level is kept.
 * Leaves are `keccak(0x00 ‖ digest)`, nodes `keccak(0x01 ‖ uint8 height ‖ left ‖ right)`; it is filled up to a power of two with `keccak(0x02)`, as all
 * trees of the protocol. The root alone does not say how many leaves there are: it goes with its count.
 */
export class ReceiptTree {
  #count: number;
  /** The complete subtree of 2^i leaves that stands where the count's bit i is set. */
  readonly #peaks: string[];

  private constructor(count: number, peaks: readonly string[]) {
    this.#count = count;
    this.#peaks = [...peaks];
  }

  static empty(): ReceiptTree {
    return new ReceiptTree(0, []);
  }

  /**
   * A tree as `save` gave it.
   *
   * @throws RangeError when the number of peaks does not fit the count
   */
  static load(saved: { readonly count: number; readonly peaks: readonly string[] }): ReceiptTree {
    const { count, peaks } = saved;
    const levels = count === 0 ? 0 : Math.floor(Math.log2(count)) + 1;
    const fits = Array.from({ length: levels }, (_, level) =>
      bit(count, level) ? peaks[level] !== "" : true,
    );
    if (!Number.isSafeInteger(count) || count < 0 || peaks.length !== levels || fits.includes(false)) {
      throw new RangeError(`${peaks.length} peaks are no tree of ${count} receipts`);
    }
    return new ReceiptTree(count, peaks);
  }

  /** What has to be kept: the number of receipts and at most 32 hashes. */
  save(): { readonly count: number; readonly peaks: readonly string[] } {
    return { count: this.#count, peaks: [...this.#peaks] };
  }

  get count(): number {
    return this.#count;
  }

  /** Adds the digest of the next receipt. */
  append(digest: string): void {
    let node = keccak256(concat(["0x00", digest]));
    let level = 0;
    for (; bit(this.#count, level); level++) {
      node = nodeHash(level + 1, this.#peaks[level]!, node);
      this.#peaks[level] = "";
    }
    this.#peaks[level] = node;
    this.#count++;
  }

  /** The root over all receipts; `keccak(0x02)` of none. */
  get root(): string {
    const levels = this.#peaks.length;
    if (levels === 0) return PAD;
    let node: string | undefined;
    for (let level = 0; level < levels; level++) {
      const peak = bit(this.#count, level) ? this.#peaks[level]! : undefined;
      const isTop = level === levels - 1;
      if (peak !== undefined) {
        if (isTop && node === undefined) return peak;
        node = nodeHash(level + 1, peak, node ?? padOf(level));
      } else if (node !== undefined) {
        node = nodeHash(level + 1, node, padOf(level));
      }
    }
    return node!;
  }
}

function padOf(level: number): string {
  for (let height = PADS.length; height <= level; height++) {
    PADS.push(nodeHash(height, PADS[height - 1]!, PADS[height - 1]!));
  }
  return PADS[level]!;
}

function nodeHash(height: number, left: string, right: string): string {
  return keccak256(concat(["0x01", toBeHex(height, 1), left, right]));
}

function bit(count: number, level: number): boolean {
  return Math.floor(count / 2 ** level) % 2 === 1;
}
