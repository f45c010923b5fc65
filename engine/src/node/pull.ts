import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_IDLE_TIMEOUT, fetchManifest, fileUrl, type FetchOptions } from "../download/connection.ts";
import {
  MANIFEST_FILE,
  otherFile,
  parseManifest,
  requireRoot,
  totalBytes,
  type ManifestClaim,
} from "../download/manifest.ts";
import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { fetchToFile, openAt, SCHEMES } from "./fetch-file.ts";
import { loadModel } from "./load-model.ts";
import { hashFile } from "./manifest.ts";

export interface PullOptions {
  /** The root that the model must have; the manifest's own if absent. */
  readonly root?: string;
  /** Refuse models whose files are larger in total. Default 2^39 (512 GiB). */
  readonly maximumBytes?: number;
  readonly signal?: AbortSignal;
  /** Told how many bytes of all files are here. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Give a server up that is silent for so long, in milliseconds. Default 60,000. */
  readonly idleTimeout?: number;
  /** Waits between two attempts at a file. Default: by the clock. */
  readonly wait?: FetchOptions["wait"];
}

const DEFAULT_MAXIMUM = 2 ** 39;
const UNFINISHED = ".part";
/** Kept under this name until every file is here, so that nobody takes half a model for a whole one. */
const PENDING_MANIFEST = `${MANIFEST_FILE}${UNFINISHED}`;

/**
 * Fetches a published model, a folder with an athanor.json, and loads it: whatever the server sends, the result has the
 * expected root or is refused. What is here already is not fetched again, so an interrupted pull goes on where it stopped.
 *
 * @param uri the folder's address: http, https or file.
 * @param directory empty, absent, or holding an earlier pull of the same model.
 * @throws EngineError `MODEL_FETCH_FAILED`, `MODEL_TOO_LARGE`, `MODEL_ROOT_MISMATCH`, `MODEL_FILE_MISMATCH`,
 * `MANIFEST_INVALID`, `DESTINATION_OCCUPIED`, `ABORTED`, and what `loadModel` throws.
 */
export async function pullModel(uri: string, directory: string, options: PullOptions = {}): Promise<Model> {
  const connection: FetchOptions = {
    signal: options.signal,
    idleTimeout: options.idleTimeout ?? DEFAULT_IDLE_TIMEOUT,
    wait: options.wait,
  };
  const text = await fetchManifest(fileUrl(uri, MANIFEST_FILE, SCHEMES), openAt, connection);
  const manifest = parseManifest(text, uri);
  requireRoot(uri, manifest, options.root);
  const total = totalBytes(uri, manifest, options.maximumBytes ?? DEFAULT_MAXIMUM);
  await mkdir(directory, { recursive: true });
  await requireFree(directory, manifest);
  await writeFile(join(directory, PENDING_MANIFEST), text);
  let done = 0;
  for (const [name, file] of Object.entries(manifest.files)) {
    const before = done;
    await fetchVerified(fileUrl(uri, name, SCHEMES), join(directory, name), file, {
      ...connection,
      onProgress: (bytes) => options.onProgress?.(before + bytes, total),
    });
    done += file.bytes;
    options.onProgress?.(done, total);
  }
  await rename(join(directory, PENDING_MANIFEST), join(directory, MANIFEST_FILE));
  return loadModel(directory);
}

async function fetchVerified(
  url: URL,
  path: string,
  expected: ManifestClaim["files"][string],
  options: FetchOptions & { onProgress: (bytes: number) => void },
): Promise<void> {
  const isThere = async (at: string) => {
    const size = (await stat(at).catch(() => undefined))?.size;
    return size === expected.bytes && (await hashFile(at)).sha256 === expected.sha256;
  };
  if (await isThere(path)) return;
  const part = `${path}${UNFINISHED}`;
  await fetchToFile(url, part, expected.bytes, options);
  if (!(await isThere(part))) {
    // Going on from these bytes would never end well.
    const found = await hashFile(part);
    await rm(part);
    throw otherFile(url, expected, found);
  }
  await rename(part, path);
}

/** A folder may hold what an earlier pull of these files left, and nothing else. */
async function requireFree(directory: string, manifest: ManifestClaim): Promise<void> {
  const expected = new Set(
    [...Object.keys(manifest.files), MANIFEST_FILE].flatMap((name) => [name, `${name}${UNFINISHED}`]),
  );
  const other = (await readdir(directory)).find((name) => !expected.has(name));
  if (other === undefined) return;
  throw new EngineError(
    "DESTINATION_OCCUPIED",
    `${directory} holds ${other}, which is no file of this model.`,
    {
      remedy: "Choose an empty or new folder, or one with an interrupted pull of the same model.",
      details: { directory, entry: other },
    },
  );
}
