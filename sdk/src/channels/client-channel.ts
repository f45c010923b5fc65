import { ZeroHash } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { decodeVoucher, encodeSigned } from "./encode.ts";
import { ChannelLedger } from "./ledger.ts";
import { liableKeys, type LiableKeys, type ReceiptKeyUntil } from "./liable-keys.ts";
import { ReceiptTree } from "./receipt-tree.ts";
import type { Acknowledged, ChannelState, ChannelStore } from "./store.ts";
import { receiptDigest, requestHashOf, signerOf, signVoucher } from "./typed-data.ts";
import type { ChannelContract, ChannelTerms, Receipt, Signed, TypedDataSigner, Voucher } from "./types.ts";

export interface ClientChannelOptions {
  readonly terms: ChannelTerms;
  readonly contract: ChannelContract;
  readonly store: ChannelStore;
  /** The channel's voucher key. */
  readonly signer: TypedDataSigner;
  /** Asks the chain for how long the provider answers for a key: `Channels.receiptKeyUntil`. */
  readonly receiptKeyUntil: ReceiptKeyUntil;
  /** Seconds since 1970; default the computer's clock. */
  readonly now?: (() => number) | undefined;
  /** Seconds by which the provider's clock may be ahead. Default 60. */
  readonly clockTolerance?: number | undefined;
  /** Seconds that a receipt must have left, in which it can be challenged. Default half of the terms' `receiptLife`. */
  readonly minimumLife?: number | undefined;
}

/** What a client asks for with a voucher. */
export interface ChannelRequest {
  readonly modelRoot: string;
  readonly inputRoot: string;
  /** The most that the answer may cost, token units. */
  readonly limit: bigint;
}

/** What the client knows of an answer, to hold its receipt against. */
export interface ReceivedOutput {
  readonly modelRoot: string;
  readonly inputRoot: string;
  /** `tokensRoot` of the tokens that arrived. */
  readonly outputTokensRoot: string;
  readonly outputCount: number;
  readonly complete: boolean;
  /** What this answer costs by the offer, token units. */
  readonly price: bigint;
}

/** What the chain says of a settlement: the values of `ChannelSettled`. */
export interface Settled {
  /** Of the voucher. */
  readonly nonce: bigint;
  /** Token units, in all. */
  readonly paid: bigint;
  /** Digest of the receipt that was settled without being acknowledged; zero if none was. */
  readonly lastReceipt: string;
}

/**
 * The client's side of a channel: it signs a voucher for each request, takes receipts only for what it received, and never signs two vouchers with one
 * nonce. All it stands for is in its store before it leaves. It can lose the last request's limit, and no more.
 *
 * @example
 * const voucher = await channel.request({ modelRoot, inputRoot, limit });
 * const { tokens, receipt } = await send(voucher);
 * await channel.acknowledge(receipt, { modelRoot, inputRoot, outputTokensRoot: tokensRoot(tokens), … });
 */
export class ClientChannel {
  readonly #ledger: ChannelLedger;
  readonly #options: ClientChannelOptions;
  readonly #keys: LiableKeys;

  constructor(options: ClientChannelOptions) {
    this.#options = options;
    this.#keys = liableKeys(options.receiptKeyUntil, () => this.#now());
    this.#ledger = new ChannelLedger(options.terms, options.contract, options.store);
  }

  get id(): string {
    return this.#ledger.id;
  }

  state(): Promise<ChannelState> {
    return this.#ledger.read();
  }

  /** To be called when the channel opened or was topped up, with its deposit on chain, in token units. */
  noteDeposit(deposit: bigint): Promise<void> {
    return this.#ledger.noteDeposit(deposit);
  }

  /**
   * Acknowledges all receipts so far, and asks for one more.
   *
   * @throws AthanorError `ChannelOverspent` when deposit and limit do not fit, `ChannelStateMoved` when the store is ahead
   */
  request(request: ChannelRequest): Promise<Signed<Voucher>> {
    return this.#sign(requestHashOf(request), request.limit);
  }

  /** Acknowledges all receipts so far and asks for nothing: what the provider needs to close. */
  settleUp(): Promise<Signed<Voucher>> {
    return this.#sign(ZeroHash, 0n);
  }

  /** The last voucher, to send it again; undefined before the first. */
  async lastVoucher(): Promise<Signed<Voucher> | undefined> {
    const { voucher } = await this.state();
    return voucher && decodeVoucher(voucher);
  }

  /**
   * Takes the receipt of an answer that arrived: the next voucher acknowledges it. It may answer the last voucher, one before it to which no answer had come, or be a
   * longer one in place of the receipt taken last. A receipt that is refused changes nothing, and the next voucher does not pay it.
   *
   * @throws AthanorError `ReceiptRefused` with the field that is not as it should be
   */
  acknowledge(receipt: Signed<Receipt>, received: ReceivedOutput): Promise<void> {
    return this.#ledger.update(async (state) => {
      const { message } = receipt;
      const [voucher, before] = this.#askedBy(state, message);
      this.#check(voucher, receipt, received);
      await this.#requireLiableKey(receipt);
      const digest = receiptDigest(this.#options.contract, message);
      const next = append(state, { voucher, before, digest, price: message.price });
      const taken = { ...next.taken!, outputCount: received.outputCount };
      const answersLast = message.nonce === BigInt(state.nonce);
      return [{ ...next, taken, receipt: answersLast ? encodeSigned(receipt) : state.receipt }, undefined];
    });
  }

  /**
   * To be called with every `ChannelSettled` of the channel: a receipt that the provider settled is paid, so the next voucher acknowledges it, whether it arrived here or
   * not. Changes nothing when this side acknowledged it already.
   */
  noteSettled(settled: Settled): Promise<void> {
    return this.#ledger.update((state) => {
      const { taken } = state;
      const asked = [...(taken ? [taken.voucher] : []), ...(state.unanswered ?? [])];
      const voucher = asked.find(({ nonce }) => nonce === String(settled.nonce));
      const before = taken && voucher === taken.voucher ? taken.before : state;
      const isPaid = settled.paid <= BigInt(state.amount);
      // A voucher that does not pay what was acknowledged since pays nothing beside it.
      const isOfBook = voucher !== undefined && voucher.amount === before.amount;
      if (settled.lastReceipt === ZeroHash || isPaid || !isOfBook) return Promise.resolve([state, undefined]);
      const price = settled.paid - BigInt(before.amount);
      return Promise.resolve([
        append(state, { voucher, before, digest: settled.lastReceipt, price }),
        undefined,
      ]);
    });
  }

  #sign(requestHash: string, limit: bigint): Promise<Signed<Voucher>> {
    return this.#ledger.update(async (state) => {
      const amount = BigInt(state.amount);
      const spendable = this.#ledger.spendableOf(state);
      if (amount + limit > spendable) {
        throw athanorError("ChannelOverspent", { amount: amount + limit, spendable });
      }
      const unanswered = state.unanswered ?? [];
      const asks = requestHash !== ZeroHash;
      if (asks && unanswered.length >= MOST_UNANSWERED) {
        throw athanorError("ChannelUnanswered", { channel: this.id, count: unanswered.length });
      }
      const voucher: Voucher = {
        nonce: BigInt(state.nonce) + 1n,
        requestHash,
        amount,
        limit,
        receiptCount: BigInt(state.receipts.count),
        receiptsRoot: ReceiptTree.load(state.receipts).root,
      };
      const signed = await signVoucher(this.#options.signer, this.#options.contract, this.id, voucher);
      const fields = encodeSigned(signed);
      const next = {
        ...{ ...state, nonce: state.nonce + 1, voucher: fields, receipt: undefined },
        unanswered: asks ? [...unanswered, fields] : unanswered,
      };
      return [next, signed];
    });
  }

  /** The voucher that a receipt answers, and the book without it. */
  #askedBy(state: ChannelState, message: Receipt): readonly [Fields, Acknowledged] {
    refuse("channel", message.channel, this.id);
    const nonce = String(message.nonce);
    const { taken } = state;
    if (taken?.voucher.nonce === nonce) {
      refuse("acknowledged before", message.outputCount <= BigInt(taken.outputCount), false);
      return [taken.voucher, taken.before];
    }
    const voucher = state.unanswered?.find((open) => open.nonce === nonce);
    if (!voucher) refuse("nonce", nonce, String(state.nonce));
    return [voucher!, state];
  }

  #check(asked: Fields, { message }: Signed<Receipt>, received: ReceivedOutput): void {
    const { message: voucher } = decodeVoucher(asked);
    refuse("requestHash", requestHashOf(message), voucher.requestHash);
    refuse("modelRoot", message.modelRoot, received.modelRoot);
    refuse("inputRoot", message.inputRoot, received.inputRoot);
    refuse("outputTokensRoot", message.outputTokensRoot, received.outputTokensRoot);
    refuse("outputCount", message.outputCount, BigInt(received.outputCount));
    refuse("at least one token", message.outputCount > 0n, true);
    refuse("complete", message.complete, received.complete);
    refuse("price", message.price, received.price);
    refuse("price within the limit", message.price <= voucher.limit, true);

    const { receiptLife } = this.#options.terms;
    const { clockTolerance = 60, minimumLife = Number(receiptLife / 2n) } = this.#options;
    const now = BigInt(this.#now());
    const inTime =
      message.expiry >= now + BigInt(minimumLife) &&
      message.expiry <= now + receiptLife + BigInt(clockTolerance);
    refuse("expiry in time to challenge it, and of a receipt signed before now", inTime, true);
  }

  /** INVARIANT: what is acknowledged convicts if it is wrong. The provider answers for the key as long as the receipt can be presented. */
  async #requireLiableKey({ message, signature }: Signed<Receipt>): Promise<void> {
    const key = signerOf(receiptDigest(this.#options.contract, message), signature);
    const isLiable = key !== undefined && (await this.#keys.isLiable(key, message.expiry));
    refuse("signature of a receipt key that the provider answers for until it expires", isLiable, true);
  }

  #now(): number {
    return Math.floor((this.#options.now ?? (() => Date.now() / 1000))());
  }
}

/** Vouchers that may be without an answer at a time. */
const MOST_UNANSWERED = 64;

type Fields = Readonly<Record<string, string>>;

interface Addition {
  readonly voucher: Fields;
  /** The book to which it is added. */
  readonly before: Acknowledged;
  readonly digest: string;
  readonly price: bigint;
}

/** The book with one receipt more: vouchers up to its own can no longer be answered. */
function append(state: ChannelState, { voucher, before, digest, price }: Addition): ChannelState {
  const tree = ReceiptTree.load(before.receipts);
  tree.append(digest);
  const { amount, receipts } = before;
  return {
    ...state,
    amount: String(BigInt(amount) + price),
    receipts: tree.save(),
    unanswered: (state.unanswered ?? []).filter(({ nonce }) => BigInt(nonce!) > BigInt(voucher.nonce!)),
    // How long it is, is not known of a receipt that only the chain showed: none takes its place.
    taken: { voucher, outputCount: 2 ** 32 - 1, before: { amount, receipts } },
  };
}

function refuse(field: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw athanorError("ReceiptRefused", { field, found: String(found), expected: String(expected) });
}
