import { toAthanorError } from "@athanor/sdk/protocol";

/**
 * Whose fault it is that a request has no answer. `provider`: it said so itself, or the chain does, or it did what a client refuses. `silence`: nothing usable came
 * from it, or from where it says that its model lies; that may be this side's network. `own`: everything else, the node of this side above all.
 */
export type Fault = "provider" | "silence" | "own";

const ofProvider: ReadonlySet<string> = new Set([
  "EncryptionKeyUnusable",
  "InsufficientStake",
  "InvalidSigner",
  "NoOffer",
  "NoSuchOffer",
  "NotRegistered",
  "OutputRootMismatch",
  "ProviderConvicted",
  "ProviderDeclined",
  "ProviderDidNotAnswer",
  "ProviderJailed",
  "ProviderMisbehaved",
  "ProviderRefused",
  "ProviderTakesNoWork",
  "ReceiptRefused",
  "SealedAnswerRefused",
  "SealedRequestsNotTaken",
  "StakeModuleNotApproved",
  "TokenPriceTooLarge",
]);

const ofSilence: ReadonlySet<string> = new Set([
  "ModelFileMismatch",
  "ModelFileTooLarge",
  "ModelFileUnavailable",
  "ModelUriUnsupported",
  "ProviderStalled",
  "ProviderUnreachable",
  "TokenizerInvalid",
  "AnswerTooLate",
]);

/** Code of what ends a request that is not answered when its time is over. */
export const TOO_LATE = "AnswerTooLate";

export function faultOf(code: string): Fault {
  if (ofProvider.has(code)) return "provider";
  return ofSilence.has(code) ? "silence" : "own";
}

/** Codes for which a channel cannot be had, while jobs can. */
export const channelImpossible: ReadonlySet<string> = new Set([
  "ChannelTokenNotAccepted",
  "DepositTooLarge",
  "DepositTooSmall",
  "EndpointRefused",
  "ProviderWithoutEndpoint",
]);

/** Why a request has no answer: a stable code, and what was said. */
export interface Reason {
  readonly code: string;
  readonly detail: string;
}

/** That of an error, with the provider's own code where it refused. */
export function reasonOf(error: unknown): Reason {
  const { code, values, message } = toAthanorError(error);
  const refused = values["providerCode"];
  const detail = message.split("\n", 1)[0]!.slice(0, 300);
  return { code, detail: typeof refused === "string" ? `${refused}: ${detail}` : detail };
}
