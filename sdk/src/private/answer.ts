import { decodeTokens, encodeTokens } from "@athanor/engine/commitments";
import { concat, getBytes, toBeHex, zeroPadValue } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { isPadded, pad } from "./padding.ts";
import type { AnswerKey } from "./request.ts";
import { FORMAT_VERSION, TAG_BYTES, unshared } from "./suite.ts";
import type {} from "./webcrypto.ts";

/**
 * Answers travel under keys that are derived from the request's HPKE context as Oblivious HTTP derives those of a response
 * (RFC 9458, section 4.4), so that no second key pair is needed. Chunks are numbered by their nonces and the last one says so.
 */

const NONCE_BYTES = 16;
const AEAD_NONCE_BYTES = 12;
/** uint8 version ‖ 16 random bytes. */
export const ANSWER_HEADER_BYTES = 1 + NONCE_BYTES;
const LEAST_BYTES = 32;
const MORE = 0;
const LAST = 1;

interface ChunkKeys {
  readonly key: CryptoKey;
  readonly nonce: Uint8Array;
}

/** Seals the chunks of one answer, in order. */
export class AnswerSealer {
  /** What the first chunk follows. */
  readonly header: Uint8Array;
  readonly #keys: ChunkKeys;
  #next: number | undefined = 0;

  private constructor(header: Uint8Array, keys: ChunkKeys) {
    this.header = header;
    this.#keys = keys;
  }

  static async create(answerKey: AnswerKey): Promise<AnswerSealer> {
    // Fresh for every attempt: an answer that is computed again after a crash must not reuse keys.
    const random = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const header = Uint8Array.of(FORMAT_VERSION, ...random);
    return new AnswerSealer(header, await deriveKeys(answerKey, random, "encrypt"));
  }

  /** uint8 last ‖ ciphertext of uint32 count ‖ token ids, padded. */
  async seal(tokens: readonly number[], { last }: { readonly last: boolean }): Promise<Uint8Array> {
    if (this.#next === undefined) throw new RangeError("the answer's last chunk was sealed before");
    const iv = nonceOf(this.#keys, this.#next);
    this.#next = last ? undefined : this.#next + 1;
    const message = getBytes(concat([zeroPadValue(toBeHex(tokens.length), 4), encodeTokens(tokens)]));
    const flag = Uint8Array.of(last ? LAST : MORE);
    const algorithm = { name: "AES-GCM", iv, additionalData: flag };
    const sealed = await crypto.subtle.encrypt(algorithm, this.#keys.key, pad(message, LEAST_BYTES));
    return getBytes(concat([flag, new Uint8Array(sealed)]));
  }
}

/** Opens the chunks of one answer, in order; a missing, repeated, swapped or changed one is refused. */
export class AnswerOpener {
  readonly #keys: ChunkKeys;
  #next = 0;
  #finished = false;

  private constructor(keys: ChunkKeys) {
    this.#keys = keys;
  }

  /** @throws AthanorError `SealedAnswerRefused` for another version or length of the header */
  static async create(answerKey: AnswerKey, header: Uint8Array): Promise<AnswerOpener> {
    if (header.length !== ANSWER_HEADER_BYTES || header[0] !== FORMAT_VERSION) {
      throw refused(`it does not begin with version ${FORMAT_VERSION} and ${NONCE_BYTES} bytes`);
    }
    return new AnswerOpener(await deriveKeys(answerKey, header.subarray(1), "decrypt"));
  }

  /** The tokens of the next chunk. @throws AthanorError `SealedAnswerRefused` */
  async open(chunk: Uint8Array): Promise<{ readonly tokens: number[]; readonly last: boolean }> {
    if (this.#finished) throw refused(`there is a chunk behind the last, number ${this.#next}`);
    if (chunk.length < 1 + LEAST_BYTES + TAG_BYTES) throw refused(`chunk ${this.#next} is cut off`);
    const index = this.#next++;
    const algorithm = {
      name: "AES-GCM",
      iv: nonceOf(this.#keys, index),
      additionalData: unshared(chunk.subarray(0, 1)),
    };
    let message: Uint8Array;
    try {
      const opened = await crypto.subtle.decrypt(algorithm, this.#keys.key, unshared(chunk.subarray(1)));
      message = new Uint8Array(opened);
    } catch {
      throw refused(`chunk ${index} was not sealed for this place with the request's key`);
    }
    const length = 4 + 4 * new DataView(message.buffer).getUint32(0);
    const isLast = chunk[0] === LAST;
    if (!isPadded(message, length, LEAST_BYTES) || (!isLast && chunk[0] !== MORE)) {
      throw refused(`chunk ${index} has another form`);
    }
    this.#finished = isLast;
    return { tokens: decodeTokens(message.subarray(4, length)), last: isLast };
  }

  /** @throws AthanorError `SealedAnswerRefused` unless the last chunk was opened: a stream that was cut off is no answer */
  requireEnd(): void {
    if (!this.#finished) throw refused(`it ends after ${this.#next} chunks, without the last`);
  }
}

/** A whole answer: header ‖ one last chunk. */
export async function sealAnswer(tokens: readonly number[], answerKey: AnswerKey): Promise<Uint8Array> {
  const sealer = await AnswerSealer.create(answerKey);
  return getBytes(concat([sealer.header, await sealer.seal(tokens, { last: true })]));
}

/** The tokens of a whole answer. @throws AthanorError `SealedAnswerRefused` */
export async function openAnswer(sealed: Uint8Array, answerKey: AnswerKey): Promise<number[]> {
  const opener = await AnswerOpener.create(answerKey, sealed.subarray(0, ANSWER_HEADER_BYTES));
  const { tokens } = await opener.open(sealed.subarray(ANSWER_HEADER_BYTES));
  opener.requireEnd();
  return tokens;
}

async function deriveKeys(
  { encapsulated, exported }: AnswerKey,
  random: Uint8Array,
  use: "encrypt" | "decrypt",
): Promise<ChunkKeys> {
  const secret = await crypto.subtle.importKey("raw", unshared(exported), "HKDF", false, ["deriveBits"]);
  const salt = unshared(getBytes(concat([encapsulated, random])));
  const expand = async (label: string, bytes: number) => {
    const info = new TextEncoder().encode(label);
    const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };
    return new Uint8Array(await crypto.subtle.deriveBits(algorithm, secret, 8 * bytes));
  };
  const key = await crypto.subtle.importKey("raw", await expand("key", 16), "AES-GCM", false, [use]);
  return { key, nonce: await expand("nonce", AEAD_NONCE_BYTES) };
}

/** The base nonce with the chunk's number over its last bytes, as HPKE counts its messages (RFC 9180, section 5.2). */
function nonceOf({ nonce }: ChunkKeys, index: number): Uint8Array<ArrayBuffer> {
  const counted = unshared(nonce);
  const view = new DataView(counted.buffer);
  const at = AEAD_NONCE_BYTES - 4;
  view.setUint32(at, view.getUint32(at) ^ index);
  return counted;
}

function refused(details: string) {
  return athanorError("SealedAnswerRefused", { details });
}
