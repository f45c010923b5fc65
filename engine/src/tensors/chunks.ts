import { leafHash, merkleRoot } from "../commitments/merkle.ts";
import type { Tensor } from "./tensor.ts";

/** Largest number of int8 weights in one leaf. A row's product is traced in partial sums over the same chunks. */
export const ROW_CHUNK = 4096;
/** Largest number of int32 table entries in one leaf. */
export const TABLE_CHUNK = 1024;

export function chunksPerRow(tensor: Pick<Tensor, "kind" | "columns">): number {
  return Math.ceil(tensor.columns / (tensor.kind === "rows" ? ROW_CHUNK : TABLE_CHUNK));
}

/**
 * Canonical bytes of one leaf: chunk `chunk` of row `row`.
 *
 * rows: uint16 multiplier ‖ int16 shift ‖ int8 weights. table: int32 entries. Big endian.
 */
export function chunkBytes(tensor: Tensor, row: number, chunk: number): Uint8Array {
  const size = tensor.kind === "rows" ? ROW_CHUNK : TABLE_CHUNK;
  const start = row * tensor.columns + chunk * size;
  const count = Math.min(size, tensor.columns - chunk * size);
  if (tensor.kind === "rows") {
    const bytes = new Uint8Array(4 + count);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, tensor.multipliers[row]!);
    view.setInt16(2, tensor.shifts[row]!);
    for (let index = 0; index < count; index++) view.setInt8(4 + index, tensor.values[start + index]!);
    return bytes;
  }
  const bytes = new Uint8Array(4 * count);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < count; index++) view.setInt32(4 * index, tensor.values[start + index]!);
  return bytes;
}

/** Merkle root over a tensor's chunks, row after row: leaf index = row · chunksPerRow + chunk. */
export function tensorRoot(tensor: Tensor): Uint8Array {
  const leaves: Uint8Array[] = [];
  for (let row = 0; row < tensor.rows; row++) {
    for (let chunk = 0; chunk < chunksPerRow(tensor); chunk++) {
      leaves.push(leafHash(chunkBytes(tensor, row, chunk)));
    }
  }
  return merkleRoot(leaves);
}
