import { createHash } from "node:crypto";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuildState } from "../import/program-builder.ts";
import { INTEGER_FORMAT } from "../import/integer-form.ts";
import { checkpointFiles, hashFile } from "./manifest.ts";
import { folderOf } from "./open-checkpoint.ts";
import type { WrittenTensors } from "./tensor-file.ts";

export const JOURNAL_FILE = "import.json";

/** How far an import came: all that the next part needs to know of the parts before it. */
export interface Journal extends BuildState {
  /** Of the checkpoint's files and the options. */
  readonly fingerprint: string;
  readonly stages: readonly WrittenTensors[];
}

/** Names, sizes and times of a checkpoint's files: enough to notice that it changed, without reading it twice. */
export async function fingerprintOf(checkpoint: string, contextLength: number | undefined): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([INTEGER_FORMAT, contextLength ?? null]));
  for (const name of await checkpointFiles(checkpoint)) {
    const { size, mtimeMs } = await stat(join(folderOf(checkpoint).directory, name));
    hash.update(JSON.stringify([name, size, mtimeMs]));
  }
  return hash.digest("hex");
}

/** The journal of an interrupted import of the same checkpoint whose parts are as they were written, or a new one. */
export async function continuedImport(directory: string, fingerprint: string): Promise<Journal> {
  const journal = await readJournal(directory);
  if (journal?.fingerprint === fingerprint && (await isIntact(directory, journal))) return journal;
  const fresh = { fingerprint, operators: [], tensors: [], stages: [] };
  await writeJournal(directory, fresh);
  return fresh;
}

export async function writeJournal(directory: string, journal: Journal): Promise<void> {
  await writeWhole(join(directory, JOURNAL_FILE), journal);
}

/** Writes JSON such that there is either the old file or the whole new one. */
export async function writeWhole(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(value, undefined, 2)}\n`, { flush: true });
  await rename(`${path}.new`, path);
}

async function readJournal(directory: string): Promise<Journal | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, JOURNAL_FILE), "utf8")) as Journal;
  } catch {
    return undefined;
  }
}

async function isIntact(directory: string, journal: Journal): Promise<boolean> {
  for (const { file, bytes, sha256 } of journal.stages) {
    const found = await hashFile(join(directory, file)).catch(() => undefined);
    if (found?.bytes !== bytes || found.sha256 !== sha256) return false;
  }
  return true;
}
