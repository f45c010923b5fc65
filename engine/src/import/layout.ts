import { requireFile, type CheckpointSource } from "./checkpoint.ts";
import { ggufFileOf, openGguf } from "./gguf/checkpoint.ts";
import { listTensors } from "./safetensors.ts";
import type { StoredTensors } from "./stored-tensor.ts";

/** A checkpoint in Hugging Face's layout, or one that can be read as if it were. */
export interface CheckpointLayout {
  /** config.json, tokenizer.json and the like, and the files of the tensors. */
  readonly source: CheckpointSource;
  readonly tensors: StoredTensors;
  /** What the files call a tensor of Hugging Face's layout. */
  readonly nameOf: (name: string) => string;
  /** A refusal of a field of config.json in the terms of the files. */
  readonly explained: (error: unknown) => unknown;
}

/**
 * Finds the tensors of a checkpoint: safetensors, or one GGUF file.
 *
 * @throws EngineError naming the file, key or tensor that is wrong.
 */
export async function openLayout(source: CheckpointSource): Promise<CheckpointLayout> {
  const file = await ggufFileOf(source);
  if (file !== undefined) return openGguf(source, file);
  await requireFile(source, "config.json");
  const tensors = await listTensors(source);
  return { source, tensors, nameOf: (name) => name, explained: (error) => error };
}
