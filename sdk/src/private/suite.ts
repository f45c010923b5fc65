import { Aes128Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { DhkemX25519HkdfSha256 } from "@hpke/dhkem-x25519";

/**
 * HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM: the suite of its appendix A.1, and that
 * which Oblivious HTTP (RFC 9458) requires. X25519 is computed in JavaScript, since not every WebCrypto has it; the rest by WebCrypto.
 */
export const hpke = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

/** Bytes of an X25519 key, public or private, and of what encapsulates a shared secret (RFC 9180, Npk = Nsk = Nenc). */
export const KEY_BYTES = 32;
/** Bytes by which AES-GCM lengthens what it seals. */
export const TAG_BYTES = 16;
/** Version of every byte format in this folder. */
export const FORMAT_VERSION = 1;

/** WebCrypto takes views of unshared memory only; a copy is one. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
