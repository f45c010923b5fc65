import type { ModelCommitment } from "@athanor/engine";
import type { ModelFolder } from "../config/schema.ts";
import { WorkerError } from "../errors.ts";

/**
 * Refuses a model whose files are not those that the configuration means.
 *
 * @throws WorkerError MODEL_ROOT_MISMATCH, naming both roots
 */
export function requireRoot(model: ModelFolder, { modelRoot }: ModelCommitment): void {
  if (model.root === null || model.root === modelRoot) return;
  throw new WorkerError(
    "MODEL_ROOT_MISMATCH",
    `${model.path} has the root ${modelRoot}, models[].root is ${model.root}.`,
    {
      remedy: "Restore the model's files, or correct the root if the model was replaced on purpose.",
      details: { path: model.path, found: modelRoot, expected: model.root },
    },
  );
}
