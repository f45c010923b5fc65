import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "../errors.ts";
import type { CheckpointSource } from "../import/checkpoint.ts";

/** Node.js reads less than 2 GiB at a time. */
const LARGEST_READ = 2 ** 30;

/** A folder in the Hugging Face layout. Files are opened when they are read. */
export function openCheckpoint(directory: string): CheckpointSource {
  const path = (name: string) => join(directory, name);
  return {
    async list() {
      try {
        return (await readdir(directory)).sort();
      } catch (cause) {
        throw new EngineError(
          "CHECKPOINT_FILE_MISSING",
          `${directory} cannot be listed: ${(cause as Error).message}.`,
          {
            remedy: "Pass a folder that holds config.json, tokenizer.json and *.safetensors.",
            details: { directory },
            cause,
          },
        );
      }
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
