import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MANIFEST_FILE, parseManifest, type FileHashes, type ManifestClaim } from "../download/manifest.ts";
import { EngineError } from "../errors.ts";
import type { IntegerForm } from "../import/integer-form.ts";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { folderOf, openCheckpoint } from "./open-checkpoint.ts";

/** What a folder's model is committed to be. Numbers above 2^53 are decimal strings. */
export interface Manifest {
  readonly modelRoot: string;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly workPerPosition: string;
  readonly programRoot: string;
  readonly weightsRoot: string;
  readonly tokenizerHash: string;
  readonly files: FileHashes;
  /** Set where the folder holds the model in integers rather than a checkpoint. */
  readonly integers?: IntegerForm;
}

/** Imports the model in `directory` and records its roots and file hashes in `directory`/athanor.json. */
export async function writeManifest(directory: string): Promise<Manifest> {
  if (folderOf(directory).file !== undefined) {
    throw new EngineError("INVALID_ARGUMENT", `${directory} is a file: a manifest stands in a folder.`, {
      remedy: "Pass the folder that holds the file.",
      details: { directory },
    });
  }
  const { commitment } = await importModel(openCheckpoint(directory));
  const manifest = {
    ...commitment,
    workPerPosition: commitment.workPerPosition.toString(),
    files: await hashFiles(directory, await checkpointFiles(directory)),
  };
  await writeFile(join(directory, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/** @throws EngineError `MANIFEST_INVALID`. */
export async function readManifest(directory: string): Promise<ManifestClaim> {
  return parseManifest(await readFile(join(directory, MANIFEST_FILE), "utf8"), directory);
}

const REMEDY = "Restore the published files, or write a new manifest if the change is intended.";

/** @throws EngineError `MODEL_ROOT_MISMATCH` naming both roots, `MODEL_FILE_MISMATCH`. */
export async function checkManifest(directory: string, model: Model, manifest: ManifestClaim): Promise<void> {
  const { modelRoot: expected } = manifest;
  const found = model.commitment.modelRoot;
  if (found !== expected) {
    const changed = changedFiles(manifest.files, await foundFiles(directory, manifest));
    const where = changed.length > 0 ? ` Changed: ${changed.join(", ")}.` : "";
    throw new EngineError(
      "MODEL_ROOT_MISMATCH",
      `The model in ${directory} has the root ${found}, but ${MANIFEST_FILE} commits to ${expected}.${where}`,
      { remedy: REMEDY, details: { directory, expected, found, changed } },
    );
  }
  await checkFiles(directory, manifest);
}

/** @throws EngineError `MODEL_FILE_MISMATCH` naming the files that differ from the manifest. */
export async function checkFiles(directory: string, manifest: ManifestClaim, cause?: unknown): Promise<void> {
  const files = await foundFiles(directory, manifest);
  const changed = changedFiles(manifest.files, files);
  if (changed.length === 0) return;
  const hashes = (of: FileHashes) => Object.fromEntries(changed.map((name) => [name, of[name]?.sha256]));
  throw new EngineError(
    "MODEL_FILE_MISMATCH",
    `${changed.join(", ")} in ${directory} differ from ${MANIFEST_FILE}.`,
    {
      remedy: REMEDY,
      details: { directory, changed, expected: hashes(manifest.files), found: hashes(files) },
      cause,
    },
  );
}

function changedFiles(expected: FileHashes, found: FileHashes): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.filter((name) => expected[name]?.sha256 !== found[name]?.sha256);
}

/** A checkpoint may have files too many; the integer form consists of those that its manifest names. */
async function foundFiles(directory: string, manifest: ManifestClaim): Promise<FileHashes> {
  if (!manifest.integers) return hashFiles(directory, await checkpointFiles(directory));
  const present = await openCheckpoint(directory).list();
  return hashFiles(
    directory,
    Object.keys(manifest.files).filter((name) => present.includes(name)),
  );
}

/** Names of the files that an import reads. */
export async function checkpointFiles(directory: string): Promise<string[]> {
  const imported =
    /^(?:config|generation_config|tokenizer|tokenizer_config)\.json$|^chat_template\.jinja$|\.safetensors(?:\.index\.json)?$|\.gguf$/;
  return (await openCheckpoint(directory).list()).filter((name) => imported.test(name));
}

export async function hashFiles(directory: string, names: readonly string[]): Promise<FileHashes> {
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const name of names) files[name] = await hashFile(join(directory, name));
  return files;
}

export async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
