import type { ElementAddress, TraceNode, TraceTree } from "./engine.ts";

type Layout = TraceTree["layout"];

/** Levels that a reveal of a node `level` levels above the leaves of its tree shows; 0 for a leaf. As `revealLevels` of the game. */
export function revealLevels(level: number): number {
  return level === 0 ? 0 : Math.ceil(level / Math.ceil(level / 6));
}

/** Where a walk down a trace stands: the part of a challenge that names its node. */
export interface Place {
  readonly tree: number;
  readonly level: number;
  readonly at: Pick<ElementAddress, "position" | "operator" | "tile">;
}

/** The node at a place; indices of the tree under way are those at its level. */
export function nodeAt({ tree, level, at }: Place): TraceNode {
  const index = [at.position, at.operator, at.tile][tree]!;
  return { tree, level, index, position: at.position, operator: at.operator };
}

/** The reveals that lead from the root to a place, outermost first. */
export function reveals(layout: Layout, place: Place): TraceNode[] {
  const { at } = place;
  const found: TraceNode[] = [];
  for (let tree = 0; tree <= place.tree; tree++) {
    const depth = depthOf(layout, tree, at.operator);
    const last = tree === place.tree ? place.level : 0;
    const leaf = [at.position, at.operator, at.tile][tree]!;
    for (let level = depth; level > last; level -= revealLevels(level)) {
      const index = Math.floor(leaf / 2 ** (level - last));
      found.push({ tree, level, index, position: at.position, operator: at.operator });
    }
  }
  return found;
}

function depthOf(layout: Layout, tree: number, operator: number): number {
  if (tree === 0) return layout.positionDepth;
  return tree === 1 ? layout.operatorDepth : layout.operators[operator]!.depth;
}
