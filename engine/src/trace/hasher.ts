import { batchHasher } from "../commitments/keccak.ts";
import { leafHash, merkleRoot, nodeHash } from "../commitments/merkle.ts";

/** The two hashes of a tree. Digests of many stand one after another, 32 bytes each. */
export interface TreeHasher {
  /** keccak(0x00 ‖ data). */
  leaf(data: Uint8Array): Uint8Array;
  /** The same of many leaves of `size` bytes, at least one: pieces of `data`, one after another. */
  leaves(data: Uint8Array, size: number): Uint8Array;
  /** keccak(0x01 ‖ uint8 level ‖ left ‖ right). */
  node(level: number, left: Uint8Array, right: Uint8Array): Uint8Array;
  /** Root of the tree over 2^k leaves. */
  subtree(leaves: Uint8Array): Uint8Array;
}

const DIGEST = 32;

/** By WebAssembly, two hashes at once; in JavaScript, which takes twenty times as long, where there is no SIMD. */
export function createTreeHasher(): Promise<TreeHasher> {
  return Promise.resolve(treeHasher());
}

export function treeHasher(): TreeHasher {
  const batch = batchHasher();
  if (!batch) return PLAIN_HASHER;
  return {
    leaf: (data) => (data.length === 0 ? leafHash(data) : batch.leaves(data, data.length)),
    leaves: (data, size) => batch.leaves(data, size),
    node: (level, left, right) => batch.node(level, left, right),
    subtree: (leaves) => batch.subtree(leaves),
  };
}

/** The hashes of the specification, one by one. */
export const PLAIN_HASHER: TreeHasher = {
  leaf: leafHash,
  leaves(data, size) {
    const digests = new Uint8Array((data.length / size) * DIGEST);
    pieces(data, size).forEach((piece, index) => {
      digests.set(leafHash(piece), index * DIGEST);
    });
    return digests;
  },
  node: nodeHash,
  subtree: (leaves) => merkleRoot(pieces(leaves, DIGEST)),
};

function pieces(data: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: data.length / size }, (_, index) =>
    data.subarray(index * size, (index + 1) * size),
  );
}
