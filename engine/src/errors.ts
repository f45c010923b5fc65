/** Every reason for which the engine refuses. Codes are stable: callers may switch on them. */
export type EngineErrorCode =
  | "ABORTED"
  | "CHAT_TEMPLATE_FAILED"
  | "CHAT_TEMPLATE_MISSING"
  | "CHECKPOINT_AMBIGUOUS"
  | "CHECKPOINT_FILE_MISSING"
  | "CONFIG_FIELD_INVALID"
  | "CONFIG_FIELD_UNSUPPORTED"
  | "CONTEXT_EXCEEDED"
  | "DESTINATION_OCCUPIED"
  | "GGUF_HEADER_INVALID"
  | "GGUF_TRUNCATED"
  | "GGUF_VERSION_UNSUPPORTED"
  | "GPU_FAILED"
  | "GPU_UNAVAILABLE"
  | "INVALID_ARGUMENT"
  | "JSON_INVALID"
  | "MANIFEST_INVALID"
  | "MEMORY_BUDGET_TOO_SMALL"
  | "MODEL_FETCH_FAILED"
  | "MODEL_FILE_MISMATCH"
  | "MODEL_ROOT_MISMATCH"
  | "MODEL_TOO_LARGE"
  | "PROGRAM_INVALID"
  | "PROMPT_EMPTY"
  | "SAFETENSORS_HEADER_INVALID"
  | "SAFETENSORS_TRUNCATED"
  | "TENSOR_MISSING"
  | "TENSOR_NOT_FINITE"
  | "TENSOR_OUT_OF_RANGE"
  | "TENSOR_SHAPE_MISMATCH"
  | "TENSOR_TYPE_UNSUPPORTED"
  | "TENSOR_UNEXPECTED"
  | "TEXT_INVALID"
  | "TOKEN_OUT_OF_VOCABULARY"
  | "TOKENIZER_INVALID"
  | "TOKENIZER_NOT_CONVERTIBLE"
  | "TOKENIZER_VOCABULARY_MISMATCH"
  | "WITNESS_INVALID";

export interface EngineErrorOptions {
  /** What the caller can do about it, as a sentence. */
  readonly remedy: string;
  /** The values that the message speaks of, for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class of the engine: a stable `code`, what is wrong (with the value), and what to do next. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: EngineErrorCode;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: EngineErrorCode, message: string, options: EngineErrorOptions) {
    super(`${message} ${options.remedy}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
  }
}
