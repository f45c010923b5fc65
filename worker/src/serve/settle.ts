import {
  decodeReceipt,
  decodeVoucher,
  isSignedBy,
  voucherDigest,
  type Receipt,
  type Signed,
  type Voucher,
} from "@athanor/sdk/channels";
import { describeError, isNodeTrouble } from "../errors.ts";
import { send } from "../outbox/send.ts";
import type { ProviderContext } from "../provider/context.ts";
import type { StoredChannel } from "../storage/channels.ts";
import type { Desk } from "./desk.ts";

/** Channels that one transaction settles: about 25,000 gas each, far below any block's limit. */
const BATCH = 40;
/** Milliseconds until a channel that could not be settled now is looked at again. */
const RETRY_AFTER = 30_000;
/** Milliseconds until a stake that could not be freed is tried again: a challenge may be alive. */
const RELEASE_RETRY = 600_000;
/** Seconds before the end of settlement at which what is owed is settled at the latest. */
const ENDING = 3_600n;
const DAY = 86_400;

/** What is owed beyond what the chain has paid, and what proves it. */
export interface Claim {
  readonly channel: StoredChannel;
  readonly voucher: Signed<Voucher>;
  /** The answer to the voucher, while nobody acknowledged it. The book signs it again when it grows old. */
  readonly receipt: Signed<Receipt> | undefined;
  /** Token units, fees included. */
  readonly owed: bigint;
}

/** What a channel owes by its book; undefined when nothing is. */
export function claimOf(channel: StoredChannel): Claim | undefined {
  const { book, chain } = channel;
  if (book?.voucher === undefined) return undefined;
  const voucher = decodeVoucher(book.voucher);
  const receipt = book.receipt && decodeReceipt(book.receipt);
  const owed = voucher.message.amount + (receipt?.message.price ?? 0n) - chain.paid;
  return owed > 0n ? { channel, voucher, receipt, owed } : undefined;
}

/** What the escrow would still pay. */
function payableOf(channel: StoredChannel, desk: Desk, now: bigint): Claim | undefined {
  const claim = claimOf(channel);
  const { chain, id } = channel;
  // The escrow pays a convicted provider nothing.
  if (claim === undefined || now > chain.closesAt || desk.conditions?.isJailed) return undefined;
  const { message, signature } = claim.voucher;
  const digest = voucherDigest(desk.contract, id, message);
  const isOfPrevious = () => chain.previousUntil >= now && isSignedBy(chain.previousKey, digest, signature);
  return isSignedBy(chain.voucherKey, digest, signature) || isOfPrevious() ? claim : undefined;
}

/** The claim with a receipt that the escrow takes: of what is old, the book signs another. Its request and answer are kept as long as that one can be disputed. */
async function renewed(context: ProviderContext, desk: Desk, claim: Claim): Promise<Claim> {
  if (claim.receipt === undefined) return claim;
  const { storage, time } = context;
  const { id, terms } = claim.channel;
  const answer = storage.answer(id, Number(claim.voucher.message.nonce));
  // First what defends the receipt, then the receipt.
  const expiry = time.now() + Number(terms.receiptLife) + DAY;
  if (answer !== null && answer.expiry < expiry) storage.putAnswer({ ...answer, expiry });
  const settlement = await desk.books.of(claim.channel).settlement();
  // A voucher that came meanwhile is settled in a later round.
  if (settlement?.voucher.message.nonce !== claim.voucher.message.nonce) return claim;
  return { ...claim, ...settlement };
}

/** What the client acknowledged, without the receipt; undefined when the chain has paid it. */
function acknowledgedOf(claim: Claim): Claim | undefined {
  const owed = claim.voucher.message.amount - claim.channel.chain.paid;
  return owed > 0n ? { ...claim, receipt: undefined, owed } : undefined;
}

/** Why a claim should be settled now; undefined if it may wait. docs/native-protocol.md, section 7. */
export function reasonToSettle(
  { channel, voucher, receipt, owed }: Claim,
  desk: Pick<Desk, "contract" | "settleAbove" | "isLeaving">,
  now: bigint,
): string | undefined {
  const { id, terms, chain, stage } = channel;
  if (stage === "closing") return "both sides close";
  if (desk.isLeaving) return "the provider leaves";
  if (chain.closesAt < terms.expiresAt) return "the client closes";
  if (now + ENDING >= chain.closesAt) return "settlement ends";
  const digest = voucherDigest(desk.contract, id, voucher.message);
  if (!isSignedBy(chain.voucherKey, digest, voucher.signature)) return "the voucher key was rotated";
  if (receipt && now + (terms.receiptLife * 3n) / 4n >= receipt.message.expiry) {
    return "a receipt is not acknowledged";
  }
  const most = desk.settleAbove.get(terms.token) ?? chain.deposit / 2n;
  return owed >= most ? "much is unpaid" : undefined;
}

/** Settles what is due, many channels in one transaction, and closes what both sides want closed. */
export async function settleChannels(context: ProviderContext): Promise<void> {
  const { desk, storage, clock, time } = context;
  if (desk === null) return;
  const now = BigInt(time.now());
  const underWay = new Set(storage.pendingTransactions().flatMap(({ jobIds }) => jobIds));
  const isDue = ({ id, notBefore }: StoredChannel) => notBefore <= clock.now() && !underWay.has(id);
  const { interface: escrow } = context.chain.contracts.channelEscrow;
  const isReleasable = ({ terms, chain }: StoredChannel) => now > chain.closesAt + terms.receiptLife;
  const closing = storage.channelsIn("closing");
  const unreleased = [...storage.channelsIn("open"), ...closing, ...storage.channelsIn("closed")];
  for (const channel of unreleased.filter(isReleasable).filter(isDue)) {
    const { terms } = channel;
    // The bounty goes to the owner account with the earnings.
    const data = escrow.encodeFunctionData("release", [terms, terms.provider]);
    await post(context, "release-channel", [channel], data, RELEASE_RETRY);
  }
  for (const channel of closing.filter((one) => !isReleasable(one)).filter(isDue)) {
    const claim = payableOf(channel, desk, now);
    const calls = callsOf(context, claim && (await renewed(context, desk, claim)));
    const close = escrow.encodeFunctionData("close", [channel.terms]);
    await dispatch(context, "close-channel", [channel], [...calls, close]);
  }
  const due: Claim[] = [];
  for (const channel of storage.channelsIn("open").filter(isDue)) {
    const claim = payableOf(channel, desk, now);
    const reason = claim && reasonToSettle(claim, desk, now);
    if (!claim || reason === undefined) continue;
    context.log.emit("info", "channel.settling", {
      channel: channel.id,
      owed: claim.owed.toString(),
      reason,
    });
    due.push(await renewed(context, desk, claim));
  }
  // The escrow's batch skips what cannot be settled any more; of those with a receipt one could spoil the others.
  const acknowledged = due.filter(({ receipt }) => receipt === undefined);
  for (let start = 0; start < acknowledged.length; start += BATCH) {
    await settleBatch(context, acknowledged.slice(start, start + BATCH));
  }
  const open = due.filter(({ receipt }) => receipt !== undefined);
  for (let start = 0; start < open.length; start += BATCH) {
    const batch = open.slice(start, start + BATCH);
    const channels = batch.map(({ channel }) => channel);
    const isSent = await dispatch(
      context,
      "settle-channels",
      channels,
      batch.flatMap((claim) => callsOf(context, claim)),
    );
    if (isSent) continue;
    for (const claim of batch) await settleAlone(context, claim, batch.length === 1);
  }
}

/** Settles one channel: with its receipt, or if the escrow refuses that, what was acknowledged before it. */
async function settleAlone(context: ProviderContext, claim: Claim, isRefused: boolean): Promise<void> {
  const channels = [claim.channel];
  const settle = (one: Claim) => dispatch(context, "settle-channels", channels, callsOf(context, one));
  if (!isRefused && (await settle(claim))) return;
  // The receipt key was removed, or this clock is ahead of the chain's: the receipt is tried again later.
  const acknowledged = acknowledgedOf(claim);
  if (acknowledged !== undefined) await settle(acknowledged);
}

function callsOf({ chain }: ProviderContext, claim: Claim | undefined): string[] {
  if (claim === undefined) return [];
  const { interface: escrow } = chain.contracts.channelEscrow;
  const { channel, voucher, receipt } = claim;
  const { message, signature } = voucher;
  if (receipt === undefined) {
    return [escrow.encodeFunctionData("settle", [channel.terms, message, signature])];
  }
  return [
    escrow.encodeFunctionData("settleWithReceipt", [
      ...([channel.terms, message, signature] as const),
      ...([receipt.message, receipt.signature] as const),
    ]),
  ];
}

async function settleBatch(context: ProviderContext, claims: readonly Claim[]): Promise<void> {
  if (claims.length === 1) {
    await dispatch(context, "settle-channels", [claims[0]!.channel], callsOf(context, claims[0]));
    return;
  }
  // Those of one token side by side are paid with one transfer.
  const sorted = [...claims].sort((left, right) =>
    left.channel.terms.token < right.channel.terms.token ? -1 : 1,
  );
  const data = context.chain.contracts.channelEscrow.interface.encodeFunctionData("settleBatch", [
    sorted.map(({ channel, voucher }) => ({
      channel: channel.terms,
      voucher: voucher.message,
      signature: voucher.signature,
    })),
  ]);
  await post(
    context,
    "settle-channels",
    claims.map(({ channel }) => channel),
    data,
  );
}

/** Sends calls as one transaction. Returns whether it was sent. */
function dispatch(
  context: ProviderContext,
  kind: "settle-channels" | "close-channel",
  channels: readonly StoredChannel[],
  calls: readonly string[],
): Promise<boolean> {
  const { interface: escrow } = context.chain.contracts.channelEscrow;
  const data = calls.length === 1 ? calls[0]! : escrow.encodeFunctionData("multicall", [[...calls]]);
  return post(context, kind, channels, data);
}

async function post(
  context: ProviderContext,
  kind: "settle-channels" | "close-channel" | "release-channel",
  channels: readonly StoredChannel[],
  data: string,
  retryAfter = RETRY_AFTER,
): Promise<boolean> {
  const { chain, clock, storage, log } = context;
  const jobIds = channels.map(({ id }) => id);
  const notBefore = clock.now() + retryAfter;
  try {
    const to = chain.contracts.deployment.channelEscrow;
    await send(context, { kind, jobIds, to, data }, () => {
      for (const id of jobIds) storage.changeChannel(id, { notBefore });
    });
    return true;
  } catch (error) {
    if (isNodeTrouble(error)) throw error;
    for (const id of jobIds) storage.changeChannel(id, { notBefore });
    log.emit("warn", "channel.unsettled", { channels: jobIds, ...describeError(error) });
    return false;
  }
}
