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
import { describeError, isNodeTrouble } from "../errors.ts";
import { readConditions } from "./conditions.ts";

/** Milliseconds for which what governance and offers say counts as known. */
const CONDITIONS_LIFE = 15_000;
/** Channels in one filter of events: nodes refuse those with more than a thousand topics. */
const FILTERED_AT_ONCE = 500;
const readAt = new WeakMap<object, number>();

/** Learns what new channels must be like, what answers cost, and how much stake is free; every quarter of a minute. */
export async function readServing(context: ProviderContext): Promise<void> {
  const { desk, chain, clock, owner, models, log } = context;
  if (desk === null || clock.now() - (readAt.get(desk) ?? -CONDITIONS_LIFE) < CONDITIONS_LIFE) return;
  readAt.set(desk, clock.now());
  const onFailure = (token: string, error: unknown) =>
    log.emit("warn", "warning", { token, ...describeError(error) });
  try {
    const conditions = readConditions(chain, owner, [...models.keys()], desk.offeredTokens, onFailure);
    desk.setConditions(await conditions);
  } catch (error) {
    // Read again in the next round; other failures are no better a moment later.
    if (isNodeTrouble(error)) readAt.delete(desk);
    throw error;
  }
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
  const touched = new Set<string>();
  for (let start = 0; start < ids.length; start += FILTERED_AT_ONCE) {
    const some = ids.slice(start, start + FILTERED_AT_ONCE);
    const events = await readChannelEvents(chain.contracts, some, first, to);
    for (const { channel } of events) touched.add(channel);
  }
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
  const known = storage.channel(id);
  if (desk === null || known === null) return;
  let view: ChannelView;
  try {
    view = await readChannel(chain.contracts, known.terms, chain.chainId);
  } catch (error) {
    const failure = toAthanorError(error);
    if (failure.code !== "UnknownChannel") throw failure;
    // Gone with a reorganisation; its opening may come back. Until then nobody pays for it.
    storage.changeChannel(id, { stage: "gone" });
    desk.books.forget(id);
    return;
  }
  // The client may have closed meanwhile.
  const channel = storage.channel(id)!;
  const before = channel.chain;
  const next = onChain(view);
  const isOver = view.status === "Closed" || view.status === "Released";
  const here = channel.stage === "gone" ? "open" : channel.stage;
  const stage = view.status === "Released" ? "ended" : isOver ? "closed" : here;
  storage.changeChannel(id, { chain: next, stage });
  // Also when it is the same: a worker that was killed may have stored it, and not noted it in the book.
  if (!isOver) await desk.books.of(storage.channel(id)!).noteDeposit(next.deposit);
  if (next.paid !== before.paid) {
    log.emit("info", "channel.settled", { channel: id, paid: next.paid.toString() });
  }
  if (next.closesAt !== before.closesAt && !isOver) {
    log.emit("info", "channel.closing", { channel: id, closesAt: Number(next.closesAt) });
  }
  if (isOver && stage !== channel.stage) {
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
  ...storage.channelsIn("gone"),
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
