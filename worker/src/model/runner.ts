import type { GenerationParameters, ModelCommitment } from "@athanor/engine";
import type { Computes } from "./executor.ts";

/** How far a run may go before it waits: a number of output tokens that grows. */
export class Allowance {
  /** Of the whole output, known tokens included; it has been promised, and counts once it is granted. */
  tokens: number;
  private listener: ((tokens: number) => void) | undefined;

  constructor(tokens: number) {
    this.tokens = tokens;
  }

  promise(tokens: number): void {
    this.tokens = tokens;
  }

  /** Tells the run. */
  grant(): void {
    this.listener?.(this.tokens);
  }

  onGrant(listener: (tokens: number) => void): void {
    this.listener = listener;
  }
}

export interface RunRequest {
  readonly prompt: readonly number[];
  /** How many of the prompt's last tokens are the output of a request that this one continues. Default 0. */
  readonly startOffset?: number;
  /** Output tokens that are known already; the model continues after them. */
  readonly prefix: readonly number[];
  /** Of the whole output, `prefix` included. */
  readonly generation: GenerationParameters;
  readonly signal: AbortSignal;
  /** Called with each new output token. */
  readonly onToken: (token: number) => void;
  /** Where the run waits; without one it goes on to its end. */
  readonly allowance?: Allowance;
  /** Called when the allowance is used up and more is to come. */
  readonly onPause?: () => void;
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
