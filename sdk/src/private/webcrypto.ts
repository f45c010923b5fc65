import type { webcrypto } from "node:crypto";

/** What the HPKE packages' types take from the DOM library, which this package is compiled without. */
declare global {
  type CryptoKey = webcrypto.CryptoKey;
  type CryptoKeyPair = webcrypto.CryptoKeyPair;
}
