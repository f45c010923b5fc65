import { nodeHash } from "../commitments/merkle.ts";
import { TREES, type TraceNode } from "./tree.ts";

/** Nodes of somebody else's trace, as far as they were revealed. */
export class RevealedNodes {
  readonly #nodes = new Map<string, Uint8Array>();

  /**
   * Adds the descendants of a node and all nodes between.
   *
   * @param descendants all of one level, left to right; their number is a power of two
   * @returns the node's hash as they make it
   */
  add(node: TraceNode, descendants: readonly Uint8Array[]): Uint8Array {
    const levels = Math.log2(descendants.length);
    let row = descendants;
    for (let below = levels; ; below--) {
      const level = node.level - below;
      const first = node.index * 2 ** below;
      for (const [offset, hash] of row.entries()) {
        this.#nodes.set(keyOf({ ...node, level, index: first + offset }), hash);
      }
      if (below === 0) return row[0]!;
      row = Array.from({ length: row.length / 2 }, (_, pair) =>
        nodeHash(level + 1, row[2 * pair]!, row[2 * pair + 1]!),
      );
    }
  }

  find(node: TraceNode): Uint8Array | undefined {
    return this.#nodes.get(keyOf(node));
  }

  /** Siblings from a known node upwards, `levels` of them; undefined where one is not known. */
  siblings(node: TraceNode, levels: number): (Uint8Array | undefined)[] {
    return Array.from({ length: levels }, (_, up) =>
      this.find({ ...node, level: node.level + up, index: Math.floor(node.index / 2 ** up) ^ 1 }),
    );
  }
}

function keyOf({ tree, position, operator, level, index }: TraceNode): string {
  const prefix = [
    tree > TREES.positions ? (position ?? 0) : "",
    tree > TREES.operators ? (operator ?? 0) : "",
  ];
  return [tree, ...prefix, level, index].join("/");
}
