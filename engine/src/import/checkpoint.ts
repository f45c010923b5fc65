import { EngineError } from "../errors.ts";

/** Where a checkpoint's files come from: a folder, a browser's file list, memory. Names are relative to its root. */
export interface CheckpointSource {
  /** Names of the files there are. */
  list(): Promise<readonly string[]>;
  /** Bytes of a file. */
  size(name: string): Promise<number>;
  /** Bytes [start, end) of a file. */
  readBytes(name: string, start: number, end: number): Promise<Uint8Array>;
  /** A whole file as UTF-8. */
  readText(name: string): Promise<string>;
}

export type JsonObject = Record<string, unknown>;

export async function hasFile(source: CheckpointSource, name: string): Promise<boolean> {
  return (await source.list()).includes(name);
}

/** @throws EngineError `CHECKPOINT_FILE_MISSING` naming the file. */
export async function requireFile(source: CheckpointSource, name: string): Promise<void> {
  if (!(await hasFile(source, name))) {
    throw new EngineError("CHECKPOINT_FILE_MISSING", `The checkpoint has no file ${name}.`, {
      remedy: "Download the checkpoint completely, in the Hugging Face layout.",
      details: { file: name },
    });
  }
}

/** @throws EngineError `CHECKPOINT_FILE_MISSING`, `JSON_INVALID`. */
export async function readJson(source: CheckpointSource, name: string): Promise<JsonObject> {
  await requireFile(source, name);
  return parseJson(await source.readText(name), name);
}

/** @throws EngineError `JSON_INVALID` when `text` is not a JSON object. */
export function parseJson(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EngineError("JSON_INVALID", `${name} is not JSON: ${(cause as Error).message}.`, {
      remedy: "Download the file again.",
      details: { file: name },
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new EngineError("JSON_INVALID", `${name} does not hold a JSON object.`, {
      remedy: "Download the file again.",
      details: { file: name },
    });
  }
  return value as JsonObject;
}
