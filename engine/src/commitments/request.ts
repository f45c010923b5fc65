import { concatBytes } from "@noble/hashes/utils.js";
import { unsigned } from "./big-endian.ts";
import {
  encodeGeneration,
  encodeStopSequences,
  stopsHashBytes,
  type GenerationParameters,
} from "./generation.ts";
import { HASH_TAG, taggedHash, toHex, type Hex } from "./hash.ts";
import { tokensRootBytes } from "./tokens.ts";

export interface RequestCommitment extends GenerationParameters {
  /** Token ids of the prompt, first to last. */
  readonly prompt: readonly number[];
  /** Output tokens that were generated before this request continues them. Default 0. */
  readonly startOffset?: number;
}

/**
 * keccak(0x04 ‖ uint32 promptCount ‖ uint32 startOffset ‖ uint64 seed ‖ bytes32 generation ‖ stopsHash ‖ tokensRoot).
 *
 * @throws EngineError `INVALID_ARGUMENT` when a value does not fit into its bytes
 */
export function inputRoot(request: RequestCommitment): Hex {
  return toHex(taggedHash(HASH_TAG.input, encodeRequest(request)));
}

/** What `inputRoot` hashes after its tag: 112 bytes. */
export function encodeRequest(request: RequestCommitment): Uint8Array {
  return concatBytes(
    unsigned(request.prompt.length, 4, "promptCount"),
    unsigned(request.startOffset ?? 0, 4, "startOffset"),
    unsigned(request.seed ?? 0n, 8, "seed"),
    encodeGeneration(request),
    stopsHashBytes(encodeStopSequences(request.stopSequences ?? [])),
    tokensRootBytes(request.prompt),
  );
}

/**
 * keccak(0x03 ‖ uint32 count ‖ uint8 complete ‖ tokensRoot).
 *
 * @param complete true when `tokens` are the whole answer, false when they are the first ones of a longer answer.
 */
export function outputRoot(tokens: readonly number[], complete: boolean): Hex {
  return toHex(
    taggedHash(
      HASH_TAG.output,
      unsigned(tokens.length, 4, "count"),
      Uint8Array.of(complete ? 1 : 0),
      tokensRootBytes(tokens),
    ),
  );
}
