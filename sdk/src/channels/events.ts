import type { Log } from "ethers";
import { sameAddress } from "../client/context.ts";
import type { AthanorContracts } from "../protocol/connect-contracts.ts";
import type { EventPosition, JobTerms } from "../protocol/job.ts";
import { positionOf } from "../protocol/read-jobs.ts";
import { logReaderOf, readLogs, type ReadLogsOptions } from "../protocol/read-logs.ts";
import type { ChannelTerms } from "./types.ts";

/** What the chain says of a channel, with the names of `IChannelEscrow` and `IReceiptResults`: amounts in token units, times in seconds since 1970. */
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

/** Events of the escrow; the id of the channel is their first indexed value. */
const ESCROW: readonly ChannelEventName[] = [
  "ChannelOpened",
  "ChannelToppedUp",
  "ChannelSettled",
  "ChannelClosing",
  "ChannelClosed",
  "ChannelReleased",
  "VoucherKeyRotated",
];
/** Events of receipts as results; the id of the channel is their first indexed value, or their second. */
const PROOF: readonly ChannelEventName[] = ["EquivocationProven"];
const RESULT: readonly ChannelEventName[] = ["ReceiptPresented"];

/** Which channels opened; all three parts are indexed. */
export interface ChannelFilter {
  readonly id?: string | undefined;
  readonly client?: string | undefined;
  /** Owner account of the provider. */
  readonly provider?: string | undefined;
}

/** A log of the channel escrow, or of what makes receipts results; undefined for other contracts and events. */
export function decodeChannelEvent(
  { channelEscrow, receiptResults, deployment }: AthanorContracts,
  log: Log,
): ChannelEvent | undefined {
  const ofEscrow = sameAddress(log.address, deployment.channelEscrow);
  if (!ofEscrow && !sameAddress(log.address, deployment.receiptResults)) return undefined;
  const description = (ofEscrow ? channelEscrow : receiptResults).interface.parseLog(log);
  const name = description?.name as ChannelEventName | undefined;
  if (!description || !name || ![...ESCROW, ...PROOF, ...RESULT].includes(name)) return undefined;
  const channel = log.topics[RESULT.includes(name) ? 2 : 1]!;
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
  const { channelEscrow, receiptResults, deployment } = contracts;
  const reader = logReaderOf(channelEscrow);
  const ids = channels && [...channels];
  if (ids?.length === 0) return [];
  const read = (
    address: string,
    names: readonly ChannelEventName[],
    rest: readonly (readonly string[] | null)[],
  ) => {
    const { interface: known } = address === deployment.channelEscrow ? channelEscrow : receiptResults;
    const topics = [names.map((name) => known.getEvent(name as never).topicHash), ...rest];
    return readLogs(reader, { address, topics }, fromBlock, toBlock, options);
  };
  const found = await Promise.all([
    read(deployment.channelEscrow, ESCROW, ids ? [ids] : []),
    read(deployment.receiptResults, PROOF, ids ? [ids] : []),
    read(deployment.receiptResults, RESULT, ids ? [null, ids] : []),
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
