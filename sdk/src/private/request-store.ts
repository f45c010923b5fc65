import { athanorError } from "../errors/athanor-error.ts";
import { unshared } from "./suite.ts";

/**
 * Where a client keeps its private requests. Without one, nobody but the provider can read or challenge its answer.
 * What is stored is secret: prompt and secret stand in it.
 */
export interface RequestStore {
  /** Resolves when the request survives a crash. @param inputRoot the commitment by which it is found again */
  put(inputRoot: string, request: Uint8Array): Promise<void>;
  get(inputRoot: string): Promise<Uint8Array | undefined>;
}

/** A store that is gone with the program: for trials, and for requests that need no second look. */
export function memoryRequestStore(): RequestStore {
  const requests = new Map<string, Uint8Array>();
  return {
    put(inputRoot, request) {
      requests.set(inputRoot, request.slice());
      return Promise.resolve();
    },
    get: (inputRoot) => Promise.resolve(requests.get(inputRoot)),
  };
}

/** Reads and writes bytes under a name, as a file system, IndexedDB or a server does. */
export interface ByteStore {
  write(name: string, bytes: Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array | undefined>;
}

const NONCE_BYTES = 12;

/**
 * A store whose content only the key reads: AES-256-GCM, with the name as associated data.
 *
 * @param key 32 random bytes, which the application keeps as it keeps its other secrets
 * @throws AthanorError `InvalidArgument` for a key of another length, without showing it; `StoredRequestUnreadable` when a stored request
 * was changed or belongs to another key
 */
export async function encryptedRequestStore(bytes: ByteStore, key: Uint8Array): Promise<RequestStore> {
  if (key.length !== 32) {
    const found = `${key.length} bytes long`;
    throw athanorError("InvalidArgument", { name: "key", found, expected: "32 random bytes" });
  }
  const aead = await crypto.subtle.importKey("raw", unshared(key), "AES-GCM", false, ["encrypt", "decrypt"]);
  const algorithm = (inputRoot: string, iv: Uint8Array<ArrayBuffer>) => ({
    name: "AES-GCM",
    iv,
    additionalData: new TextEncoder().encode(inputRoot.toLowerCase()),
  });
  return {
    async put(inputRoot, request) {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const sealed = await crypto.subtle.encrypt(algorithm(inputRoot, iv), aead, unshared(request));
      await bytes.write(inputRoot.toLowerCase(), Uint8Array.of(...iv, ...new Uint8Array(sealed)));
    },
    async get(inputRoot) {
      const stored = await bytes.read(inputRoot.toLowerCase());
      if (!stored) return undefined;
      const iv = unshared(stored.subarray(0, NONCE_BYTES));
      try {
        const sealed = unshared(stored.subarray(NONCE_BYTES));
        return new Uint8Array(await crypto.subtle.decrypt(algorithm(inputRoot, iv), aead, sealed));
      } catch (cause) {
        throw athanorError("StoredRequestUnreadable", { inputRoot }, { cause });
      }
    },
  };
}
