export { formatAmount } from "./amounts/format-amount.ts";
export { formatCents, parseCents, tokenUnitsOf, type TokenRate } from "./amounts/microcents.ts";
export { parseAmount } from "./amounts/parse-amount.ts";
export type { TokenInfo } from "./amounts/token-info.ts";
export { AthanorClient } from "./client/athanor-client.ts";
export type {
  ConnectOptions,
  FollowOptions,
  GenerationOptions,
  InferenceResult,
  InferRequest,
  JobsFilter,
  JobSummary,
  JobView,
  Offer,
  Progress,
  Quote,
  QuoteRequest,
} from "./client/types.ts";
export { AthanorError, type AthanorErrorOptions } from "./errors/athanor-error.ts";
export type { ErrorCode } from "./errors/catalogue.ts";
export { ProviderFailedError } from "./errors/provider-failed-error.ts";
export type { ErrorContext } from "./errors/render.ts";
export { toAthanorError } from "./errors/to-athanor-error.ts";
export { httpModelSource } from "./models/http-model-source.ts";
export type { ModelSource, ReadFileOptions } from "./models/model-source.ts";
export type { Deployment } from "./protocol/deployment.ts";
export type { HardwareClass, ProviderHardware } from "./protocol/hardware.ts";
export type { EventPosition, Generation, JobRecord, JobTerms } from "./protocol/job.ts";
export type { JobStatusName } from "./protocol/job-state.ts";
export type { ChainStep, InferenceReceipt, Payment } from "./protocol/receipt.ts";
export type { MinimumScore, ProviderScore } from "./protocol/scores.ts";
export type { Funds } from "./transactions/fund.ts";
