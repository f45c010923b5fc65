import { treeHasher, type TreeHasher } from "../trace/hasher.ts";
import { MerkleBuilder, padding } from "../trace/merkle-builder.ts";
import type { Tensor } from "./tensor.ts";

const DIGEST = 32;

/** Largest number of int8 weights in one leaf. A row's product is traced in partial sums over the same chunks. */
export const ROW_CHUNK = 4096;
/** Largest number of int32 table entries in one leaf. */
export const TABLE_CHUNK = 1024;

export function chunksPerRow(tensor: Pick<Tensor, "kind" | "columns">): number {
  return Math.ceil(tensor.columns / (tensor.kind === "rows" ? ROW_CHUNK : TABLE_CHUNK));
}

/** Columns in one chunk of a row; the last chunk has the rest. */
export function chunkColumns({ kind, columns }: Pick<Tensor, "kind" | "columns">, chunk: number): number {
  const size = kind === "rows" ? ROW_CHUNK : TABLE_CHUNK;
  return Math.min(size, columns - chunk * size);
}

/**
 * Canonical bytes of one leaf: chunk `chunk` of row `row`.
 *
 * rows: uint16 multiplier ‖ int16 shift ‖ int8 weights. table: int32 entries. Big endian.
 */
export function chunkBytes(tensor: Tensor, row: number, chunk: number): Uint8Array {
  const size = tensor.kind === "rows" ? ROW_CHUNK : TABLE_CHUNK;
  const start = row * tensor.columns + chunk * size;
  const count = chunkColumns(tensor, chunk);
  if (tensor.kind === "rows") {
    const bytes = new Uint8Array(4 + count);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, tensor.multipliers[row]!);
    view.setInt16(2, tensor.shifts[row]!);
    bytes.set(tensor.values.subarray(start, start + count), 4);
    return bytes;
  }
  const bytes = new Uint8Array(4 * count);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < count; index++) view.setInt32(4 * index, tensor.values[start + index]!);
  return bytes;
}

/** Bytes of leaves that are put together before they are hashed. */
const BATCH = 2 ** 20;

/** Merkle root over a tensor's chunks, row after row: leaf index = row · chunksPerRow + chunk. */
export function tensorRoot(tensor: Tensor): Uint8Array {
  const hasher = treeHasher();
  const tree = new MerkleBuilder(hasher, padding(hasher));
  const chunks = chunksPerRow(tensor);
  const rows = Math.max(1, Math.floor(BATCH / (4 * tensor.columns)));
  for (let first = 0; first < tensor.rows; first += rows) {
    tree.pushAll(rowLeaves(tensor, first, Math.min(rows, tensor.rows - first), chunks, hasher));
  }
  return tree.root();
}

/** Hashes of the leaves of some rows, one after another. Chunks at one place of their rows are alike in length. */
function rowLeaves(
  tensor: Tensor,
  first: number,
  rows: number,
  chunks: number,
  hasher: TreeHasher,
): Uint8Array {
  const hashes = new Uint8Array(rows * chunks * DIGEST);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const { length } = chunkBytes(tensor, first, chunk);
    const bytes = new Uint8Array(rows * length);
    for (let row = 0; row < rows; row++) bytes.set(chunkBytes(tensor, first + row, chunk), row * length);
    const found = hasher.leaves(bytes, length);
    for (let row = 0; row < rows; row++) {
      hashes.set(found.subarray(row * DIGEST, (row + 1) * DIGEST), (row * chunks + chunk) * DIGEST);
    }
  }
  return hashes;
}
