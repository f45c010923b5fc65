import { llamaProgram, type LlamaShape } from "../../scripts/generate/cost-sheet/llama-program.ts";
import {
  encodeHeader,
  encodeOperator,
  encodeTensorDescriptor,
  programParts,
} from "../../engine/src/program/encode.ts";
import type { Operator, Program } from "../../engine/src/program/program.ts";
import { programChunks, rootOfParts } from "../../sdk/src/protocol/program-chunks.ts";
import { freshSystem } from "./system.ts";

const SHAPE: LlamaShape = {
  name: "small",
  vocabulary: 48,
  context: 96,
  hidden: 24,
  feedForward: 40,
  layers: 1,
  heads: 4,
  keyValueHeads: 2,
  headSize: 6,
};

/** A Llama of one layer, unless told otherwise: every opcode there is, in 29 operators. */
export const smallLlama = (changes: Partial<LlamaShape> = {}): Program =>
  llamaProgram({ ...SHAPE, ...changes });

/** The first operator of a kind. */
export function indexOf(program: Program, kind: Operator["kind"]): number {
  return program.operators.findIndex((operator) => operator.kind === kind);
}

/** Parts of a program that need not be valid, with one operator changed. */
export function partsWith(program: Program, index: number, change: Partial<Operator>): Uint8Array[] {
  return [
    encodeHeader(program),
    ...program.operators.map((operator, at) =>
      encodeOperator(at === index ? { ...operator, ...change } : operator),
    ),
    ...program.tensors.map(encodeTensorDescriptor),
  ];
}

/** Parts with one byte of one part changed. */
export function partsWithByte(program: Program, part: number, offset: number, value: number): Uint8Array[] {
  const parts = programParts(program);
  parts[part] = parts[part]!.slice();
  parts[part][offset] = value;
  return parts;
}

/** Adds all chunks of these parts to a fresh registry; validates nothing. */
export async function added(parts: readonly Uint8Array[]) {
  const { programs } = await freshSystem();
  const root = rootOfParts(parts);
  for (const { chunk, parts: some, path } of programChunks(parts)) {
    await programs.addChunk(root, chunk, some, path);
  }
  return { programs, root };
}
