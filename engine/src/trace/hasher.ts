import { createKeccak } from "hash-wasm";
import { HASH_TAG } from "../commitments/hash.ts";

/** The two hashes of a tree, by a WebAssembly keccak: six to nine times as fast as the one in JavaScript. */
export interface TreeHasher {
  /** keccak(0x00 ‖ data). */
  leaf(data: Uint8Array): Uint8Array;
  /** keccak(0x01 ‖ uint8 level ‖ left ‖ right). */
  node(level: number, left: Uint8Array, right: Uint8Array): Uint8Array;
}

const LEAF_TAG = Uint8Array.of(HASH_TAG.leaf);

export async function createTreeHasher(): Promise<TreeHasher> {
  const keccak = await createKeccak(256);
  const message = new Uint8Array(66);
  message[0] = HASH_TAG.node;
  return {
    leaf(data) {
      keccak.init();
      keccak.update(LEAF_TAG);
      keccak.update(data);
      return keccak.digest("binary");
    },
    node(level, left, right) {
      message[1] = level;
      message.set(left, 2);
      message.set(right, 34);
      keccak.init();
      keccak.update(message);
      return keccak.digest("binary");
    },
  };
}
