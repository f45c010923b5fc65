import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "../errors.ts";
import { parseJson } from "../import/checkpoint.ts";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { openCheckpoint } from "./open-checkpoint.ts";

export const MANIFEST_FILE = "athanor.json";

/** What a folder's model is committed to be. Numbers above 2^53 are decimal strings. */
export interface Manifest {
  readonly modelRoot: string;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly workPerPosition: string;
  readonly programRoot: string;
  readonly weightsRoot: string;
  readonly tokenizerHash: string;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** Imports the model in `directory` and records its roots and file hashes in `directory`/athanor.json. */
export async function writeManifest(directory: string): Promise<Manifest> {
  const { commitment } = await importModel(openCheckpoint(directory));
  const manifest = {
    ...commitment,
    workPerPosition: commitment.workPerPosition.toString(),
    files: await fileHashes(directory),
  };
  await writeFile(join(directory, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/** @throws EngineError `MANIFEST_INVALID`. */
export async function readManifest(directory: string): Promise<Pick<Manifest, "modelRoot" | "files">> {
  const { modelRoot, files } = parseJson(
    await readFile(join(directory, MANIFEST_FILE), "utf8"),
    MANIFEST_FILE,
  );
  if (
    typeof modelRoot !== "string" ||
    !/^0x[0-9a-f]{64}$/.test(modelRoot) ||
    typeof files !== "object" ||
    !files
  ) {
    throw new EngineError("MANIFEST_INVALID", `${MANIFEST_FILE} has no proper modelRoot and files.`, {
      remedy: "Restore the file that was published with the model.",
      details: { directory },
    });
  }
  return { modelRoot, files: files as Manifest["files"] };
}

const REMEDY = "Restore the published files, or write a new manifest if the change is intended.";

/** @throws EngineError `MODEL_ROOT_MISMATCH` naming both roots, `MODEL_FILE_MISMATCH`. */
export async function checkManifest(
  directory: string,
  model: Model,
  manifest: Pick<Manifest, "modelRoot" | "files">,
): Promise<void> {
  const { modelRoot: expected } = manifest;
  const found = model.commitment.modelRoot;
  if (found !== expected) {
    const changed = changedFiles(manifest.files, await fileHashes(directory));
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
export async function checkFiles(
  directory: string,
  manifest: Pick<Manifest, "files">,
  cause?: unknown,
): Promise<void> {
  const changed = changedFiles(manifest.files, await fileHashes(directory));
  if (changed.length === 0) return;
  throw new EngineError(
    "MODEL_FILE_MISMATCH",
    `${changed.join(", ")} in ${directory} differ from ${MANIFEST_FILE}.`,
    {
      remedy: REMEDY,
      details: { directory, changed },
      cause,
    },
  );
}

function changedFiles(expected: Manifest["files"], found: Manifest["files"]): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.filter((name) => expected[name]?.sha256 !== found[name]?.sha256);
}

/** Of the files that an import reads. */
async function fileHashes(directory: string): Promise<Manifest["files"]> {
  const imported =
    /^(?:config|generation_config|tokenizer|tokenizer_config)\.json$|^chat_template\.jinja$|\.safetensors(?:\.index\.json)?$/;
  const source = openCheckpoint(directory);
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const name of (await source.list()).filter((entry) => imported.test(entry))) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(directory, name))) hash.update(chunk as Uint8Array);
    files[name] = { bytes: await source.size(name), sha256: hash.digest("hex") };
  }
  return files;
}
