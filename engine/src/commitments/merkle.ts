import { HASH_TAG, taggedHash } from "./hash.ts";

/** Stands for a leaf that does not exist: keccak(0x02). */
export const PAD: Uint8Array = taggedHash(HASH_TAG.padding);

/** keccak(0x00 ‖ data). */
export function leafHash(data: Uint8Array): Uint8Array {
  return taggedHash(HASH_TAG.leaf, data);
}

/**
 * keccak(0x01 ‖ uint8 level ‖ left ‖ right).
 *
 * @param level height above the leaves: 1 for a parent of leaves. Being hashed, it keeps a node of one height
 * from being presented as a node of another.
 */
export function nodeHash(level: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  return taggedHash(HASH_TAG.node, Uint8Array.of(level), left, right);
}

/**
 * Root of the binary Merkle tree over leaf hashes (32 bytes each). The list is padded with PAD to the next
 * power of two; no leaves give PAD, one leaf is its own root.
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let row = leaves.length === 0 ? [PAD] : [...leaves];
  while ((row.length & (row.length - 1)) !== 0) row.push(PAD);
  for (let level = 1; row.length > 1; level++) {
    const parents: Uint8Array[] = [];
    for (let index = 0; index < row.length; index += 2) {
      parents.push(nodeHash(level, row[index]!, row[index + 1]!));
    }
    row = parents;
  }
  return row[0]!;
}

/**
 * All nodes of the tree of `merkleRoot`, level by level from the leaves up, each level but the last of even length; what lies
 * over PAD alone beyond that is left out.
 *
 * @param node hashes as `nodeHash` does
 */
export function merkleLevels(leaves: readonly Uint8Array[], node = nodeHash): Uint8Array[][] {
  const levels = [leaves.length === 0 ? [PAD] : [...leaves]];
  let pad = PAD;
  for (let level = 1; levels[level - 1]!.length > 1; level++) {
    const below = levels[level - 1]!;
    if (below.length % 2 === 1) below.push(pad);
    levels.push(
      Array.from({ length: below.length / 2 }, (_, index) =>
        node(level, below[2 * index]!, below[2 * index + 1]!),
      ),
    );
    pad = node(level, pad, pad);
  }
  return levels;
}

/** Siblings of a leaf, from the leaf upwards, in the tree of `merkleLevels`. */
export function merklePath(levels: readonly (readonly Uint8Array[])[], leaf: number): Uint8Array[] {
  return levels.slice(0, -1).map((row, level) => row[Math.floor(leaf / 2 ** level) ^ 1]!);
}
