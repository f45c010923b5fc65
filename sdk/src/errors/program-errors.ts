const ANOTHER_COPY = "Import the model again or fetch an undamaged copy.";
const CANONICAL = "Upload the parts that the engine writes, in their order.";

/** What the program registry refuses; the form is that of contract-errors.ts. */
export const programErrors = {
  UnknownProgram: [
    "Nothing of the program {programRoot} is on chain.",
    "Upload the program first, its first chunk before the others.",
  ],
  NoSuchOperator: [
    "There is no operator {operator}; the program has {operatorCount}.",
    "Count operators from 0 on.",
  ],
  NoSuchTensor: ["There is no tensor {tensor}; the program has {tensorCount}.", ANOTHER_COPY],
  NoSuchChunk: ["There is no chunk {chunk}; the program has {chunkCount}.", CANONICAL],
  ChunkMissing: ["Chunk {chunk} of the program {programRoot} is not on chain.", "Upload it."],
  ChunksMissing: [
    "Only {added} of {chunkCount} chunks of the program are on chain.",
    "Upload the others before the program is checked.",
  ],
  CodeNotStored: ["The chain created no contract for the chunk.", "Send it again with more gas."],
  WrongMark: ["The program begins with {found}, not with its mark.", ANOTHER_COPY],
  VocabularyOutOfBounds: [
    "The vocabulary has {vocabularySize} tokens; from 1 to {maximum} are allowed.",
    "Use a model with a vocabulary within these bounds.",
  ],
  ContextOutOfBounds: [
    "The context length is {contextLength}; from 1 to {maximum} is allowed.",
    "Import the model with a context length within these bounds.",
  ],
  TooManyParts: [
    "The program has {parts} parts; at most {maximum} are allowed.",
    "Use a model with fewer layers.",
  ],
  WrongPartCount: ["The chunk has {given} parts instead of {expected}.", CANONICAL],
  WrongPartLength: ["Part {part} of the program has {length} bytes instead of {expected}.", ANOTHER_COPY],
  WrongPathLength: ["The chunk's path has {given} nodes instead of {expected}.", CANONICAL],
  WrongProgramRoot: ["The chunk belongs to the program {found}, not to {expected}.", CANONICAL],
  DecoyBehindProgram: [
    "The program's tree has {found} at level {level}, where nothing may be.",
    "Use the root that the engine computes.",
  ],
  UnknownTensorKind: ["Part {part} is a tensor of the unknown kind {kind}.", ANOTHER_COPY],
  UnknownOpcode: ["Operator {operator} has the unknown opcode {opcode}.", ANOTHER_COPY],
  UnknownPhase: ["Operator {operator} has the unknown phase {phase}.", ANOTHER_COPY],
  WrongPhase: ["Operator {operator} has phase {phase} instead of {expected}.", ANOTHER_COPY],
  WrongInputCount: ["Operator {operator} has {given} inputs instead of {expected}.", ANOTHER_COPY],
  WrongTensorCount: ["Operator {operator} has {given} tensors; {fewest} to {most} are right.", ANOTHER_COPY],
  WrongConstantCount: ["Operator {operator} has {given} constants instead of {expected}.", ANOTHER_COPY],
  NameNotPrintable: ["The name of operator {operator} is not printable ASCII.", ANOTHER_COPY],
  ConstantOutOfRange: [
    "Constant {constant_} of operator {operator} is {value}, not from {minimum} to {maximum}.",
    ANOTHER_COPY,
  ],
  OddHeadSize: ["Operator {operator} rotates heads of the odd size {size}.", ANOTHER_COPY],
  WrongVocabulary: [
    "Operator {operator} is for {given} tokens; the program's vocabulary has {expected}.",
    ANOTHER_COPY,
  ],
  InputNotEarlier: ["Operator {operator} reads operator {input}, which is not an earlier one.", ANOTHER_COPY],
  InputNotAlwaysThere: ["Operator {operator} reads operator {input} where that does not run.", ANOTHER_COPY],
  WrongInputShape: [
    "Operator {operator} reads {found:shape} from operator {input}, but takes {expected:shape}.",
    ANOTHER_COPY,
  ],
  WrongTensorShape: [
    "Operator {operator} uses tensor {tensor} of {found:tensor}, but takes {expected:tensor}.",
    ANOTHER_COPY,
  ],
  SecondOperator: [
    "Operator {operator} is the second one with opcode {opcode}; a program has exactly one.",
    ANOTHER_COPY,
  ],
  OperatorMissing: ["The program has no operator with opcode {opcode}.", ANOTHER_COPY],
  WorkOutOfBounds: [
    "The work of a position is {work} multiply-adds; from 1 to {maximum} is allowed.",
    "Use a model within these bounds.",
  ],
} as const;
