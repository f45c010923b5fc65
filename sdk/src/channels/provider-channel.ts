import { athanorError } from "../errors/athanor-error.ts";
import { decodeReceipt, decodeVoucher, encodeSigned } from "./encode.ts";
import { ChannelLedger } from "./ledger.ts";
import { ReceiptTree } from "./receipt-tree.ts";
import type { Acknowledged, ChannelState, ChannelStore } from "./store.ts";
import { isSignedBy, receiptDigest, requestHashOf, signReceipt, voucherDigest } from "./typed-data.ts";
import type { ChannelContract, ChannelTerms, Receipt, Signed, TypedDataSigner, Voucher } from "./types.ts";

export interface ProviderChannelOptions {
  readonly terms: ChannelTerms;
  readonly contract: ChannelContract;
  readonly store: ChannelStore;
  /** A receipt key of the provider. */
  readonly signer: TypedDataSigner;
  /** The key that signs vouchers now, when it is not the one of the terms. */
  readonly voucherKey?: string | undefined;
  /** Seconds since 1970; default the computer's clock. */
  readonly now?: (() => number) | undefined;
}

/** An answer, or the first tokens of one, to be signed. */
export interface Answer {
  readonly modelRoot: string;
  readonly inputRoot: string;
  readonly outputTokensRoot: string;
  readonly outputCount: number;
  readonly complete: boolean;
  /** Token units; at most the voucher's limit. */
  readonly price: bigint;
}

/** What settles a channel: the last voucher and, if it is not acknowledged yet, the receipt that answers it. */
export interface Settlement {
  readonly voucher: Signed<Voucher>;
  readonly receipt: Signed<Receipt> | undefined;
}

/**
 * The provider's side of a channel: it takes vouchers only that pay for every receipt it gave and cover the next, and never signs two receipts of one nonce and
 * length that differ: that would convict it. It has what it is owed in its store before it computes, and loses nothing.
 */
export class ProviderChannel {
  readonly #ledger: ChannelLedger;
  readonly #options: ProviderChannelOptions;

  constructor(options: ProviderChannelOptions) {
    this.#options = options;
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
   * Takes a voucher: from now on its request can be answered. It may skip nonces, whose vouchers were lost, but must pay for every receipt that was signed.
   *
   * @throws AthanorError `VoucherRefused` with the field that is not as it should be; do not answer then, send the client the `unpaid` receipt with its answer, or settle
   */
  take(voucher: Signed<Voucher>): Promise<void> {
    return this.#ledger.update((state) => {
      const { message, signature } = voucher;
      const { receipt } = state;
      const paid = receipt ? this.#paidBy(state, message) : state;
      const isLater = message.nonce > BigInt(state.nonce) && message.nonce <= BigInt(Number.MAX_SAFE_INTEGER);
      if (!isLater) refuse("nonce", message.nonce, `above ${state.nonce}`);
      refuse("receiptCount", message.receiptCount, BigInt(paid.receipts.count));
      refuse("receiptsRoot", message.receiptsRoot, ReceiptTree.load(paid.receipts).root);
      refuse("amount", message.amount, BigInt(paid.amount));
      const covered = message.amount + message.limit <= this.#ledger.spendableOf(state);
      refuse("covered by the deposit", covered, true);
      const digest = voucherDigest(this.#options.contract, this.id, message);
      const key = this.#options.voucherKey ?? this.#options.terms.voucherKey;
      refuse("signature of the voucher key", isSignedBy(key, digest, signature), true);
      const { amount, receipts } = paid;
      const taken: ChannelState = {
        ...{ nonce: Number(message.nonce), amount, deposit: state.deposit, receipts },
        voucher: encodeSigned(voucher),
      };
      return Promise.resolve([taken, undefined]);
    });
  }

  /**
   * Signs the receipt of an answer to the last voucher. A longer one of the same answer may follow, as it is streamed. The same one is given again; signed again
   * with a fresh expiry once a quarter of its life is over, or when the receipt key is another one.
   *
   * @throws AthanorError `AnswerRefused` for what no voucher asked for, and for what contradicts a receipt that was signed
   */
  sign(answer: Answer): Promise<Signed<Receipt>> {
    return this.#ledger.update(async (state) => {
      const voucher = state.voucher && decodeVoucher(state.voucher).message;
      refuseAnswer("requestHash", requestHashOf(answer), voucher?.requestHash);
      refuseAnswer("at least one token", answer.outputCount > 0, true);
      refuseAnswer("price within the limit", answer.price <= voucher!.limit, true);
      const given = state.receipt && decodeReceipt(state.receipt);
      if (given) {
        const last = given.message;
        const same =
          last.outputTokensRoot === answer.outputTokensRoot &&
          last.complete === answer.complete &&
          last.price === answer.price;
        if (last.outputCount === BigInt(answer.outputCount) && same) return this.#renewed(state, given);
        refuseAnswer("longer than the last receipt", answer.outputCount > last.outputCount, true);
        refuseAnswer("complete answer given before", last.complete, false);
      }
      const receipt: Receipt = {
        channel: this.id,
        nonce: voucher!.nonce,
        modelRoot: answer.modelRoot,
        inputRoot: answer.inputRoot,
        outputTokensRoot: answer.outputTokensRoot,
        outputCount: BigInt(answer.outputCount),
        complete: answer.complete,
        price: answer.price,
        expiry: this.#freshExpiry(),
      };
      const signed = await signReceipt(this.#options.signer, this.#options.contract, receipt);
      return [{ ...state, receipt: encodeSigned(signed), earlier: undefined }, signed];
    });
  }

  /** The receipt that no voucher paid yet, to send it again with its answer; undefined when there is none. Signed again as `sign` does. */
  unpaid(): Promise<Signed<Receipt> | undefined> {
    return this.#ledger.update<Signed<Receipt> | undefined>((state) => {
      if (!state.receipt) return Promise.resolve([state, undefined]);
      return this.#renewed(state, decodeReceipt(state.receipt));
    });
  }

  /** What pays for everything so far; undefined before the first voucher. Its receipt is one that can be settled, signed again as `sign` does. */
  async settlement(): Promise<Settlement | undefined> {
    const receipt = await this.unpaid();
    const { voucher } = await this.state();
    return voucher && { voucher: decodeVoucher(voucher), receipt };
  }

  #now(): bigint {
    return BigInt(Math.floor((this.#options.now ?? (() => Date.now() / 1000))()));
  }

  /** The book when a voucher pays the unpaid receipt: the client may have taken it with any of the expiries that it was signed with. */
  #paidBy(state: ChannelState, voucher: Voucher): Acknowledged {
    const { message } = decodeReceipt(state.receipt!);
    const amount = String(BigInt(state.amount) + message.price);
    const books = [receiptDigest(this.#options.contract, message), ...(state.earlier ?? [])].map((digest) => {
      const tree = ReceiptTree.load(state.receipts);
      tree.append(digest);
      return { amount, receipts: tree.save(), root: tree.root };
    });
    return books.find(({ root }) => root === voucher.receiptsRoot) ?? books[0]!;
  }

  /** The chain takes no receipt that outlives its life, and its last block may be older than this clock says. */
  #freshExpiry(): bigint {
    return this.#now() + this.#options.terms.receiptLife - CLOCK_MARGIN;
  }

  /** INVARIANT: the answer is the same, so that receipts of one nonce and length never contradict each other. */
  async #renewed(
    state: ChannelState,
    given: Signed<Receipt>,
  ): Promise<readonly [ChannelState, Signed<Receipt>]> {
    const { terms, contract, signer } = this.#options;
    const digest = receiptDigest(contract, given.message);
    const earlier = state.earlier ?? [];
    const isYoung = given.message.expiry >= this.#now() + (terms.receiptLife * 3n) / 4n;
    if (isYoung || earlier.length >= MOST_RENEWALS) {
      if (isSignedBy(await signer.getAddress(), digest, given.signature)) return [state, given];
      const signed = await signReceipt(signer, contract, given.message);
      return [{ ...state, receipt: encodeSigned(signed) }, signed];
    }
    const renewed = { ...given.message, expiry: this.#freshExpiry() };
    const signed = await signReceipt(signer, contract, renewed);
    return [{ ...state, receipt: encodeSigned(signed), earlier: [...earlier, digest] }, signed];
  }
}

/** Expiries that one receipt is signed with at most: quarters of its life, long enough to settle it. */
const MOST_RENEWALS = 64;

function refuse(field: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw athanorError("VoucherRefused", { field, found: String(found), expected: String(expected) });
}

function refuseAnswer(field: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw athanorError("AnswerRefused", { field, found: String(found), expected: String(expected) });
}
/** Seconds by which the chain's clock may be behind. */
const CLOCK_MARGIN = 60n;
