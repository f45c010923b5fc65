import { getBytes, hexlify } from "ethers";
import { athanorError, type AthanorError } from "../errors/athanor-error.ts";
import { hpke, KEY_BYTES, unshared } from "./suite.ts";
import type {} from "./webcrypto.ts";

/** What one message is opened with, and further secrets are exported from. */
export interface OpeningContext {
  open(ciphertext: ArrayBuffer, aad?: ArrayBuffer): Promise<ArrayBuffer>;
  export(label: ArrayBuffer, bytes: number): Promise<ArrayBuffer>;
}

/** An X25519 key pair, to which requests are sealed. Its private part cannot be read out of the object. */
export class EncryptionKey {
  /** 0x and 64 hexadecimal digits: the `encryptionKey` of a provider's profile. */
  readonly publicKey: string;
  readonly #pair: CryptoKeyPair;

  private constructor(publicKey: string, pair: CryptoKeyPair) {
    this.publicKey = publicKey;
    this.#pair = pair;
  }

  /**
   * The key pair of a seed: DeriveKeyPair of RFC 9180, section 7.1.3.
   *
   * @param seed 32 random bytes; whoever has them can read all that is sealed to the key
   * @throws AthanorError `InvalidArgument`, without showing the seed
   */
  static async fromSeed(seed: Uint8Array): Promise<EncryptionKey> {
    if (seed.length !== KEY_BYTES) {
      const found = `${seed.length} bytes long`;
      throw athanorError("InvalidArgument", { name: "seed", found, expected: `${KEY_BYTES} random bytes` });
    }
    const pair = await hpke.kem.deriveKeyPair(unshared(seed).buffer);
    const publicKey = await hpke.kem.serializePublicKey(pair.publicKey);
    return new EncryptionKey(hexlify(new Uint8Array(publicKey)), pair);
  }

  /**
   * The recipient's HPKE context.
   *
   * @param encapsulated 32 bytes, from the sender
   * @param info what both sides bind the message to
   */
  async context(encapsulated: ArrayBuffer, info: ArrayBuffer): Promise<OpeningContext> {
    return hpke.createRecipientContext({ recipientKey: this.#pair, enc: encapsulated, info });
  }
}

/** A registered public key, as HPKE takes it. @throws AthanorError `EncryptionKeyUnusable` for a zero key */
export async function publicKeyOf(registered: string): Promise<CryptoKey> {
  const bytes = unshared(getBytes(registered));
  if (bytes.length !== KEY_BYTES || bytes.every((byte) => byte === 0)) throw unusable(registered);
  return hpke.kem.deserializePublicKey(bytes.buffer);
}

/** The refusal of a key to which nothing can be sealed: one of small order gives everybody the same secret. */
export function unusable(key: string, cause?: unknown): AthanorError {
  return athanorError("EncryptionKeyUnusable", { key }, { cause });
}
