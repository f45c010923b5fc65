import { KECCAK } from "./keccak.generated.ts";

/** keccak256 of many messages at a time, in WebAssembly. Digests of 32 bytes stand one after another. */
export interface BatchHasher {
  /** keccak(0x00 ‖ data) of `data` cut into pieces of `size` bytes, at least one. */
  leaves(data: Uint8Array, size: number): Uint8Array;
  /** keccak(0x01 ‖ uint8 level ‖ left ‖ right). */
  node(level: number, left: Uint8Array, right: Uint8Array): Uint8Array;
  /** Root of the tree over 2^k leaves. */
  subtree(leaves: Uint8Array): Uint8Array;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly FREE: { readonly value: number };
  readonly leaves: (data: number, size: number, count: number, digests: number) => void;
  readonly parents: (children: number, count: number, level: number, digests: number) => void;
  readonly reduce: (hashes: number, levels: number) => void;
}

interface WasmInterface {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
  validate(bytes: Uint8Array): boolean;
}

const DIGEST = 32;
const PAGE = 65536;
/** Bytes of messages that are hashed at once: more than this gains nothing. */
const BATCH = 2 ** 20;

let hasher: BatchHasher | undefined;

/** The one hasher of this thread; undefined where WebAssembly has no 128-bit SIMD. */
export function batchHasher(): BatchHasher | undefined {
  if (hasher) return hasher;
  const wasm = (globalThis as unknown as { WebAssembly?: WasmInterface }).WebAssembly;
  const bytes = Uint8Array.from(atob(KECCAK), (character) => character.charCodeAt(0));
  if (!wasm?.validate(bytes)) return undefined;
  hasher = new WasmHasher(new wasm.Instance(new wasm.Module(bytes), {}).exports as Exports);
  return hasher;
}

class WasmHasher implements BatchHasher {
  readonly #exports: Exports;
  /** Where messages and digests go. A word is read before a message, and some after it. */
  readonly #base: number;
  #memory: Uint8Array;

  constructor(exports: Exports) {
    this.#exports = exports;
    this.#base = exports.FREE.value + 16;
    this.#memory = new Uint8Array(exports.memory.buffer);
  }

  leaves(data: Uint8Array, size: number): Uint8Array {
    const count = data.length / size;
    const digests = new Uint8Array(count * DIGEST);
    const step = 2 * Math.max(1, Math.floor(BATCH / size / 2));
    for (let first = 0; first < count; first += step) {
      const number = Math.min(count - first, step);
      const to = this.#base + number * size + 16;
      const memory = this.#atLeast(to + number * DIGEST);
      memory.set(data.subarray(first * size, (first + number) * size), this.#base);
      this.#exports.leaves(this.#base, size, number, to);
      digests.set(memory.subarray(to, to + number * DIGEST), first * DIGEST);
    }
    return digests;
  }

  node(level: number, left: Uint8Array, right: Uint8Array): Uint8Array {
    this.#memory.set(left, this.#base);
    this.#memory.set(right, this.#base + DIGEST);
    this.#exports.parents(this.#base, 1, level, this.#base);
    return this.#memory.slice(this.#base, this.#base + DIGEST);
  }

  subtree(leaves: Uint8Array): Uint8Array {
    const memory = this.#atLeast(this.#base + leaves.length);
    memory.set(leaves, this.#base);
    this.#exports.reduce(this.#base, Math.log2(leaves.length / DIGEST));
    return memory.slice(this.#base, this.#base + DIGEST);
  }

  #atLeast(bytes: number): Uint8Array {
    const missing = bytes + 16 - this.#memory.length;
    if (missing > 0) {
      this.#exports.memory.grow(Math.ceil(missing / PAGE));
      this.#memory = new Uint8Array(this.#exports.memory.buffer);
    }
    return this.#memory;
  }
}
