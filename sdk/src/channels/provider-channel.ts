import { athanorError } from "../errors/athanor-error.ts";
import { decodeReceipt, decodeVoucher, encodeSigned } from "./encode.ts";
import { ChannelLedger } from "./ledger.ts";
import { ReceiptTree } from "./receipt-tree.ts";
import type { ChannelState, ChannelStore } from "./store.ts";
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
   * Takes a voucher: from now on its request can be answered.
   *
   * @throws AthanorError `VoucherRefused` with the field that is not as it should be; do not answer then, and settle with the one before
   */
  take(voucher: Signed<Voucher>): Promise<void> {
    return this.#ledger.update((state) => {
      const { message, signature } = voucher;
      // A client that took the last receipt pays it; one that did not can go on without, if it pays all others.
      const paying = ReceiptTree.load(state.receipts);
      let amount = BigInt(state.amount);
      const receipt = state.receipt && decodeReceipt(state.receipt).message;
      if (receipt) {
        paying.append(receiptDigest(this.#options.contract, receipt));
        amount += receipt.price;
      }
      refuse("nonce", message.nonce, BigInt(state.nonce) + 1n);
      refuse("receiptCount", message.receiptCount, BigInt(paying.count));
      refuse("receiptsRoot", message.receiptsRoot, paying.root);
      refuse("amount", message.amount, amount);
      const covered = message.amount + message.limit <= this.#ledger.spendableOf(state);
      refuse("covered by the deposit", covered, true);
      const digest = voucherDigest(this.#options.contract, this.id, message);
      const key = this.#options.voucherKey ?? this.#options.terms.voucherKey;
      refuse("signature of the voucher key", isSignedBy(key, digest, signature), true);
      const next = {
        ...state,
        nonce: Number(message.nonce),
        amount: String(amount),
        receipts: paying.save(),
        voucher: encodeSigned(voucher),
        receipt: undefined,
      };
      return Promise.resolve([next, undefined]);
    });
  }

  /**
   * Signs the receipt of an answer to the last voucher. A longer one of the same answer may follow, as it is streamed; the same one is signed again.
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
        if (last.outputCount === BigInt(answer.outputCount) && same) return [state, given];
        refuseAnswer("longer than the last receipt", answer.outputCount > last.outputCount, true);
        refuseAnswer("complete answer given before", last.complete, false);
      }
      const now = Math.floor((this.#options.now ?? (() => Date.now() / 1000))());
      const receipt: Receipt = {
        channel: this.id,
        nonce: voucher!.nonce,
        modelRoot: answer.modelRoot,
        inputRoot: answer.inputRoot,
        outputTokensRoot: answer.outputTokensRoot,
        outputCount: BigInt(answer.outputCount),
        complete: answer.complete,
        price: answer.price,
        expiry: BigInt(now) + this.#options.terms.receiptLife,
      };
      const signed = await signReceipt(this.#options.signer, this.#options.contract, receipt);
      return [{ ...state, receipt: encodeSigned(signed) }, signed];
    });
  }

  /** What pays for everything so far; undefined before the first voucher. */
  async settlement(): Promise<Settlement | undefined> {
    const { voucher, receipt } = await this.state();
    if (!voucher) return undefined;
    return { voucher: decodeVoucher(voucher), receipt: receipt && decodeReceipt(receipt) };
  }
}

function refuse(field: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw athanorError("VoucherRefused", { field, found: String(found), expected: String(expected) });
}

function refuseAnswer(field: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw athanorError("AnswerRefused", { field, found: String(found), expected: String(expected) });
}
