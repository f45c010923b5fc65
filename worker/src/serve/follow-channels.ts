import {
  readChannel,
  readChannelEvents,
  readOpenedChannels,
  type ChannelTerms,
  type ChannelView,
} from "@athanor/sdk/channels";
import { toAthanorError } from "@athanor/sdk/protocol";
import type { ProviderContext } from "../provider/context.ts";
import type { ChannelOnChain, StoredChannel } from "../storage/channels.ts";
import { readConditions } from "./conditions.ts";

/** Milliseconds for which what governance and offers say counts as known. */
const CONDITIONS_LIFE = 15_000;
const readAt = new WeakMap<object, number>();

/** Learns what new channels must be like, what answers cost, and how much stake is free; every quarter of a minute. */
export async function readServing(context: ProviderContext): Promise<void> {
  const { desk, chain, clock, owner, models } = context;
  if (desk === null || clock.now() - (readAt.get(desk) ?? -CONDITIONS_LIFE) < CONDITIONS_LIFE) return;
  desk.setConditions(await readConditions(chain, owner, [...models.keys()], desk.offeredTokens));
  readAt.set(desk, clock.now());
}

/** A database serves channels that opened after it was made: of older ones it does not know what was signed. */
export function startServingAt(context: ProviderContext, head: number): void {
  const { desk, storage } = context;
  if (desk !== null && storage.channelsSince() === null) storage.setChannelsSince(head + 1);
}

/** Stores what the events between two blocks, both included, say of this provider's channels. Safe to repeat. */
export async function followChannels(context: ProviderContext, from: number, to: number): Promise<void> {
  const { desk, chain, storage, owner, log } = context;
  const since = storage.channelsSince();
  if (desk === null || since === null || to < since) return;
  const first = Math.max(from, since);
  const opened = await readOpenedChannels(chain.contracts, { provider: owner }, first, to);
  for (const { channel: id, values } of opened) {
    const terms = { ...values.channel };
    if (storage.channel(id) !== null) continue;
    const view = await readChannel(chain.contracts, terms, chain.chainId);
    // A node that makes up events would have us work for a channel that is not there.
    if (view.id !== id || view.status !== "Open") continue;
    storage.addChannel({ id, stage: "open", terms: plainTerms(terms), chain: onChain(view) });
    await desk.books.of(storage.channel(id)!).noteDeposit(view.deposit);
    log.emit("info", "channel.opened", {
      ...{ channel: id, client: terms.client, token: terms.token },
      deposit: view.deposit.toString(),
    });
  }
  const ids = known(context).map(({ id }) => id);
  const events = await readChannelEvents(chain.contracts, ids, first, to);
  const touched = new Set(events.map(({ channel }) => channel));
  for (const id of touched) await lookAt(context, id);
}

/** Looks at every channel that is not over: after a start, and after a reorganisation. */
export async function recheckChannels(context: ProviderContext): Promise<void> {
  if (context.desk === null) return;
  for (const { id } of known(context)) await lookAt(context, id);
}

/** Brings what is stored of a channel to what the chain says. */
export async function lookAt(context: ProviderContext, id: string): Promise<void> {
  const { desk, chain, storage, log } = context;
  const channel = storage.channel(id);
  if (desk === null || channel === null) return;
  let view: ChannelView;
  try {
    view = await readChannel(chain.contracts, channel.terms, chain.chainId);
  } catch (error) {
    const failure = toAthanorError(error);
    // Gone with a reorganisation; its opening may come back.
    if (failure.code !== "UnknownChannel") throw failure;
    return;
  }
  const before = channel.chain;
  const next = onChain(view);
  const isOver = view.status === "Closed" || view.status === "Released";
  const stage = view.status === "Released" ? "ended" : isOver ? "closed" : channel.stage;
  storage.changeChannel(id, { chain: next, stage });
  if (next.deposit !== before.deposit) await desk.books.of(storage.channel(id)!).noteDeposit(next.deposit);
  if (next.paid !== before.paid) {
    log.emit("info", "channel.settled", { channel: id, paid: next.paid.toString() });
  }
  if (next.closesAt !== before.closesAt && !isOver) {
    log.emit("info", "channel.closing", { channel: id, closesAt: Number(next.closesAt) });
  }
  if (stage !== channel.stage) {
    log.emit("info", stage === "closed" ? "channel.closed" : "channel.ended", {
      ...{ channel: id, paid: next.paid.toString() },
    });
    desk.books.forget(id);
  }
}

const known = ({ storage }: ProviderContext): StoredChannel[] => [
  ...storage.channelsIn("open"),
  ...storage.channelsIn("closing"),
  ...storage.channelsIn("closed"),
];

function onChain({ deposit, paid, closesAt, voucherKey, previousKey }: ChannelView): ChannelOnChain {
  return {
    ...{ deposit, paid, closesAt: BigInt(closesAt), voucherKey },
    previousKey: previousKey?.key ?? voucherKey,
    previousUntil: BigInt(previousKey?.until ?? 0),
  };
}

/** What ethers decodes also has its values by number; stored are the names alone. */
function plainTerms(terms: ChannelTerms): ChannelTerms {
  return {
    client: terms.client,
    salt: terms.salt,
    notice: terms.notice,
    provider: terms.provider,
    receiptLife: terms.receiptLife,
    feeBasisPoints: terms.feeBasisPoints,
    token: terms.token,
    exitBounty: terms.exitBounty,
    voucherKey: terms.voucherKey,
    expiresAt: terms.expiresAt,
    stakeLock: terms.stakeLock,
    workPerSecond: terms.workPerSecond,
  };
}
