import { unsigned } from "./big-endian.ts";
import { fromHex, HASH_TAG, taggedHash, toHex, type Hex } from "./hash.ts";

export interface ModelRootParts {
  /** Token ids are below this. */
  readonly vocabularySize: number;
  /** Prompt and output together are at most this many tokens. */
  readonly contextLength: number;
  /** Multiply-adds of one position that do not depend on the context. */
  readonly workPerPosition: bigint;
  readonly programRoot: Hex;
  readonly weightsRoot: Hex;
  /** keccak256 of tokenizer.json as it is on disk. */
  readonly tokenizerHash: Hex;
}

export interface ModelCommitment extends ModelRootParts {
  readonly modelRoot: Hex;
}

/**
 * keccak(0x05 ‖ uint32 vocabularySize ‖ uint32 contextLength ‖ uint64 workPerPosition ‖ programRoot ‖
 * weightsRoot ‖ tokenizerHash).
 */
export function modelRootOf(parts: ModelRootParts): Hex {
  return toHex(
    taggedHash(
      HASH_TAG.model,
      unsigned(parts.vocabularySize, 4, "vocabularySize"),
      unsigned(parts.contextLength, 4, "contextLength"),
      unsigned(parts.workPerPosition, 8, "workPerPosition"),
      fromHex(parts.programRoot),
      fromHex(parts.weightsRoot),
      fromHex(parts.tokenizerHash),
    ),
  );
}
