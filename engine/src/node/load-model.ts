import { hasFile } from "../import/checkpoint.ts";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { checkManifest, MANIFEST_FILE } from "./manifest.ts";
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
  const model = await importModel(source);
  if (await hasFile(source, MANIFEST_FILE)) await checkManifest(directory, model);
  return model;
}
