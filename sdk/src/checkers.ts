/** Checkers, who measure providers, recompute results and time hardware for pay: docs/checkers.md specifies them. */
export { Checkers, type CommitOptions } from "./checkers/checkers.ts";
export { connectCheckers, type CheckerContracts } from "./checkers/contracts.ts";
export {
  attestationCommitment,
  auditorSubject,
  channelSalt,
  drawThreshold,
  examId,
  isAudited,
  isDrawn,
  isExamined,
  jobSalt,
  providerSubject,
  secretCommitment,
} from "./checkers/hashes.ts";
export {
  encodeChannelEvidence,
  encodeExamEvidence,
  encodeJobEvidence,
  requiredRequests,
} from "./checkers/evidence.ts";
export { reportChunks, reportHashes, reportsTip, type ReportChunk } from "./checkers/reports.ts";
export type { ProviderScore } from "./protocol/scores.ts";
export type {
  AttestationReveal,
  AttestationView,
  BeaconRound,
  CallOptions,
  CheckerRules,
  CheckersOptions,
  CheckerTransaction,
  CheckerView,
  EnrolledProvider,
  EpochPay,
  EpochView,
  QualityReport,
} from "./checkers/types.ts";
