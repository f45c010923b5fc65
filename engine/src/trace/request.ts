import type { Model } from "../model.ts";
import { generate, type GenerateOptions, type Generation } from "../run/generate.ts";
import type { InferenceRequest } from "../run/request.ts";

/** What a trace belongs to. */
export type TraceRequest = InferenceRequest;

/** Runs a request and shows every intermediate, or the roots that `roots` takes, as `generate` does. */
export type Executor = (
  model: Model,
  options: InferenceRequest & Pick<GenerateOptions, "signal" | "observer" | "roots">,
) => Promise<Generation>;

/** The fast executor, or the reference where it cannot run. */
export const defaultExecutor: Executor = generate;

export const referenceExecutor: Executor = (model, options) =>
  generate(model, { ...options, executor: "reference" });
