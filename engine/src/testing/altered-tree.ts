import { toHex } from "../commitments/hash.ts";
import { leafHash, nodeHash, PAD } from "../commitments/merkle.ts";
import { TREES, type TraceNode, type TraceTree } from "../dispute/tree.ts";
import { traceRootOf } from "../trace/trace.ts";

/**
 * A leaf of a trace. Without a tile that of an operator which the program does not have, without an operator that of such a
 * position: leaves that fill up the trees.
 */
export interface Leaf {
  readonly position: number;
  readonly operator?: number;
  readonly tile?: number;
}

/** A trace in which one leaf stands for other bytes; undefined for PAD. What leads to it is hashed anew, all else is as it was. */
export function alteredTree(tree: TraceTree, leaf: Leaf, data: Uint8Array | undefined): TraceTree {
  const { layout } = tree;
  const { position, operator, tile } = leaf;
  const path = [
    { tree: TREES.tiles, depth: layout.operators[operator ?? 0]?.depth ?? 0, leaf: tile },
    { tree: TREES.operators, depth: layout.operatorDepth, leaf: operator },
    { tree: TREES.positions, depth: layout.positionDepth, leaf: position },
  ];
  const changed = once(async () => {
    const nodes = new Map<string, Uint8Array>();
    let hash = data ? leafHash(data) : PAD;
    for (const { tree: number, depth, leaf: at } of path) {
      if (at === undefined) continue;
      nodes.set(`${number}/0/${at}`, hash);
      for (let level = 0; level < depth; level++) {
        const index = Math.floor(at / 2 ** level);
        const node = { tree: number, position, operator: operator ?? 0, level, index: index ^ 1 };
        const [sibling] = await tree.descendants(node, 0);
        hash = index % 2 === 0 ? nodeHash(level + 1, hash, sibling!) : nodeHash(level + 1, sibling!, hash);
        nodes.set(`${number}/${level + 1}/${Math.floor(index / 2)}`, hash);
      }
    }
    return { nodes, root: toHex(hash) };
  });
  const isOnPath = (node: TraceNode) =>
    node.tree === TREES.positions ||
    (node.position === position && (node.tree === TREES.operators || node.operator === operator));
  return {
    layout,
    async commitment() {
      const commitment = await tree.commitment();
      const positionsRoot = (await changed()).root;
      return { ...commitment, positionsRoot, traceRoot: traceRootOf(positionsRoot, commitment.outputRoot) };
    },
    async descendants(node, levels) {
      const found = await tree.descendants(node, levels);
      if (!isOnPath(node)) return found;
      const { nodes } = await changed();
      const first = node.index * 2 ** levels;
      return found.map(
        (hash, offset) => nodes.get(`${node.tree}/${node.level - levels}/${first + offset}`) ?? hash,
      );
    },
    async tile(at) {
      const isIt = at.position === position && at.operator === operator && at.tile === tile;
      return isIt ? data : tree.tile(at);
    },
  };
}

function once<Value>(compute: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => (value ??= compute());
}
