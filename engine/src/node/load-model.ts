import { MANIFEST_FILE, type ManifestClaim } from "../download/manifest.ts";
import { EngineError } from "../errors.ts";
import { hasFile, type CheckpointSource } from "../import/checkpoint.ts";
import { importModel } from "../import/import-model.ts";
import { readIntegerModel } from "../import/integer-form.ts";
import type { Model } from "../model.ts";
import { checkFiles, checkManifest, readManifest } from "./manifest.ts";
import { openCheckpoint } from "./open-checkpoint.ts";

/**
 * Loads the model in a folder: a checkpoint, which is imported, or the integer form that `importToFolder` writes. If the
 * folder has a manifest, as the integer form always does, the model is held against it.
 *
 * @throws EngineError what `importModel`, `readIntegerModel` and `checkManifest` throw.
 *
 * @example
 * const model = await loadModel("models/bard");
 * console.log(model.commitment.modelRoot);
 */
export async function loadModel(directory: string): Promise<Model> {
  const source = openCheckpoint(directory);
  if (!(await hasFile(source, MANIFEST_FILE))) return importModel(source);
  const manifest = await readManifest(directory);
  let model: Model;
  try {
    if (manifest.integers) {
      await checkSizes(source, directory, manifest);
      model = await readIntegerModel(source, manifest.integers);
    } else {
      model = await importModel(source);
    }
  } catch (cause) {
    // Damage is best explained by the files that differ from what was published.
    await checkFiles(directory, manifest, cause);
    throw cause;
  }
  await checkManifest(directory, model, manifest);
  return model;
}

/** @throws EngineError `MODEL_FILE_MISMATCH` naming a file that is missing or has another size. */
async function checkSizes(
  source: CheckpointSource,
  directory: string,
  manifest: ManifestClaim,
): Promise<void> {
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    const found = (await hasFile(source, name)) ? await source.size(name) : undefined;
    if (found === bytes) continue;
    throw new EngineError(
      "MODEL_FILE_MISMATCH",
      `${name} in ${directory} ${found === undefined ? "is missing" : `has ${found} bytes`}; ${MANIFEST_FILE} says ${bytes}.`,
      {
        remedy: "Pull or import the model again.",
        details: { directory, file: name, expected: bytes, found },
      },
    );
  }
}
