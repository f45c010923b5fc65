import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { toHex, type Hex } from "../commitments/hash.ts";
import { encodeTensor } from "../tensors/bytes.ts";
import { tensorRoot } from "../tensors/chunks.ts";
import type { Tensor } from "../tensors/tensor.ts";

/** What became of one part of an import. */
export interface WrittenTensors {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Roots of its tensors, in order. */
  readonly roots: readonly Hex[];
}

const LARGEST_WRITE = 2 ** 26;

/** A new file of tensors, hashed while it is written. Writes wait for the disk: the next tensor needs the memory. */
export class TensorFile {
  readonly #name: string;
  readonly #descriptor: number;
  readonly #hash = createHash("sha256");
  readonly #roots: Hex[] = [];
  #bytes = 0;

  constructor(directory: string, name: string) {
    this.#name = name;
    this.#descriptor = openSync(join(directory, name), "w");
  }

  write(tensor: Tensor): void {
    for (const part of encodeTensor(tensor)) {
      for (let at = 0; at < part.length;) {
        const piece = part.subarray(at, at + LARGEST_WRITE);
        const written = writeSync(this.#descriptor, piece);
        this.#hash.update(piece.subarray(0, written));
        at += written;
      }
      this.#bytes += part.length;
    }
    this.#roots.push(toHex(tensorRoot(tensor)));
  }

  /** Returns when the file is on the disk. */
  close(): void {
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
  }

  summary(): WrittenTensors {
    return { file: this.#name, bytes: this.#bytes, sha256: this.#hash.digest("hex"), roots: this.#roots };
  }
}
