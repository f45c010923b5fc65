import { toHex, type Hex } from "../commitments/hash.ts";
import { leafHash, nodeHash, PAD } from "../commitments/merkle.ts";
import type { Program } from "../program/program.ts";
import { ELEMENT_BYTES } from "./encode-tile.ts";
import { checkAddress, locateTile, traceLayout } from "./layout.ts";
import { traceRootOf } from "./trace.ts";
import type { Opening } from "./tracer.ts";

/**
 * Whether `opening` shows what a trace has at its address. Data of another length than the tile's, and paths of another
 * depth, are false however they hash.
 *
 * @throws EngineError `INVALID_ARGUMENT` when the program's traces have no such address.
 */
export function verifyOpening(
  program: Program,
  roots: { readonly traceRoot: Hex; readonly outputRoot: Hex },
  opening: Opening,
): boolean {
  const layout = traceLayout(program);
  checkAddress(layout, opening);
  const { position, operator, tile, data, path } = opening;
  const operatorLayout = layout.operators[operator]!;
  const { section, tileOfGroup } = locateTile(operatorLayout, tile);
  const elements = Math.min(section.tile, section.size - tileOfGroup * section.tile);
  if (data && data.length !== elements * ELEMENT_BYTES[section.type]) return false;
  const trees = [
    [operatorLayout.depth, tile],
    [layout.operatorDepth, operator],
    [layout.positionDepth, position],
  ] as const;
  if (path.length !== trees.reduce((sum, [depth]) => sum + depth, 0)) return false;
  let hash = data ? leafHash(data) : PAD;
  let next = 0;
  for (const [depth, index] of trees) {
    for (let level = 1; level <= depth; level++) {
      const sibling = path[next++]!;
      const isRight = Math.floor(index / 2 ** (level - 1)) % 2 === 1;
      hash = isRight ? nodeHash(level, sibling, hash) : nodeHash(level, hash, sibling);
    }
  }
  return traceRootOf(toHex(hash), roots.outputRoot).toLowerCase() === roots.traceRoot.toLowerCase();
}
