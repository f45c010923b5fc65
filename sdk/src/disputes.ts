/** Disputes about results: check, challenge, defend. Needs `@athanor/engine`, which computes. */
export { Disputes } from "./disputes/disputes.ts";
export type { ClaimedReceipt } from "./disputes/claimed-receipt.ts";
export type { ReceiptResult } from "./disputes/receipt-result.ts";
export { revealLevels } from "./disputes/descent.ts";
export type {
  ChallengeOptions,
  ChallengeOutcome,
  DefenceOutcome,
  DefendOptions,
  DisputePoint,
  DisputesOptions,
  MoveKind,
  MoveMade,
  PlayOptions,
  PrivateJob,
  Recomputation,
  Verification,
} from "./disputes/types.ts";
