import { hasFile } from "../import/checkpoint.ts";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { checkFiles, checkManifest, MANIFEST_FILE, readManifest } from "./manifest.ts";
import { openCheckpoint } from "./open-checkpoint.ts";

/**
 * Imports the model in a folder and, if the folder has a manifest, holds the model against it.
 *
 * @throws EngineError what `importModel` and `checkManifest` throw.
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
    model = await importModel(source);
  } catch (cause) {
    // Damage is best explained by the files that differ from what was published.
    await checkFiles(directory, manifest, cause);
    throw cause;
  }
  await checkManifest(directory, model, manifest);
  return model;
}
