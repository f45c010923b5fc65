import { keccak256, toHex } from "./commitments/hash.ts";
import { merkleRoot } from "./commitments/merkle.ts";
import { modelRootOf, type ModelCommitment } from "./commitments/model.ts";
import { programRoot } from "./program/encode.ts";
import type { Program } from "./program/program.ts";
import { validateProgram, validateTensors } from "./program/validate.ts";
import { workPerPosition } from "./program/work.ts";
import { tensorRoot } from "./tensors/chunks.ts";
import type { Tensor } from "./tensors/tensor.ts";

export interface ModelHeader {
  /** As in config.json: "LlamaForCausalLM" and its like. Not part of the root. */
  readonly architecture: string;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly feedForwardSize: number;
  /** Weights of the checkpoint, a shared embedding counted once. */
  readonly parameters: number;
  /** Token ids that end an answer. */
  readonly stopTokens: readonly number[];
  /** A logit is the executor's integer times 2^-logitFraction. */
  readonly logitFraction: number;
}

/** An imported model: integers only, ready to run and committed to. Treat it as immutable. */
export interface Model {
  readonly header: ModelHeader;
  readonly program: Program;
  readonly tensors: readonly Tensor[];
  readonly commitment: ModelCommitment;
  /** tokenizer.json, parsed. */
  readonly tokenizerJson: Record<string, unknown>;
  /** tokenizer_config.json, parsed; absent when the checkpoint has none. */
  readonly tokenizerConfigJson: Record<string, unknown> | undefined;
}

export interface ModelParts extends Omit<Model, "commitment"> {
  readonly tokenizerBytes: Uint8Array;
}

/** Validates a program with its tensors and computes what it commits to. */
export function assembleModel(parts: ModelParts): Model {
  const { tokenizerBytes, ...model } = parts;
  validateProgram(model.program);
  validateTensors(model.program, model.tensors);
  const commitment = commitmentOf(model.program, model.tensors.map(tensorRoot), tokenizerBytes);
  return { ...model, commitment };
}

/** What a model commits to, from the roots of its tensors in the program's order. */
export function commitmentOf(
  program: Program,
  tensorRoots: readonly Uint8Array[],
  tokenizerBytes: Uint8Array,
): ModelCommitment {
  const roots = {
    vocabularySize: program.vocabularySize,
    contextLength: program.contextLength,
    workPerPosition: workPerPosition(program),
    programRoot: toHex(programRoot(program)),
    weightsRoot: toHex(merkleRoot(tensorRoots)),
    tokenizerHash: toHex(keccak256(tokenizerBytes)),
  };
  return { modelRoot: modelRootOf(roots), ...roots };
}
