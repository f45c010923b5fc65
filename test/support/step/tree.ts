import { nodeHash } from "../../../engine/src/commitments/merkle.ts";

/** What stands at a node below which nothing is known. Level 0 are the leaves. */
export type Elsewhere = (level: number) => Uint8Array;

/** A complete binary tree of which some leaves are known. */
export interface Tree {
  readonly root: Uint8Array;
  /** Level 0 are the leaves. */
  node(level: number, index: number): Uint8Array;
  /** Siblings of a leaf from the leaf upwards. */
  path(index: number): Uint8Array[];
}

/** @param leaves hashes by index */
export function treeOf(depth: number, leaves: ReadonlyMap<number, Uint8Array>, elsewhere: Elsewhere): Tree {
  const rows = [new Map(leaves)];
  const at = (level: number, index: number) => rows[level]!.get(index) ?? elsewhere(level);
  for (let level = 1; level <= depth; level++) {
    const row = new Map<number, Uint8Array>();
    for (const index of new Set(Array.from(rows[level - 1]!.keys(), (child) => Math.floor(child / 2)))) {
      row.set(index, nodeHash(level, at(level - 1, 2 * index), at(level - 1, 2 * index + 1)));
    }
    rows.push(row);
  }
  return {
    root: at(depth, 0),
    node: at,
    path: (index) =>
      Array.from({ length: depth }, (_, level) => {
        const own = Math.floor(index / 2 ** level);
        return at(level, own % 2 === 0 ? own + 1 : own - 1);
      }),
  };
}
