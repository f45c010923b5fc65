import type { GenerationParameters, ModelCommitment } from "@athanor/engine";
import type { Computes } from "./executor.ts";

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

/** A loaded model that generates in a process of its own. */
export interface ModelRunner {
  readonly commitment: ModelCommitment;
  /** Milliseconds that loading took. */
  readonly loadTime: number;
  /** What computes it; of a runner that opens its model again, when it was first opened. */
  readonly computes: Computes;
  /**
   * The whole output, `prefix` included. Several may run at once.
   *
   * @throws EngineError-like errors with a code; `ABORTED` when the signal fires; WorkerError MODEL_PROCESS_FAILED
   */
  run(request: RunRequest): Promise<number[]>;
  close(): Promise<void>;
}
