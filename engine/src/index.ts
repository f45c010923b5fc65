export { EngineError, type EngineErrorCode, type EngineErrorOptions } from "./errors.ts";
export { fromHex, keccak256, toHex, type Hex } from "./commitments/hash.ts";
export {
  checkGeneration,
  decodeGeneration,
  decodeStopSequences,
  encodeGeneration,
  encodeStopSequences,
  stopsHash,
  type GenerationParameters,
} from "./commitments/generation.ts";
export { leafHash, merkleRoot, nodeHash, PAD } from "./commitments/merkle.ts";
export { modelRootOf, type ModelCommitment, type ModelRootParts } from "./commitments/model.ts";
export { decryptTokens, encryptTokens, SECRET_BYTES } from "./commitments/private.ts";
export {
  encodeRequest,
  inputRoot,
  outputRoot,
  outputTokensRoot,
  type RequestCommitment,
} from "./commitments/request.ts";
export { decodeTokens, encodeTokens, tokensRoot, TOKENS_PER_LEAF } from "./commitments/tokens.ts";
export { fetchModel, type FetchModelOptions } from "./download/fetch-model.ts";
export {
  createFastExecutor,
  type FastExecutor,
  type FastExecutorOptions,
  type FastSessionOptions,
} from "./fast/executor.ts";
export type { CheckpointSource } from "./import/checkpoint.ts";
export { importModel, type ImportOptions } from "./import/import-model.ts";
export { readIntegerModel, type IntegerForm } from "./import/integer-form.ts";
export { describeModel, type ModelDescription } from "./inspect/describe-model.ts";
export { pictureOf } from "./inspect/picture.ts";
export type { Model, ModelHeader } from "./model.ts";
export type { Section, SectionType, SectionValues, Shape } from "./operators/definition.ts";
export { OPERATORS } from "./operators/index.ts";
export { decodeProgram } from "./program/decode.ts";
export { encodeProgram, programParts } from "./program/encode.ts";
export type { Operator, OperatorKind, Phase, Program } from "./program/program.ts";
export {
  endOf,
  generate,
  type GenerateOptions,
  type GeneratingExecutor,
  type Generation,
} from "./run/generate.ts";
export { checkRequest, type InferenceRequest } from "./run/request.ts";
export {
  createSession,
  type Observation,
  type PositionRequest,
  type PositionResult,
  type Session,
  type SessionOptions,
} from "./run/session.ts";
export type { RowTensor, TableTensor, Tensor, TensorDescriptor } from "./tensors/tensor.ts";
export { Tokenizer, type ChatMessage, type ChatOptions } from "./tokenizer.ts";
