import type { ConnectOptions } from "../client/types.ts";
import type { ChannelEvent } from "./events.ts";
import type { Settlement } from "./provider-channel.ts";
import type { ChannelTerms } from "./types.ts";

/** A runner that only reads suffices for what sends nothing. */
export type ChannelsOptions = Omit<ConnectOptions, "modelSource">;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Money on its way into a channel. */
export interface Payment {
  readonly terms: ChannelTerms;
  /** Token units. */
  readonly amount: bigint;
  /** Where it comes from: the signer's wallet (default), or the free balance of its vault account. */
  readonly from?: "wallet" | "vault" | undefined;
}

/** A settlement of one channel among others. */
export interface BatchEntry {
  readonly terms: ChannelTerms;
  readonly settlement: Settlement;
}

/** A transaction that is mined, and what the channel escrow said in it. */
export interface ChannelTransaction {
  readonly transactionHash: string;
  readonly block: number;
  readonly gas: bigint;
  readonly events: readonly ChannelEvent[];
}

/** A channel as the event of its opening published it. */
export interface OpenedChannel {
  readonly id: string;
  readonly terms: ChannelTerms;
  /** Of its opening. */
  readonly block: number;
}

/** The call that pays a settlement: its name and arguments. */
export function settlementCall(
  terms: ChannelTerms,
  { voucher, receipt }: Settlement,
): readonly ["settle" | "settleWithReceipt", readonly unknown[]] {
  const promise = [terms, voucher.message, voucher.signature];
  if (!receipt) return ["settle", promise];
  return ["settleWithReceipt", [...promise, receipt.message, receipt.signature]];
}
