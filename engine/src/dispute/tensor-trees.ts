import { merkleLevels, merklePath } from "../commitments/merkle.ts";
import type { Model } from "../model.ts";
import { chunkBytes, chunksPerRow, tensorRoot } from "../tensors/chunks.ts";
import { treeHasher, type TreeHasher } from "../trace/hasher.ts";

/** Trees of tensors that are kept for the next opening. */
const KEPT_TREES = 8;

const models = new WeakMap<Model, TensorTrees>();

/** The trees over a model's weights. */
export function tensorTrees(model: Model): TensorTrees {
  let trees = models.get(model);
  if (!trees) models.set(model, (trees = new TensorTrees(model)));
  return trees;
}

/** Holds a hash for each tensor, once all were hashed, and the nodes of a few trees. */
export class TensorTrees {
  readonly #model: Model;
  readonly #hasher: TreeHasher = treeHasher();
  /** The tree over the tensors. */
  #roots: readonly (readonly Uint8Array[])[] | undefined;
  /** By tensor, the one used last at the end: its nodes by level. */
  readonly #kept = new Map<number, Uint8Array[][]>();

  constructor(model: Model) {
    this.#model = model;
  }

  /** A leaf's bytes, and its siblings up to the model's weightsRoot. */
  open(tensor: number, row: number, chunk: number): { data: Uint8Array; path: Uint8Array[] } {
    const values = this.#model.tensors[tensor]!;
    this.#roots ??= merkleLevels(this.#model.tensors.map(tensorRoot));
    const path = merklePath(this.#tree(tensor), row * chunksPerRow(values) + chunk);
    return { data: chunkBytes(values, row, chunk), path: [...path, ...merklePath(this.#roots, tensor)] };
  }

  #tree(tensor: number): Uint8Array[][] {
    const node: TreeHasher["node"] = (level, left, right) => this.#hasher.node(level, left, right);
    const tree = this.#kept.get(tensor) ?? merkleLevels([...this.#leaves(tensor)], node);
    this.#kept.delete(tensor);
    this.#kept.set(tensor, tree);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_TREES) break;
      this.#kept.delete(oldest);
    }
    return tree;
  }

  *#leaves(index: number): Generator<Uint8Array> {
    const tensor = this.#model.tensors[index]!;
    for (let row = 0; row < tensor.rows; row++) {
      for (let chunk = 0; chunk < chunksPerRow(tensor); chunk++) {
        yield this.#hasher.leaf(chunkBytes(tensor, row, chunk));
      }
    }
  }
}
