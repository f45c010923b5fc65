/** The protocol's verbs one by one, for programs that are more than clients: workers, indexers, explorers. */
export { AthanorError, type AthanorErrorOptions } from "./errors/athanor-error.ts";
export type { ErrorCode } from "./errors/catalogue.ts";
export type { ErrorContext } from "./errors/render.ts";
export { toAthanorError } from "./errors/to-athanor-error.ts";
export { isTransient } from "./errors/transport-error.ts";
export * from "./generated/abi.ts";
export { CaseStatus, JobStatus } from "./generated/enums.ts";
export {
  connectContracts,
  connectCurrencies,
  connectFees,
  connectToken,
  type AthanorContracts,
  type Erc20,
} from "./protocol/connect-contracts.ts";
export { costOf, feeOf, type Prices } from "./protocol/cost.ts";
export { deploymentOf, type Deployment } from "./protocol/deployment.ts";
export { readFees, type Fees, type FeeShares, type TokenFees } from "./protocol/fees.ts";
export {
  readHardware,
  readHardwareClasses,
  type HardwareClass,
  type ProviderHardware,
} from "./protocol/hardware.ts";
export {
  jobIdOf,
  resultIdOf,
  type EventPosition,
  type Generation,
  type HiddenRequest,
  type JobRecord,
  type JobTerms,
} from "./protocol/job.ts";
export { decodeJobState, type JobState, type JobStatusName } from "./protocol/job-state.ts";
export { decodeJob, positionOf, readJobs, type JobFilter } from "./protocol/read-jobs.ts";
export {
  logReaderOf,
  readLogs,
  type LogFilter,
  type LogReader,
  type ReadLogsOptions,
} from "./protocol/read-logs.ts";
export {
  answerOf,
  decodeOutcome,
  readOutcome,
  type JobEnding,
  type JobOutcome,
  type SubmittedResult,
} from "./protocol/read-outcome.ts";
export { takesWork, type Standing } from "./protocol/new-work.ts";
export { missingProgramCalls, uploadProgram, type ProgramCall } from "./protocol/upload-program.ts";
export { readRate, readRateIfAny, tokenPricesOf, type OfferPrices } from "./protocol/rates.ts";
export { tokenBytes, tokensOf } from "./protocol/tokens.ts";
export { Court, type CaseAnnouncement } from "./quality/court.ts";
export { ALL_SHARES, harmedTree, type HarmedShare, type HarmedTree } from "./quality/harmed-tree.ts";
export {
  connectCourt,
  courtOf,
  readCase,
  readCases,
  readReport,
  readStanding,
  type CaseReport,
  type CaseStatusName,
  type CaseTerms,
  type CaseView,
  type CourtStanding,
} from "./quality/read-cases.ts";
