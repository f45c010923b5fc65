/** Channels: thousands of requests, one payment. docs/channels.md specifies them. */
export { ClientChannel } from "./channels/client-channel.ts";
export type { ChannelRequest, ClientChannelOptions, ReceivedOutput } from "./channels/client-channel.ts";
export { decodeReceipt, decodeVoucher, encodeSigned } from "./channels/encode.ts";
export { ProviderChannel } from "./channels/provider-channel.ts";
export type { Answer, ProviderChannelOptions, Settlement } from "./channels/provider-channel.ts";
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
