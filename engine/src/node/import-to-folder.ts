import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromHex } from "../commitments/hash.ts";
import type { ModelCommitment } from "../commitments/model.ts";
import { MANIFEST_FILE } from "../download/manifest.ts";
import { EngineError } from "../errors.ts";
import { hasFile } from "../import/checkpoint.ts";
import { parametersOf } from "../import/header.ts";
import { CHAT_TEMPLATE_FILE, openForImport, type ImportOptions } from "../import/import-model.ts";
import { INTEGER_FORMAT, PROGRAM_FILE } from "../import/integer-form.ts";
import { buildStage, stagesOf } from "../import/llama.ts";
import { ProgramBuilder } from "../import/program-builder.ts";
import { commitmentOf } from "../model.ts";
import { encodeProgram } from "../program/encode.ts";
import { continuedImport, fingerprintOf, JOURNAL_FILE, writeJournal, writeWhole } from "./import-journal.ts";
import { hashFiles } from "./manifest.ts";
import { openCheckpoint } from "./open-checkpoint.ts";
import { TensorFile } from "./tensor-file.ts";

export interface ImportToFolderOptions extends ImportOptions {
  /** Stops between two parts; a later call goes on from there. */
  readonly signal?: AbortSignal;
}

/**
 * Imports a checkpoint layer by layer into the integer form, which `loadModel` loads without the checkpoint and to the same
 * root. Never holds more in memory than one layer, or the embedding in integers. An interrupted import is continued by the
 * same call; a changed checkpoint begins anew.
 *
 * @param directory empty, absent, or holding an interrupted import.
 * @throws EngineError `DESTINATION_OCCUPIED`, `ABORTED`, and what `importModel` throws.
 */
export async function importToFolder(
  checkpoint: string,
  directory: string,
  options: ImportToFolderOptions = {},
): Promise<ModelCommitment> {
  await mkdir(directory, { recursive: true });
  await requireFree(directory);
  const source = openCheckpoint(checkpoint);
  const fingerprint = await fingerprintOf(checkpoint, options.contextLength);
  let journal = await continuedImport(directory, fingerprint);
  const before = parametersOf(journal);
  const { files, config, stopTokens, weights, tokenizerBytes } = await openForImport(source, {
    ...options,
    onProgress: (done, total) => options.onProgress?.(before + done, total),
  });
  for (let stage = journal.stages.length; stage < stagesOf(config); stage++) {
    if (options.signal?.aborted) throw aborted(stage, stagesOf(config));
    const file = new TensorFile(directory, `weights-${String(stage).padStart(5, "0")}.bin`);
    let builder: ProgramBuilder;
    try {
      builder = new ProgramBuilder((tensor) => {
        file.write(tensor);
      }, journal);
      await buildStage(stage, config, stopTokens, weights, builder);
    } finally {
      file.close();
    }
    journal = {
      fingerprint,
      operators: builder.operators,
      tensors: builder.tensors,
      stages: [...journal.stages, file.summary()],
    };
    await writeJournal(directory, journal);
  }

  const { vocabularySize, contextLength, architecture } = config;
  const program = { vocabularySize, contextLength, operators: journal.operators, tensors: journal.tensors };
  const copied = ["tokenizer.json", "tokenizer_config.json", CHAT_TEMPLATE_FILE];
  const small: string[] = [PROGRAM_FILE];
  await writeFile(join(directory, PROGRAM_FILE), encodeProgram(program));
  for (const name of copied) {
    if (!(await hasFile(files, name))) continue;
    const bytes = await files.readBytes(name, 0, await files.size(name));
    await writeFile(join(directory, name), bytes);
    small.push(name);
  }
  const roots = journal.stages.flatMap((stage) => stage.roots.map(fromHex));
  const commitment = commitmentOf(program, roots, tokenizerBytes);
  const parts = journal.stages.map(({ file, bytes, sha256 }) => [file, { bytes, sha256 }] as const);
  await writeWhole(join(directory, MANIFEST_FILE), {
    format: INTEGER_FORMAT,
    architecture,
    ...commitment,
    workPerPosition: commitment.workPerPosition.toString(),
    weights: parts.map(([file]) => file),
    files: { ...(await hashFiles(directory, small)), ...Object.fromEntries(parts) },
  });
  await rm(join(directory, JOURNAL_FILE), { force: true });
  return commitment;
}

/** @throws EngineError `DESTINATION_OCCUPIED`. */
async function requireFree(directory: string): Promise<void> {
  const [entry] = (await readdir(directory)).sort();
  if (entry === undefined || (await readdir(directory)).includes(JOURNAL_FILE)) return;
  throw new EngineError("DESTINATION_OCCUPIED", `${directory} is not empty: it holds ${entry}.`, {
    remedy: "Choose an empty or new folder, or one with an interrupted import.",
    details: { directory, entry },
  });
}

function aborted(stage: number, stages: number): EngineError {
  return new EngineError("ABORTED", `The import was stopped after ${stage} of ${stages} parts.`, {
    remedy: "The same import goes on from there.",
    details: { stage, stages },
  });
}
