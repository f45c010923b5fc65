import {
  decodeGeneration,
  decodeStopSequences,
  decodeTokens,
  encodeGeneration,
  encodeStopSequences,
  encodeTokens,
} from "@athanor/engine/commitments";
import { concat, getBytes, toBeHex, zeroPadValue } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import type { Generation } from "../protocol/job.ts";
import { encodeBinding, type Binding } from "./binding.ts";
import { publicKeyOf, unusable, type EncryptionKey } from "./encryption-key.ts";
import { isPadded, pad } from "./padding.ts";
import { FORMAT_VERSION, hpke, KEY_BYTES, TAG_BYTES, unshared } from "./suite.ts";

/** What only client and provider know of a private request. */
export interface PrivateRequest {
  /** Token ids of the prompt, first to last. */
  readonly prompt: readonly number[];
  readonly generation: Generation;
  /** 32 random bytes, of this request alone, that hide prompt and answer behind their commitments. */
  readonly secret: Uint8Array;
}

/** From which both sides derive the keys of the answer. Secret. */
export interface AnswerKey {
  /** What the request's key was encapsulated in: 32 bytes, public. */
  readonly encapsulated: Uint8Array;
  /** 16 bytes, exported from the request's HPKE context. */
  readonly exported: Uint8Array;
}

export interface SealedRequest {
  /** uint8 version ‖ 32 bytes encapsulated key ‖ ciphertext. */
  readonly sealed: Uint8Array;
  readonly answerKey: AnswerKey;
}

export interface OpenedRequest {
  readonly request: PrivateRequest;
  readonly answerKey: AnswerKey;
}

/** A request of 32 tokens without stop sequences fits. */
const LEAST_BYTES = 256;
/** No context is as long as what fits in here, and no transaction carries it. */
export const MOST_SEALED_BYTES = 1_048_576;
const HEADER_BYTES = 1 + KEY_BYTES;
const FIXED_BYTES = 32 + 8 + 32 + 4;
const ANSWER_CONTEXT = new TextEncoder().encode("Athanor private answer");
const ANSWER_SECRET_BYTES = 16;

/**
 * Seals a request to a provider's registered key, for one job or one place in a channel.
 *
 * @param encryptionKey the provider's, as its profile has it
 * @throws AthanorError `EncryptionKeyUnusable`
 */
export async function sealRequest(
  request: PrivateRequest,
  binding: Binding,
  encryptionKey: string,
): Promise<SealedRequest> {
  const recipientPublicKey = await publicKeyOf(encryptionKey);
  const info = encodeBinding(binding);
  let context;
  try {
    context = await hpke.createSenderContext({ recipientPublicKey, info: info.buffer });
  } catch (cause) {
    throw unusable(encryptionKey, cause);
  }
  const ciphertext = await context.seal(encodeRequest(request).buffer);
  const encapsulated = new Uint8Array(context.enc);
  return {
    sealed: getBytes(concat([Uint8Array.of(FORMAT_VERSION), encapsulated, new Uint8Array(ciphertext)])),
    answerKey: { encapsulated, exported: await exportAnswerSecret(context) },
  };
}

/**
 * Opens a request that was sealed to one of the keys, for exactly this job or place.
 *
 * @throws AthanorError `SealedRequestRefused`: another version, key or place, changed bytes, or no request inside
 */
export async function openRequest(
  sealed: Uint8Array,
  binding: Binding,
  keys: readonly EncryptionKey[],
): Promise<OpenedRequest> {
  if (sealed.length > MOST_SEALED_BYTES) {
    throw refused(`${sealed.length} bytes are more than ${MOST_SEALED_BYTES}`);
  }
  if (sealed.length < HEADER_BYTES + TAG_BYTES) throw refused(`it is cut off after ${sealed.length} bytes`);
  if (sealed[0] !== FORMAT_VERSION) throw refused(`its version is ${sealed[0]}, not ${FORMAT_VERSION}`);
  const encapsulated = unshared(sealed.subarray(1, HEADER_BYTES));
  const ciphertext = unshared(sealed.subarray(HEADER_BYTES));
  const info = encodeBinding(binding);
  for (const key of keys) {
    let opened: ArrayBuffer;
    let exported: Uint8Array;
    try {
      const context = await key.context(encapsulated.buffer, info.buffer);
      opened = await context.open(ciphertext.buffer);
      exported = await exportAnswerSecret(context);
    } catch {
      // Sealed to another key, or for another place: the two cannot be told apart.
      continue;
    }
    return { request: decodeRequest(new Uint8Array(opened)), answerKey: { encapsulated, exported } };
  }
  throw refused("it does not open with this provider's keys for this place");
}

async function exportAnswerSecret(context: {
  export(context: ArrayBuffer, length: number): Promise<ArrayBuffer>;
}): Promise<Uint8Array> {
  return new Uint8Array(await context.export(unshared(ANSWER_CONTEXT).buffer, ANSWER_SECRET_BYTES));
}

/** bytes32 secret ‖ uint64 seed ‖ bytes32 generation ‖ uint32 number of prompt tokens ‖ prompt tokens ‖ stop sequences' bytes, their number first as uint32. */
export function encodeRequest({ prompt, generation, secret }: PrivateRequest): Uint8Array<ArrayBuffer> {
  if (secret.length !== 32) {
    const found = `${secret.length} bytes long`;
    throw athanorError("InvalidArgument", { name: "secret", found, expected: "32 random bytes" });
  }
  const stops = encodeStopSequences(generation.stopSequences);
  const parts = getBytes(
    concat([
      secret,
      zeroPadValue(toBeHex(generation.seed), 8),
      encodeGeneration(generation),
      uint32(prompt.length),
      encodeTokens(prompt),
      uint32(stops.length),
      stops,
    ]),
  );
  return pad(parts, LEAST_BYTES);
}

/** Inverse of `encodeRequest`, padded. @throws AthanorError `SealedRequestRefused` */
export function decodeRequest(bytes: Uint8Array): PrivateRequest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const promptEnd =
    FIXED_BYTES + 4 * (bytes.length < FIXED_BYTES ? Infinity : view.getUint32(FIXED_BYTES - 4));
  const stopsEnd = promptEnd + 4 + (promptEnd + 4 > bytes.length ? Infinity : view.getUint32(promptEnd));
  if (!isPadded(bytes, stopsEnd, LEAST_BYTES)) {
    throw refused("its parts are longer than it, or its padding is not");
  }
  let stopSequences: number[][];
  try {
    stopSequences = decodeStopSequences(bytes.subarray(promptEnd + 4, stopsEnd));
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  const word = bytes.subarray(40, 72);
  const generation = { ...decodeGeneration(word), stopSequences, seed: view.getBigUint64(32) };
  if (encodeGeneration(generation).some((byte, index) => byte !== word[index])) {
    throw refused("its generation word has bits without a meaning");
  }
  return {
    prompt: decodeTokens(bytes.subarray(FIXED_BYTES, promptEnd)),
    generation,
    secret: bytes.slice(0, 32),
  };
}

function uint32(value: number): string {
  return zeroPadValue(toBeHex(value), 4);
}

function refused(details: string) {
  return athanorError("SealedRequestRefused", { details });
}
