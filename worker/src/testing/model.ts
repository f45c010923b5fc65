import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesOf, tinyCheckpoint, type TinyShape } from "../../../engine/src/testing/tiny-checkpoint.ts";

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "athanor-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Writes a random model of a few thousand weights, as a folder that the engine imports. Its first stop token is 2. */
export async function writeTinyModel(folder: string, shape: Partial<TinyShape> = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of filesOf(tinyCheckpoint(shape))) await writeFile(join(folder, name), bytes);
  return folder;
}

/** The source of a model's process, as tests run it. */
export const modelProcess = new URL("../model/process.ts", import.meta.url);

/** One whose graphics card is lost. */
export const losingModelProcess = new URL("losing-model-process.ts", import.meta.url);
