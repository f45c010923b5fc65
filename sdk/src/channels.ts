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
export type { ChannelRequest, ClientChannelOptions, ReceivedOutput } from "./channels/client-channel.ts";
export { decodeReceipt, decodeVoucher, encodeSigned } from "./channels/encode.ts";
export {
  decodeChannelEvent,
  readChannelEvents,
  readOpenedChannels,
  type ChannelEvent,
  type ChannelEventName,
  type ChannelFilter,
} from "./channels/events.ts";
export { ProviderChannel } from "./channels/provider-channel.ts";
export type { Answer, ProviderChannelOptions, Settlement } from "./channels/provider-channel.ts";
export type { TermsRequest } from "./channels/quote-terms.ts";
export { readChannel, type ChannelStatusName, type ChannelView } from "./channels/read-channel.ts";
export { ReceiptTree } from "./channels/receipt-tree.ts";
export { memoryStore, type ChannelState, type ChannelStore } from "./channels/store.ts";
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
