import { concatBytes } from "@noble/hashes/utils.js";
import { unsigned } from "./big-endian.ts";
import {
  encodeGeneration,
  encodePrivateGeneration,
  encodeStopSequences,
  stopsHashBytes,
  type GenerationParameters,
} from "./generation.ts";
import { HASH_TAG, taggedHash, toHex, type Hex } from "./hash.ts";
import { outputTokensRootBytes, privatePromptRootOf } from "./private.ts";
import { tokensRootBytes } from "./tokens.ts";

export interface RequestCommitment extends GenerationParameters {
  /** Token ids of the prompt, first to last. */
  readonly prompt: readonly number[];
  /** Output tokens that were generated before this request continues them. Default 0. */
  readonly startOffset?: number;
  /**
   * Makes the request private: 32 random bytes that only client and provider know. Never the same for two requests: what
   * encrypts the output follows from it.
   */
  readonly secret?: Uint8Array;
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
  const { secret } = request;
  return concatBytes(
    unsigned(request.prompt.length, 4, "promptCount"),
    unsigned(request.startOffset ?? 0, 4, "startOffset"),
    unsigned(request.seed ?? 0n, 8, "seed"),
    secret ? encodePrivateGeneration(request) : encodeGeneration(request),
    stopsHashBytes(encodeStopSequences(request.stopSequences ?? [])),
    secret ? privatePromptRootOf(request.prompt, secret) : tokensRootBytes(request.prompt),
  );
}

/**
 * keccak(0x03 ‖ uint32 count ‖ uint8 complete ‖ tokensRoot).
 *
 * @param complete true when `tokens` are the whole answer, false when they are the first ones of a longer answer.
 * @param secret of a private request: the root is over the encrypted tokens
 */
export function outputRoot(tokens: readonly number[], complete: boolean, secret?: Uint8Array): Hex {
  return toHex(
    taggedHash(
      HASH_TAG.output,
      unsigned(tokens.length, 4, "count"),
      Uint8Array.of(complete ? 1 : 0),
      outputTokensRootBytes(tokens, secret),
    ),
  );
}

/** Root over the output's tokens as a result and its claim have it. @param secret of a private request: over the encrypted tokens */
export function outputTokensRoot(tokens: readonly number[], secret?: Uint8Array): Hex {
  return toHex(outputTokensRootBytes(tokens, secret));
}
