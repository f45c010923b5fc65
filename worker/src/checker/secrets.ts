import { AbiCoder, getBytes, hexlify, type Wallet } from "ethers";
import { hkdfSync } from "node:crypto";

/**
 * What a secret is for: the one that a checker commits to for an epoch, which hides its attestations too; the blinding of what it asks one
 * provider in an epoch.
 */
export type SecretUse = "secret" | "blinding";

/** What a secret belongs to. Secrets of different places have nothing to do with each other. */
export interface SecretPlace {
  readonly chainId: bigint;
  /** Address of the contract that learns the secret in the end. */
  readonly contract: string;
  /** The checker's owner account. */
  readonly checker: string;
  readonly epoch: number;
  /** Of a blinding: the provider's address. */
  readonly subject?: string;
}

/** Gives a secret: 32 bytes, hexadecimal. The same again for the same use and place. */
export type DeriveSecret = (use: SecretUse, place: SecretPlace) => string;

const SALT = "Athanor.CheckerSecrets";
const coder = AbiCoder.defaultAbiCoder();

/**
 * Derives all of a checker's secrets from its operator's private key, with HKDF-SHA256 (RFC 5869), so that no file holds one and a lost disk
 * loses none. Whoever replaces the key gets other secrets: it reveals what it owes first.
 */
export function secretsOf({ privateKey }: Pick<Wallet, "privateKey">): DeriveSecret {
  return (use, { chainId, contract, checker, epoch, subject = "0x" }) => {
    // Encoded, so that no two places give the same bytes.
    const info = coder.encode(
      ["string", "uint256", "address", "address", "uint32", "bytes"],
      [use, chainId, contract, checker, epoch, subject],
    );
    return hexlify(new Uint8Array(hkdfSync("sha256", getBytes(privateKey), SALT, getBytes(info), 32)));
  };
}
