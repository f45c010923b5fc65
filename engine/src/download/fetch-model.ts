import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { EngineError } from "../errors.ts";
import type { CheckpointSource } from "../import/checkpoint.ts";
import { importModel } from "../import/import-model.ts";
import { readIntegerModel } from "../import/integer-form.ts";
import type { Model } from "../model.ts";
import {
  attempt,
  DEFAULT_IDLE_TIMEOUT,
  fetchManifest,
  fileUrl,
  openHttp,
  tooLong,
  tooShort,
  type FetchOptions,
} from "./connection.ts";
import {
  MANIFEST_FILE,
  otherFile,
  parseManifest,
  requireRoot,
  totalBytes,
  type FileHashes,
} from "./manifest.ts";

export interface FetchModelOptions {
  /** The root that the model must have; the manifest's own if absent. */
  readonly root?: string;
  /** Refuse models whose files are larger in total: all of them are held in memory. Default 2^31 (2 GiB). */
  readonly maximumBytes?: number;
  readonly signal?: AbortSignal;
  /** Told how many bytes of all files are here. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Give a server up that is silent for so long, in milliseconds. Default 60,000. */
  readonly idleTimeout?: number;
  /** Waits between two attempts at a file. Default: by the clock. */
  readonly wait?: FetchOptions["wait"];
}

const SCHEMES = ["http:", "https:"];
const DEFAULT_MAXIMUM = 2 ** 31;

/**
 * Loads a published model, a folder with an athanor.json, into memory; for browsers, and for Node.js where nothing is to
 * be kept on disk. Whatever the server sends, the result has the expected root or is refused.
 *
 * @param uri the folder's address: http or https. Pages read other origins only where those allow it (CORS).
 * @throws EngineError `MODEL_FETCH_FAILED`, `MODEL_TOO_LARGE`, `MODEL_ROOT_MISMATCH`, `MODEL_FILE_MISMATCH`,
 * `MANIFEST_INVALID`, `INVALID_ARGUMENT`, `ABORTED`, and what `importModel` and `readIntegerModel` throw.
 *
 * @example
 * const model = await fetchModel("https://models.example/bard", { root: "0x7da8…" });
 */
export async function fetchModel(uri: string, options: FetchModelOptions = {}): Promise<Model> {
  const connection: FetchOptions = {
    signal: options.signal,
    idleTimeout: options.idleTimeout ?? DEFAULT_IDLE_TIMEOUT,
    wait: options.wait,
  };
  const text = await fetchManifest(fileUrl(uri, MANIFEST_FILE, SCHEMES), openHttp, connection);
  const manifest = parseManifest(text, uri);
  requireRoot(uri, manifest, options.root);
  const total = totalBytes(uri, manifest, options.maximumBytes ?? DEFAULT_MAXIMUM);
  const files = new Map<string, Uint8Array>();
  let done = 0;
  for (const [name, file] of Object.entries(manifest.files)) {
    const before = done;
    const bytes = await fetchVerified(fileUrl(uri, name, SCHEMES), file, connection, (arrived) =>
      options.onProgress?.(before + arrived, total),
    );
    files.set(name, bytes);
    done += file.bytes;
  }
  const source = inMemory(files);
  const { integers } = manifest;
  const model = await (integers ? readIntegerModel(source, integers) : importModel(source));
  const { modelRoot } = model.commitment;
  if (modelRoot === manifest.modelRoot) return model;
  throw new EngineError(
    "MODEL_ROOT_MISMATCH",
    `The files at ${uri} make the model ${modelRoot}, but their ${MANIFEST_FILE} commits to ${manifest.modelRoot}.`,
    {
      remedy: "Fetch it from another place: this one publishes another model than it says.",
      details: { uri, expected: manifest.modelRoot, found: modelRoot },
    },
  );
}

/** A file's bytes, hashed as they arrive. */
async function fetchVerified(
  url: URL,
  expected: FileHashes[string],
  options: FetchOptions,
  onProgress: (arrived: number) => void,
): Promise<Uint8Array> {
  const file = allocate(url, expected.bytes);
  let at = 0;
  let hash = sha256.create();
  await attempt(url, options, async (watch) => {
    if (at === file.length && at > 0) return;
    const { chunks, start } = await openHttp(url, at, watch);
    if (start === 0) [at, hash] = [0, sha256.create()];
    for await (const chunk of chunks) {
      watch.alive();
      if (at + chunk.length > file.length) throw tooLong(url, file.length);
      file.set(chunk, at);
      hash.update(chunk);
      at += chunk.length;
      onProgress(at);
    }
    if (at < file.length) throw tooShort(at, file.length);
  });
  const found = { bytes: at, sha256: bytesToHex(hash.digest()) };
  if (found.sha256 !== expected.sha256) throw otherFile(url, expected, found);
  return file;
}

function allocate(url: URL, bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new EngineError("MODEL_TOO_LARGE", `There is no memory for the ${bytes} bytes of ${url.href}.`, {
      remedy: "Free memory, or use a smaller model.",
      details: { url: url.href, found: bytes },
      cause,
    });
  }
}

function inMemory(files: ReadonlyMap<string, Uint8Array>): CheckpointSource {
  // The importer asks for the size of a file, or for bytes of it, only after it found the name in the list.
  return {
    list: () => Promise.resolve([...files.keys()]),
    size: (name) => Promise.resolve(files.get(name)!.length),
    readBytes: (name, start, end) => Promise.resolve(files.get(name)!.subarray(start, end)),
  };
}
