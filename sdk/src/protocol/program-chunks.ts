import { leafHash, merkleLevels, merklePath, merkleRoot, toHex, type Hex } from "@athanor/engine/commitments";

/** Parts of a program that the program registry takes in one call: 2^8. */
const PARTS_PER_CHUNK = 256;
const CHUNK_DEPTH = 8;

/** The arguments of one call of `ProgramRegistry.addChunk`, the root excepted. */
export interface ProgramChunk {
  readonly chunk: number;
  readonly parts: Uint8Array[];
  /** Siblings from the chunk's node upwards, 32 bytes each. */
  readonly path: Uint8Array[];
}

/** The chunks of a program in order. @param parts header, operators and tensors in their canonical bytes */
export function programChunks(parts: readonly Uint8Array[]): ProgramChunk[] {
  const levels = merkleLevels(parts.map(leafHash));
  return Array.from({ length: Math.ceil(parts.length / PARTS_PER_CHUNK) }, (_, chunk) => {
    const first = chunk * PARTS_PER_CHUNK;
    return {
      chunk,
      parts: parts.slice(first, first + PARTS_PER_CHUNK),
      path: merklePath(levels, first).slice(CHUNK_DEPTH),
    };
  });
}

/** The Merkle root over a program's parts. */
export function rootOfParts(parts: readonly Uint8Array[]): Hex {
  return toHex(merkleRoot(parts.map(leafHash)));
}
