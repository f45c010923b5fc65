import type { TreeHasher } from "../trace/hasher.ts";
import type { Uniform } from "../trace/merkle-builder.ts";

/** A whole tree in memory: all nodes of all levels. Equal neighbours, of which padding consists, are hashed once. */
export class Layers {
  readonly #layers: (readonly Uint8Array[])[];

  /** @param leaves 32 bytes each, at most 2^depth; the rest is PAD */
  constructor(hasher: TreeHasher, pads: Uniform, leaves: readonly Uint8Array[], depth: number) {
    const pad = pads.root(0);
    const full = [...leaves];
    while (full.length < 2 ** depth) full.push(pad);
    this.#layers = [full];
    for (let level = 1; level <= depth; level++) {
      const below = this.#layers[level - 1]!;
      let last: { left: Uint8Array; right: Uint8Array; hash: Uint8Array } | undefined;
      const layer: Uint8Array[] = [];
      for (let index = 0; index < below.length; index += 2) {
        const left = below[index]!;
        const right = below[index + 1]!;
        if (last?.left !== left || last.right !== right) {
          last = { left, right, hash: hasher.node(level, left, right) };
        }
        layer.push(last.hash);
      }
      this.#layers.push(layer);
    }
  }

  get root(): Uint8Array {
    return this.#layers.at(-1)![0]!;
  }

  has(level: number, index: number): boolean {
    return this.#layers[level]?.[index] !== undefined;
  }

  /** The nodes `levels` levels below a node, left to right. */
  descendants(level: number, index: number, levels: number): Uint8Array[] {
    const width = 2 ** levels;
    return this.#layers[level - levels]!.slice(index * width, (index + 1) * width);
  }
}
