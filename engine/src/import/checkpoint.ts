import { EngineError } from "../errors.ts";

/** Where a checkpoint's files come from: a folder, a browser's file list, memory. Names are relative to its root. */
export interface CheckpointSource {
  /** Names of the files there are. */
  list(): Promise<readonly string[]>;
  /** Bytes of a file. */
  size(name: string): Promise<number>;
  /** Bytes [start, end) of a file. */
  readBytes(name: string, start: number, end: number): Promise<Uint8Array>;
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
  return parseJson(await readText(source, name), name);
}

/** A whole file as text. @throws EngineError `TEXT_INVALID`. */
export async function readText(source: CheckpointSource, name: string): Promise<string> {
  return decodeText(await source.readBytes(name, 0, await source.size(name)), name);
}

/** @throws EngineError `TEXT_INVALID`, with the place, where `bytes` are not UTF-8. */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const offset = validLength(bytes);
    const found = `0x${bytes[offset]!.toString(16).padStart(2, "0")}`;
    throw new EngineError("TEXT_INVALID", `${name} is not UTF-8: byte ${offset} is ${found}.`, {
      remedy: "Download the file again.",
      details: { file: name, offset, expected: "UTF-8", found },
      cause,
    });
  }
}

/** Bytes from the first on that are whole characters in UTF-8; not all of them are. */
function validLength(bytes: Uint8Array): number {
  let [valid, invalid] = [0, bytes.length];
  const decodes = (end: number) => {
    try {
      // As a stream, so that a character that is cut at the end does not count.
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  if (decodes(invalid)) return lastCharacter(bytes);
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2);
    if (decodes(middle)) valid = middle;
    else invalid = middle;
  }
  return valid;
}

/** Where the character begins that the end cuts off. */
function lastCharacter(bytes: Uint8Array): number {
  let start = bytes.length - 1;
  while (start > 0 && (bytes[start]! & 0xc0) === 0x80) start--;
  return start;
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
