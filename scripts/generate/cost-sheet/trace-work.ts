import { ELEMENT_BYTES } from "../../../engine/src/trace/encode-tile.ts";
import { depthOf } from "../../../engine/src/trace/merkle-builder.ts";
import { traceLayout } from "../../../engine/src/trace/layout.ts";
import type { Program } from "../../../engine/src/program/program.ts";

/** What hashing one position of a trace takes. */
export interface TraceWork {
  /** Bytes of all tiles that are not PAD. */
  readonly bytes: number;
  readonly hashes: number;
  /** Permutations of keccak: blocks of 136 bytes. */
  readonly blocks: number;
}

/** The work of one position, of all its operators or only of those that always run. Runs of PAD cost one node a level. */
export function traceWork(program: Program, position: number, generating = true): TraceWork {
  const work = { bytes: 0, hashes: 0, blocks: 0 };
  const leaf = (bytes: number) => {
    work.bytes += bytes;
    work.hashes += 1;
    work.blocks += Math.floor((1 + bytes) / 136) + 1;
  };
  const nodes = (count: number) => {
    work.hashes += count;
    work.blocks += count;
  };
  for (const [index, { sections }] of traceLayout(program).operators.entries()) {
    if (!generating && program.operators[index]!.phase === "generating") continue;
    for (const { type, groups, size, tile, tilesPerGroup } of sections) {
      // Only groups over positions hold context elements, or one for 256 of them.
      const fraction = (position + 1) / program.contextLength;
      const overPositions =
        size === program.contextLength || (groups > 1 && size === Math.ceil(program.contextLength / 256));
      const active = overPositions ? Math.ceil(size * fraction) : size;
      const filled = Math.ceil(active / tile);
      for (let group = 0; group < groups; group++) {
        for (let index = 0; index < filled; index++) {
          leaf(Math.min(tile, size - index * tile) * ELEMENT_BYTES[type]);
        }
        nodes(filled + (filled < tilesPerGroup ? depthOf(tilesPerGroup) : 0));
      }
    }
  }
  nodes(program.operators.length);
  return work;
}
