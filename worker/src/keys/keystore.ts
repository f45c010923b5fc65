import { encryptKeystoreJson, getAddress, isAddress, Wallet } from "ethers";
import { WorkerError } from "../errors.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

export interface KeystoreFile {
  readonly file: string;
  /** Checksummed address that the file claims; unlocking proves it. */
  readonly address: string;
  readonly json: string;
}

/** scrypt's N: how many times 1 KiB of work (r = 8, p = 1) one guess of the password costs. */
export const DEFAULT_SCRYPT_COST = 131_072;

/**
 * Reads an encrypted keystore (Web3 Secret Storage, version 3) without unlocking it.
 *
 * @throws WorkerError KEYSTORE_MISSING, KEYSTORE_PERMISSIONS (others may read the file), KEYSTORE_CORRUPT
 */
export async function readKeystore(file: string): Promise<KeystoreFile> {
  const json = await readPrivateFile(file, "athanor key create");
  const address = claimedAddress(json);
  if (address === undefined) {
    throw new WorkerError(
      "KEYSTORE_CORRUPT",
      `${file} is not an encrypted keystore (version 3, with its address).`,
      {
        remedy: 'Restore it from a backup, or import the key again with "athanor key import".',
        details: { file },
      },
    );
  }
  return { file, address, json };
}

/**
 * Decrypts a keystore. Takes about a second: that is what makes guessing the password expensive.
 *
 * @throws WorkerError PASSWORD_WRONG, KEYSTORE_CORRUPT (the key inside is not that of the address outside)
 */
export async function unlockKeystore(keystore: KeystoreFile, password: string): Promise<Wallet> {
  try {
    const unlocked = await Wallet.fromEncryptedJson(keystore.json, password);
    return new Wallet(unlocked.signingKey);
  } catch (error) {
    // The cause is left out on purpose: ethers' error carries its arguments.
    const isWrong = error instanceof Error && error.message.includes("incorrect password");
    const { file, address } = keystore;
    if (isWrong) {
      throw new WorkerError("PASSWORD_WRONG", `The password does not unlock ${file}.`, {
        remedy: "Try again; a lost password cannot be recovered, only replaced by importing the key again.",
        details: { file, address },
      });
    }
    throw new WorkerError("KEYSTORE_CORRUPT", `${file} is damaged: it does not hold the key of ${address}.`, {
      remedy: "Restore the file from a backup.",
      details: { file, address },
    });
  }
}

/**
 * Writes a new keystore that only its owner can read.
 *
 * @throws WorkerError KEYSTORE_EXISTS: a keystore is never overwritten
 */
export async function writeKeystore(
  file: string,
  wallet: Wallet,
  password: string,
  scryptCost = DEFAULT_SCRYPT_COST,
): Promise<void> {
  // Only the key is kept: with a mnemonic inside, one leaked file would give away every account derived from it.
  const { address, privateKey } = wallet;
  const json = await encryptKeystoreJson({ address, privateKey }, password, {
    scrypt: { N: scryptCost, r: 8, p: 1 },
  });
  await writePrivateFile(file, json);
}

function claimedAddress(json: string): string | undefined {
  try {
    const { version, address } = JSON.parse(json) as { version?: unknown; address?: unknown };
    if (version !== 3 || typeof address !== "string") return undefined;
    const prefixed = address.startsWith("0x") ? address : `0x${address}`;
    return isAddress(prefixed) ? getAddress(prefixed) : undefined;
  } catch {
    return undefined;
  }
}
