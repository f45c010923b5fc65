import { leafHash, nodeHash } from "../commitments/merkle.ts";
import {
  BLIND_BYTES,
  blindedLeafHash,
  KEYS_DEPTH,
  LEAVES_PER_KEY,
  outputPad,
} from "../commitments/private.ts";
import { TOKENS_PER_LEAF } from "../commitments/tokens.ts";
import type { Program } from "../program/program.ts";
import { chunkColumns, chunksPerRow } from "../tensors/chunks.ts";
import { ELEMENT_BYTES } from "../trace/encode-tile.ts";
import { checkAddress, locateTile } from "../trace/layout.ts";
import { depthOf } from "../trace/merkle-builder.ts";
import { layoutOf } from "./place.ts";
import type { Read } from "./read.ts";
import type { StepSubject } from "./step.ts";

/** A read that is opened by a Merkle path. */
export type OpenedRead = Exclude<Read, { from: "own" | "stops" }>;

/** A tree on the way from a leaf to its root: its levels, and the index of the leaf. */
export interface Climb {
  readonly depth: number;
  readonly index: number;
}

/** What an opening consists of. */
export interface OpeningShape {
  /** Length of what is opened. */
  readonly length: number;
  /** The trees that stand on each other, from the leaf upwards. */
  readonly climbs: readonly Climb[];
  /** Where the other child of a private request's promptRoot stands, 32 bytes that follow the siblings. */
  readonly beside?: "left" | "right";
}

/** @throws EngineError `INVALID_ARGUMENT` for a tile that no trace of the program has */
export function openingShape({ program, claim, request }: StepSubject, read: OpenedRead): OpeningShape {
  if (read.from === "trace") return tileShape(program, read);
  if (read.from === "tensor") {
    const tensor = program.tensors[read.tensor]!;
    const columns = chunkColumns(tensor, read.chunk);
    const chunks = chunksPerRow(tensor);
    return {
      length: tensor.kind === "rows" ? 4 + columns : 4 * columns,
      climbs: [
        { depth: depthOf(tensor.rows * chunks), index: read.row * chunks + read.chunk },
        { depth: depthOf(program.tensors.length), index: read.tensor },
      ],
    };
  }
  if (read.from === "pad") {
    return {
      length: BLIND_BYTES,
      climbs: [{ depth: KEYS_DEPTH, index: Math.floor(read.leaf / LEAVES_PER_KEY) }],
      beside: "left",
    };
  }
  const tokens = read.from === "prompt" ? request.promptCount : claim.outputCount;
  const depth = depthOf(Math.ceil(tokens / TOKENS_PER_LEAF));
  const climbs = [{ depth, index: read.leaf }];
  const isBlinded = read.from === "prompt" && request.isPrivate;
  const length = 4 * TOKENS_PER_LEAF;
  return isBlinded ? { length: BLIND_BYTES + length, climbs, beside: "right" } : { length, climbs };
}

/** Hash of the leaf that an opening shows. */
export function shownHash({ request }: StepSubject, read: OpenedRead, shown: Uint8Array): Uint8Array {
  const isBlinded = read.from === "prompt" && request.isPrivate;
  if (!isBlinded) return leafHash(shown);
  return blindedLeafHash(shown.subarray(0, BLIND_BYTES), shown.subarray(BLIND_BYTES));
}

/** What is read of what an opening shows. */
export function readOf({ request }: StepSubject, read: OpenedRead, shown: Uint8Array): Uint8Array {
  if (read.from === "pad") return outputPad(shown, read.leaf);
  return read.from === "prompt" && request.isPrivate ? shown.subarray(BLIND_BYTES) : shown;
}

function tileShape(program: Program, read: Extract<Read, { from: "trace" }>): OpeningShape {
  const layout = layoutOf(program);
  checkAddress(layout, read);
  const operator = layout.operators[read.operator]!;
  const { section, tileOfGroup } = locateTile(operator, read.tile);
  return {
    length: Math.min(section.tile, section.size - tileOfGroup * section.tile) * ELEMENT_BYTES[section.type],
    climbs: [
      { depth: operator.depth, index: read.tile },
      { depth: layout.operatorDepth, index: read.operator },
      { depth: layout.positionDepth, index: read.position },
    ],
  };
}

/** The root above `leaf`. @param sibling the siblings, one after another, from the leaf upwards */
export function rootAbove(leaf: Uint8Array, climbs: readonly Climb[], sibling: () => Uint8Array): Uint8Array {
  let hash = leaf;
  for (const { depth, index } of climbs) {
    for (let level = 1; level <= depth; level++) {
      const isRight = Math.floor(index / 2 ** (level - 1)) % 2 === 1;
      hash = isRight ? nodeHash(level, sibling(), hash) : nodeHash(level, hash, sibling());
    }
  }
  return hash;
}
