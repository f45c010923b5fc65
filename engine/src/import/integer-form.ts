import { EngineError } from "../errors.ts";
import { assembleModel, type Model } from "../model.ts";
import { decodeProgram } from "../program/decode.ts";
import type { Program } from "../program/program.ts";
import { decodeTensor, storedBytes } from "../tensors/bytes.ts";
import type { Tensor } from "../tensors/tensor.ts";
import { requireFile, type CheckpointSource } from "./checkpoint.ts";
import { headerOf } from "./header.ts";
import { readTokenizer } from "./import-model.ts";

/** Marks a manifest whose folder holds a model in integers. */
export const INTEGER_FORMAT = "athanor-integers-1";
export const PROGRAM_FILE = "program.bin";
const LARGEST_PROGRAM = 2 ** 28;

export interface IntegerForm {
  readonly architecture: string;
  /** Files of tensors, in order; each holds whole tensors, one after another. */
  readonly weights: readonly string[];
}

/**
 * Loads a model in its integer form: `program.bin` (canonical bytes), files of tensors, `tokenizer.json`. Needs no float
 * checkpoint, and everything is validated and committed to as after an import.
 *
 * @throws EngineError `MODEL_FILE_MISMATCH`, `PROGRAM_INVALID`, `TENSOR_OUT_OF_RANGE`, `CHECKPOINT_FILE_MISSING`.
 */
export async function readIntegerModel(source: CheckpointSource, form: IntegerForm): Promise<Model> {
  await requireFile(source, PROGRAM_FILE);
  const bytes = await source.size(PROGRAM_FILE);
  if (bytes > LARGEST_PROGRAM) throw mismatch(PROGRAM_FILE, `at most ${LARGEST_PROGRAM} bytes`, `${bytes}`);
  const program = decodeProgram(await source.readBytes(PROGRAM_FILE, 0, bytes));
  const tensors = await readTensors(source, form.weights, program);
  const stop = program.operators.find(({ kind }) => kind === "stop");
  const stopTable = tensors[stop?.tensors[0] ?? -1];
  const stopTokens = stopTable ? [...stopTable.values] : [];
  const tokenizer = await readTokenizer(source, program.vocabularySize);
  return assembleModel({
    header: headerOf(program, form.architecture, stopTokens),
    program,
    tensors,
    ...tokenizer,
  });
}

async function readTensors(
  source: CheckpointSource,
  files: readonly string[],
  program: Program,
): Promise<Tensor[]> {
  const tensors: Tensor[] = [];
  for (const file of files) {
    await requireFile(source, file);
    const size = await source.size(file);
    let at = 0;
    while (at < size) {
      const descriptor = program.tensors[tensors.length];
      if (!descriptor) throw mismatch(file, `${at} bytes`, `${size}`);
      const end = at + storedBytes(descriptor);
      if (end > size) {
        const name = `tensor ${tensors.length} (${descriptor.kind} ${descriptor.rows} × ${descriptor.columns})`;
        throw mismatch(file, `${end} bytes, for ${name} to end there`, `${size}`);
      }
      tensors.push(decodeTensor(descriptor, await source.readBytes(file, at, end)));
      at = end;
    }
  }
  if (tensors.length !== program.tensors.length) {
    throw mismatch(files.at(-1) ?? "weights", `${program.tensors.length} tensors`, `${tensors.length}`);
  }
  return tensors;
}

function mismatch(file: string, expected: string, found: string): EngineError {
  return new EngineError("MODEL_FILE_MISMATCH", `${file} is damaged: expected ${expected}, found ${found}.`, {
    remedy: "Pull or import the model again.",
    details: { files: [file], expected, found },
  });
}
