import type { Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import type { ModelFolder } from "../config/schema.ts";
import { requireRoot } from "../model/require-root.ts";

/** Models that are loaded when they are asked for, and then stay. */
export class LazyModels {
  readonly #folders: readonly ModelFolder[];
  readonly #loaded = new Map<string, Promise<Model>>();

  constructor(folders: readonly ModelFolder[]) {
    this.#folders = folders;
  }

  /** The model with a root, or undefined if it is none of these. Models whose root is not configured are loaded to find out. */
  readonly get = async (modelRoot: string): Promise<Model | undefined> => {
    for (const folder of this.#folders) {
      if (folder.root !== null && folder.root !== modelRoot) continue;
      const model = await this.#load(folder);
      if (model.commitment.modelRoot === modelRoot) return model;
    }
    return undefined;
  };

  /** The roots of all of them. */
  async roots(): Promise<Set<string>> {
    const roots = new Set<string>();
    for (const folder of this.#folders) {
      roots.add(folder.root ?? (await this.#load(folder)).commitment.modelRoot);
    }
    return roots;
  }

  async #load(folder: ModelFolder): Promise<Model> {
    const known = this.#loaded.get(folder.path);
    if (known) return known;
    const loading = loadModel(folder.path).then((model) => {
      requireRoot(folder, model.commitment);
      return model;
    });
    this.#loaded.set(folder.path, loading);
    // Files may be repaired while the program runs.
    loading.catch(() => this.#loaded.delete(folder.path));
    return loading;
  }
}
