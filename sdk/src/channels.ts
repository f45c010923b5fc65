/** Channels: thousands of requests, one payment. docs/channels.md specifies them. */
export { Channels } from "./channels/channels.ts";
export type {
  BatchEntry,
  CallOptions,
  ChannelsOptions,
  ChannelTransaction,
  OpenedChannel,
  Payment,
} from "./channels/calls.ts";
export { ClientChannel } from "./channels/client-channel.ts";
export type {
  ChannelRequest,
  ClientChannelOptions,
  ReceivedOutput,
  Settled,
} from "./channels/client-channel.ts";
export { decodeReceipt, decodeVoucher, encodeSigned } from "./channels/encode.ts";
export {
  decodeChannelEvent,
  readChannelEvents,
  readOpenedChannels,
  type ChannelEvent,
  type ChannelEventName,
  type ChannelFilter,
} from "./channels/events.ts";
export { RECEIPT_KEY_IN_USE, type ReceiptKeyUntil } from "./channels/liable-keys.ts";
export { ProviderChannel } from "./channels/provider-channel.ts";
export type { Answer, ProviderChannelOptions, Settlement } from "./channels/provider-channel.ts";
export type { TermsRequest } from "./channels/quote-terms.ts";
export { readChannel, type ChannelStatusName, type ChannelView } from "./channels/read-channel.ts";
export { ReceiptTree } from "./channels/receipt-tree.ts";
export {
  memoryStore,
  type Acknowledged,
  type ChannelState,
  type ChannelStore,
  type TakenReceipt,
} from "./channels/store.ts";
export {
  acceptanceDigest,
  channelDomain,
  channelIdOf,
  isSignedBy,
  openingData,
  receiptDigest,
  requestHashOf,
  signAcceptance,
  signReceipt,
  signVoucher,
  topUpData,
  voucherDigest,
  type Acceptance,
} from "./channels/typed-data.ts";
export type {
  ChannelContract,
  ChannelTerms,
  Receipt,
  Signed,
  TypedDataSigner,
  Voucher,
} from "./channels/types.ts";
export { encodeRequest, inputRoot, tokensRoot, type RequestCommitment } from "@athanor/engine/commitments";
export { isAccessGranted, signAccess, type Access } from "./native/access.ts";
export { ExamClient, type ExamClientOptions } from "./native/exam-client.ts";
export {
  burstHash,
  burstPositions,
  burstRequest,
  burstSchema,
  examLineSchema,
  examPlaceSchema,
  examRequestSchema,
  examSigner,
  MOST_BURST_POSITIONS,
  MOST_BURST_RECEIPTS,
  MOST_BURST_REQUESTS,
  signExam,
  type Burst,
  type ExamLine,
  type ExamPlace,
  type ExamRequest,
} from "./native/exams.ts";
export {
  acceptRequestSchema,
  acceptResponseSchema,
  BASE_PATH,
  channelSchema,
  closeRequestSchema,
  closeResponseSchema,
  depositSchema,
  errorSchema,
  inferenceRequestSchema,
  MOST_DOCUMENT_CHARACTERS,
  MOST_LINE_CHARACTERS,
  offerSchema,
  parseMessage,
  PROTOCOL,
  STREAM_TYPE,
  streamLineSchema,
  toJson,
  type AcceptRequest,
  type AcceptResponse,
  type ChannelReport,
  type CloseRequest,
  type CloseResponse,
  type DepositReport,
  type ErrorResponse,
  type InferenceRequest,
  type Prices,
  type ProviderOffer,
  type StreamLine,
} from "./native/messages.ts";
export { stepCost, tokensWithin } from "./native/price.ts";
export { providerErrors, type ProviderErrorCode } from "./native/provider-errors.ts";
export {
  decodeRequestBytes,
  encodeRequestBytes,
  inputRootOf,
  type NativeRequest,
} from "./native/request-bytes.ts";
export {
  ChannelClient,
  type ChannelClientOptions,
  type OpenChannelRequest,
  type ResumeOptions,
} from "./native/channel-client.ts";
export {
  ChannelSession,
  type ChannelAnswer,
  type ChannelInferRequest,
  type StreamPart,
} from "./native/channel-session.ts";
export {
  memorySessions,
  type PendingRequest,
  type SessionRecord,
  type SessionStore,
} from "./native/session-store.ts";
