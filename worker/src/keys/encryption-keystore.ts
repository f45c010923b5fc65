import { EncryptionKey } from "@athanor/sdk/private";
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import { WorkerError } from "../errors.ts";
import { DEFAULT_SCRYPT_COST } from "./keystore.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

const SEED_BYTES = 32;
const BLOCK_SIZE = 8;
/** Of scrypt's N: above it, a file could make its reader take gigabytes. */
const MOST_COST = 2 ** 20;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));

/** AES-256-GCM under scrypt of the password (RFC 7914); the public key is associated data. Bytes as lower-case hexadecimal digits. */
const format = z.strictObject({
  kind: z.literal("athanor encryption key"),
  version: z.literal(1),
  publicKey: z.string().regex(/^0x[0-9a-f]{64}$/),
  scryptCost: z.int().min(2).max(MOST_COST),
  salt: hex(32),
  nonce: hex(12),
  ciphertext: hex(SEED_BYTES),
  tag: hex(16),
});

export interface EncryptionKeystore {
  readonly file: string;
  /** X25519 key that the file claims, as a profile has it; unlocking proves it. */
  readonly publicKey: string;
  readonly content: z.output<typeof format>;
}

/** An unlocked key and, for what must keep it out of logs, the seed as hexadecimal digits. */
export interface UnlockedEncryptionKey {
  readonly key: EncryptionKey;
  readonly seed: string;
}

/**
 * Reads the encrypted keystore of an encryption key without unlocking it.
 *
 * @throws WorkerError KEYSTORE_MISSING, KEYSTORE_PERMISSIONS, KEYSTORE_CORRUPT
 */
export async function readEncryptionKeystore(file: string): Promise<EncryptionKeystore> {
  const json = await readPrivateFile(file, "athanor key create-encryption");
  try {
    const content = format.parse(JSON.parse(json));
    return { file, publicKey: content.publicKey, content };
  } catch {
    throw corrupt(file, "is not the keystore of an encryption key");
  }
}

/** @throws WorkerError PASSWORD_WRONG, KEYSTORE_CORRUPT */
export async function unlockEncryptionKeystore(
  { file, publicKey, content }: EncryptionKeystore,
  password: string,
): Promise<UnlockedEncryptionKey> {
  const derived = await derive(password, Buffer.from(content.salt, "hex"), content.scryptCost);
  const decipher = createDecipheriv("aes-256-gcm", derived, Buffer.from(content.nonce, "hex"));
  decipher.setAAD(Buffer.from(publicKey)).setAuthTag(Buffer.from(content.tag, "hex"));
  let seed: Buffer;
  try {
    seed = Buffer.concat([decipher.update(Buffer.from(content.ciphertext, "hex")), decipher.final()]);
  } catch {
    throw new WorkerError(
      "PASSWORD_WRONG",
      `The password does not unlock ${file}, or the file was changed.`,
      {
        remedy: "Try again, or restore the file from a backup; a lost password cannot be recovered.",
        details: { file, publicKey },
      },
    );
  }
  const key = await EncryptionKey.fromSeed(seed);
  if (key.publicKey !== publicKey) throw corrupt(file, `does not hold the key ${publicKey}`);
  return { key, seed: seed.toString("hex") };
}

/**
 * Makes a new encryption key and writes its keystore, which only its owner can read. Returns the public key.
 *
 * @throws WorkerError KEYSTORE_EXISTS: a keystore is never overwritten
 */
export async function createEncryptionKeystore(
  file: string,
  password: string,
  scryptCost = DEFAULT_SCRYPT_COST,
): Promise<string> {
  const seed = randomBytes(SEED_BYTES);
  const { publicKey } = await EncryptionKey.fromSeed(seed);
  const salt = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await derive(password, salt, scryptCost), nonce);
  cipher.setAAD(Buffer.from(publicKey));
  const ciphertext = Buffer.concat([cipher.update(seed), cipher.final()]);
  const content: z.input<typeof format> = {
    kind: "athanor encryption key",
    version: 1,
    publicKey,
    scryptCost,
    salt: salt.toString("hex"),
    nonce: nonce.toString("hex"),
    ciphertext: ciphertext.toString("hex"),
    tag: cipher.getAuthTag().toString("hex"),
  };
  await writePrivateFile(file, JSON.stringify(content, undefined, 2));
  return publicKey;
}

function derive(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 256 * (cost + 1_024) * BLOCK_SIZE };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, 32, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function corrupt(file: string, what: string): WorkerError {
  return new WorkerError("KEYSTORE_CORRUPT", `${file} ${what}.`, {
    remedy:
      'Restore it from a backup, or make a new key with "athanor key create-encryption" and register it.',
    details: { file },
  });
}
