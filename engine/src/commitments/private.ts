import { concatBytes } from "@noble/hashes/utils.js";
import { EngineError } from "../errors.ts";
import { unsigned } from "./big-endian.ts";
import { HASH_TAG, taggedHash } from "./hash.ts";
import { leafHash, merkleLevels } from "./merkle.ts";
import { decodeTokens, encodeTokens, tokenLeaves, tokensRootBytes, TOKENS_PER_LEAF } from "./tokens.ts";

/* Private requests: a secret that client and provider share blinds the prompt's leaves and encrypts the output; docs/engine.md, section 3. */

/** Bytes of a request's secret. */
export const SECRET_BYTES = 32;
/** Bytes of a blind and of a key. */
export const BLIND_BYTES = 32;
/** Tokens of an output that one key encrypts. */
export const TOKENS_PER_KEY = 256;
/** Levels of the tree over these keys: enough for every context. */
export const KEYS_DEPTH = 8;

const WORD_BYTES = 32;
export const LEAVES_PER_KEY = TOKENS_PER_KEY / TOKENS_PER_LEAF;

/** keccak(0x0a ‖ secret ‖ uint32 leaf): what leaf `leaf` of the prompt is blinded with. */
export function promptBlind(secret: Uint8Array, leaf: number): Uint8Array {
  return taggedHash(HASH_TAG.blind, checkSecret(secret), unsigned(leaf, 4, "leaf"));
}

/** keccak(0x09 ‖ blind ‖ data): the hash of a blinded leaf. */
export function blindedLeafHash(blind: Uint8Array, data: Uint8Array): Uint8Array {
  return taggedHash(HASH_TAG.blinded, blind, data);
}

/** keccak(0x0c ‖ secret ‖ uint32 index): encrypts tokens [256 · index, 256 · (index + 1)) of the output, and no others. */
export function outputKey(secret: Uint8Array, index: number): Uint8Array {
  return taggedHash(HASH_TAG.key, checkSecret(secret), unsigned(index, 4, "index"));
}

/**
 * What leaf `leaf` of the output is encrypted with, by exclusive or: 128 bytes, the words keccak(0x0d ‖ key ‖ uint8 word) of its
 * key, eight tokens each.
 */
export function outputPad(key: Uint8Array, leaf: number): Uint8Array {
  const words = (4 * TOKENS_PER_LEAF) / WORD_BYTES;
  const first = words * (leaf % LEAVES_PER_KEY);
  return concatBytes(
    ...Array.from({ length: words }, (_, word) =>
      taggedHash(HASH_TAG.encryption, key, Uint8Array.of(first + word)),
    ),
  );
}

/** keccak(0x0b ‖ root over the blinded prompt ‖ root over the keys): what takes the place of the prompt's tokensRoot. */
export function privatePromptRoot(prompt: Uint8Array, keys: Uint8Array): Uint8Array {
  return taggedHash(HASH_TAG.private, prompt, keys);
}

/** The blinded leaves of a prompt: blind ‖ 128 bytes of tokens each, and all nodes above them. */
export function blindedPrompt(
  prompt: readonly number[],
  secret: Uint8Array,
): { leaves: Uint8Array[]; levels: Uint8Array[][] } {
  const leaves = tokenLeaves(prompt).map((data, leaf) => concatBytes(promptBlind(secret, leaf), data));
  const hashes = leaves.map((leaf) =>
    blindedLeafHash(leaf.subarray(0, BLIND_BYTES), leaf.subarray(BLIND_BYTES)),
  );
  return { leaves, levels: merkleLevels(hashes) };
}

const trees = new WeakMap<Uint8Array, Uint8Array[][]>();

/** All nodes of the tree over the keys of an output, from its 256 leaves up. The same for every length of the output. */
export function keyLevels(secret: Uint8Array): Uint8Array[][] {
  let levels = trees.get(secret);
  if (!levels) {
    const leaves = Array.from({ length: 2 ** KEYS_DEPTH }, (_, index) => leafHash(outputKey(secret, index)));
    trees.set(secret, (levels = merkleLevels(leaves)));
  }
  return levels;
}

/** What takes the place of the prompt's tokensRoot in a private request. */
export function privatePromptRootOf(prompt: readonly number[], secret: Uint8Array): Uint8Array {
  return privatePromptRoot(blindedPrompt(prompt, secret).levels.at(-1)![0]!, keyLevels(secret).at(-1)![0]!);
}

/**
 * The output of a private request as `submit` takes it and `outputTokensRoot` is made of: uint32 each token, encrypted.
 *
 * @throws EngineError `INVALID_ARGUMENT` for a secret of another length than 32 bytes, and for more than 65,536 tokens
 */
export function encryptTokens(tokens: readonly number[], secret: Uint8Array): Uint8Array {
  return exclusiveOr(encodeTokens(tokens), secret);
}

/** Inverse of `encryptTokens`. @throws EngineError as `encryptTokens`; `INVALID_ARGUMENT` when the length is no multiple of four */
export function decryptTokens(bytes: Uint8Array, secret: Uint8Array): number[] {
  return decodeTokens(exclusiveOr(bytes, secret));
}

/** Root over the output's tokens as results have it: in a private request over the encrypted ones. */
export function outputTokensRootBytes(tokens: readonly number[], secret?: Uint8Array): Uint8Array {
  return tokensRootBytes(secret ? decodeTokens(encryptTokens(tokens, secret)) : tokens);
}

/** Refuses what is no secret. @throws EngineError `INVALID_ARGUMENT`, which does not show it */
export function checkSecret(secret: Uint8Array): Uint8Array {
  if (secret instanceof Uint8Array && secret.length === SECRET_BYTES) return secret;
  throw new EngineError("INVALID_ARGUMENT", `The secret is not ${SECRET_BYTES} bytes.`, {
    remedy: "Pass 32 random bytes, others for every request.",
    details: { expected: SECRET_BYTES },
  });
}

function exclusiveOr(bytes: Uint8Array, secret: Uint8Array): Uint8Array {
  const leafBytes = 4 * TOKENS_PER_LEAF;
  const leaves = Math.ceil(bytes.length / leafBytes);
  if (leaves > LEAVES_PER_KEY * 2 ** KEYS_DEPTH) {
    throw new EngineError("INVALID_ARGUMENT", `${bytes.length} bytes of tokens are more than have keys.`, {
      remedy: "Pass at most 65,536 tokens.",
      details: { length: bytes.length, maximum: 4 * TOKENS_PER_KEY * 2 ** KEYS_DEPTH },
    });
  }
  const result = Uint8Array.from(bytes);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const pad = outputPad(outputKey(secret, Math.floor(leaf / LEAVES_PER_KEY)), leaf);
    const part = result.subarray(leaf * leafBytes, (leaf + 1) * leafBytes);
    part.forEach((byte, at) => (part[at] = byte ^ pad[at]!));
  }
  return result;
}
