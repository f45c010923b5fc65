import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EngineError } from "../errors.ts";
import type { CheckpointSource } from "../import/checkpoint.ts";

/** Node.js reads less than 2 GiB at a time. */
const LARGEST_READ = 2 ** 30;

/** Where a checkpoint's files are: a folder, or one GGUF file and the small files beside it. */
export interface CheckpointFolder {
  readonly directory: string;
  /** The only GGUF file that counts. */
  readonly file: string | undefined;
}

export function folderOf(checkpoint: string): CheckpointFolder {
  if (!checkpoint.endsWith(".gguf")) return { directory: checkpoint, file: undefined };
  return { directory: dirname(checkpoint), file: basename(checkpoint) };
}

/** A folder in the Hugging Face layout or with a GGUF file, or a GGUF file. Files are opened when they are read. */
export function openCheckpoint(checkpoint: string): CheckpointSource {
  const { directory, file: only } = folderOf(checkpoint);
  const path = (name: string) => join(directory, name);
  return {
    async list() {
      const names = (await entriesOf(directory)).sort();
      if (only === undefined) return names;
      if (names.includes(only)) {
        return names.filter((name) => name === only || BESIDE_GGUF.includes(name));
      }
      throw new EngineError("CHECKPOINT_FILE_MISSING", `${directory} holds no file ${only}.`, {
        remedy: "Pass a GGUF file that exists.",
        details: { directory, file: only },
      });
    },
    size: async (name) => (await stat(path(name))).size,
    async readBytes(name, start, end) {
      const file = await open(path(name));
      try {
        const bytes = new Uint8Array(end - start);
        let filled = 0;
        while (filled < bytes.length) {
          const wanted = Math.min(LARGEST_READ, bytes.length - filled);
          const { bytesRead } = await file.read(bytes, filled, wanted, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await file.close();
      }
    },
  };
}

/** What is read beside a GGUF file; the rest of its folder belongs to other models. */
const BESIDE_GGUF: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "generation_config.json",
  "chat_template.jinja",
];

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    throw new EngineError(
      "CHECKPOINT_FILE_MISSING",
      `${directory} cannot be listed: ${(cause as Error).message}.`,
      {
        remedy: "Pass a folder that holds config.json, tokenizer.json and *.safetensors, or a GGUF file.",
        details: { directory },
        cause,
      },
    );
  }
}
