import type { GenerationParameters, ModelCommitment } from "@athanor/engine";
import type { Computes, ExecutorOptions } from "./executor.ts";

/** What the process of a model is started with. */
export interface ProcessOptions extends Omit<ExecutorOptions, "onDeviceLost"> {
  readonly folder: string;
}

/** What the main process tells the process of a model. */
export type ToModel =
  | {
      readonly kind: "run";
      readonly id: number;
      readonly prompt: readonly number[];
      readonly prefix: readonly number[];
      readonly startOffset: number;
      readonly generation: GenerationParameters;
      /** Output tokens, `prefix` included, at which it pauses; undefined for a run without pauses. */
      readonly allowed: number | undefined;
    }
  | { readonly kind: "allow"; readonly id: number; readonly tokens: number }
  | { readonly kind: "abort"; readonly id: number };

/** What it answers. An error travels as its parts: classes do not survive the way between processes. */
export type FromModel =
  | {
      readonly kind: "loaded";
      readonly commitment: ModelCommitment;
      readonly loadTime: number;
      readonly computes: Computes;
    }
  | { readonly kind: "device-lost"; readonly message: string }
  | { readonly kind: "load-failed"; readonly error: ErrorParts }
  | { readonly kind: "token"; readonly id: number; readonly token: number }
  | { readonly kind: "paused"; readonly id: number }
  | { readonly kind: "done"; readonly id: number; readonly tokens: readonly number[] }
  | { readonly kind: "failed"; readonly id: number; readonly error: ErrorParts };

export interface ErrorParts {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}
