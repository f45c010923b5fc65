import type { Log } from "ethers";
import type { AthanorContracts } from "../protocol/connect-contracts.ts";
import type { EventPosition, JobTerms } from "../protocol/job.ts";
import { positionOf } from "../protocol/read-jobs.ts";
import { logReaderOf, readLogs, type ReadLogsOptions } from "../protocol/read-logs.ts";
import type { ChannelTerms } from "./types.ts";

/** What the escrow says of a channel, with the names of `IChannelEscrow`: amounts in token units, times in seconds since 1970. */
interface EventValues {
  ChannelOpened: {
    readonly id: string;
    readonly client: string;
    readonly provider: string;
    readonly channel: ChannelTerms;
    readonly deposit: bigint;
  };
  ChannelToppedUp: { readonly id: string; readonly payer: string; readonly deposit: bigint };
  ChannelSettled: {
    readonly id: string;
    readonly provider: string;
    readonly paid: bigint;
    readonly nonce: bigint;
    readonly receiptCount: bigint;
    readonly receiptsRoot: string;
    readonly lastReceipt: string;
  };
  ChannelClosing: { readonly id: string; readonly closesAt: bigint };
  ChannelClosed: {
    readonly id: string;
    readonly client: string;
    readonly provider: string;
    readonly refund: bigint;
  };
  ChannelReleased: {
    readonly id: string;
    readonly provider: string;
    readonly bounty: bigint;
    readonly bountyRecipient: string;
  };
  VoucherKeyRotated: {
    readonly id: string;
    readonly key: string;
    readonly previous: string;
    readonly previousUntil: bigint;
  };
  /** `id` is the result's. */
  ReceiptPresented: {
    readonly id: string;
    readonly channel: string;
    readonly provider: string;
    readonly job: JobTerms;
    readonly outputCount: bigint;
    readonly outputTokensRoot: string;
    readonly request: string;
  };
  EquivocationProven: {
    readonly channel: string;
    readonly provider: string;
    readonly first: string;
    readonly second: string;
  };
}

export type ChannelEventName = keyof EventValues;

/** One event of one channel. */
export type ChannelEvent = {
  [Name in ChannelEventName]: {
    readonly name: Name;
    /** Id of the channel. */
    readonly channel: string;
    readonly values: EventValues[Name];
    readonly position: EventPosition;
  };
}[ChannelEventName];

/** Where each event has the id of its channel: its first indexed value, or its second. */
const FIRST: readonly ChannelEventName[] = [
  "ChannelOpened",
  "ChannelToppedUp",
  "ChannelSettled",
  "ChannelClosing",
  "ChannelClosed",
  "ChannelReleased",
  "VoucherKeyRotated",
  "EquivocationProven",
];
const SECOND: readonly ChannelEventName[] = ["ReceiptPresented"];

/** Which channels opened; all three parts are indexed. */
export interface ChannelFilter {
  readonly id?: string | undefined;
  readonly client?: string | undefined;
  /** Owner account of the provider. */
  readonly provider?: string | undefined;
}

/** A log of the channel escrow; undefined for those of other events. */
export function decodeChannelEvent({ channelEscrow }: AthanorContracts, log: Log): ChannelEvent | undefined {
  const description = channelEscrow.interface.parseLog(log);
  const name = description?.name as ChannelEventName | undefined;
  const index = name === undefined ? 0 : FIRST.includes(name) ? 1 : SECOND.includes(name) ? 2 : 0;
  if (!description || index === 0) return undefined;
  const channel = log.topics[index]!;
  return {
    name,
    channel,
    values: description.args.toObject(true),
    position: positionOf(log),
  } as unknown as ChannelEvent;
}

/**
 * All events of some channels from one block to another, both included, oldest first.
 *
 * @param channels ids; of all channels when left out
 */
export async function readChannelEvents(
  contracts: AthanorContracts,
  channels: Iterable<string> | undefined,
  fromBlock: number,
  toBlock: number,
  options: ReadLogsOptions = {},
): Promise<ChannelEvent[]> {
  const { channelEscrow, deployment } = contracts;
  const reader = logReaderOf(channelEscrow);
  const ids = channels && [...channels];
  if (ids?.length === 0) return [];
  const topicsOf = (names: readonly ChannelEventName[]) =>
    names.map((name) => channelEscrow.interface.getEvent(name as "ChannelOpened").topicHash);
  const read = (topics: readonly (readonly string[] | null)[]) =>
    readLogs(reader, { address: deployment.channelEscrow, topics }, fromBlock, toBlock, options);
  const found = await Promise.all([
    read([topicsOf(FIRST), ...(ids ? [ids] : [])]),
    read([topicsOf(SECOND), ...(ids ? [null, ids] : [])]),
  ]);
  return found
    .flat()
    .sort((left, right) => left.blockNumber - right.blockNumber || left.index - right.index)
    .map((log) => decodeChannelEvent(contracts, log)!);
}

/** The events of the channels that opened between two blocks, both included, oldest first: with the terms that every call must present. */
export async function readOpenedChannels(
  contracts: AthanorContracts,
  filter: ChannelFilter,
  fromBlock: number,
  toBlock: number,
  options: ReadLogsOptions = {},
): Promise<Extract<ChannelEvent, { name: "ChannelOpened" }>[]> {
  const { channelEscrow, deployment } = contracts;
  const { id, client, provider } = filter;
  const encoded = channelEscrow.interface.encodeFilterTopics("ChannelOpened", [
    id ?? null,
    client ?? null,
    provider ?? null,
  ]);
  const topics = encoded as (string | null)[];
  const address = deployment.channelEscrow;
  const logs = await readLogs(logReaderOf(channelEscrow), { address, topics }, fromBlock, toBlock, options);
  return logs.map(
    (log) => decodeChannelEvent(contracts, log) as Extract<ChannelEvent, { name: "ChannelOpened" }>,
  );
}
