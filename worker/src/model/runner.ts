import type { GenerationParameters, ModelCommitment } from "@athanor/engine";

export interface RunRequest {
  readonly prompt: readonly number[];
  /** Output tokens that are known already; the model continues after them. */
  readonly prefix: readonly number[];
  /** Of the whole output, `prefix` included. */
  readonly generation: GenerationParameters;
  readonly signal: AbortSignal;
  /** Called with each new output token. */
  readonly onToken: (token: number) => void;
}

/** A loaded model that generates somewhere off this thread. */
export interface ModelRunner {
  readonly commitment: ModelCommitment;
  /** Milliseconds that loading took. */
  readonly loadTime: number;
  /**
   * The whole output, `prefix` included. Several may run at once.
   *
   * @throws EngineError-like errors with a code; `ABORTED` when the signal fires; WorkerError MODEL_THREAD_FAILED
   */
  run(request: RunRequest): Promise<number[]>;
  close(): Promise<void>;
}
