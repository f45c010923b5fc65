import { ZeroHash } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { decodeVoucher, encodeSigned } from "./encode.ts";
import { ChannelLedger } from "./ledger.ts";
import { ReceiptTree } from "./receipt-tree.ts";
import type { ChannelState, ChannelStore } from "./store.ts";
import { isSignedBy, receiptDigest, requestHashOf, signVoucher } from "./typed-data.ts";
import type { ChannelContract, ChannelTerms, Receipt, Signed, TypedDataSigner, Voucher } from "./types.ts";

export interface ClientChannelOptions {
  readonly terms: ChannelTerms;
  readonly contract: ChannelContract;
  readonly store: ChannelStore;
  /** The channel's voucher key. */
  readonly signer: TypedDataSigner;
  /** Whether the escrow takes this address as a receipt key of the provider: `receiptKeyUntil` is the largest value. */
  readonly receiptKeys: readonly string[];
  /** Seconds since 1970; default the computer's clock. */
  readonly now?: (() => number) | undefined;
  /** Seconds by which clocks may differ. Default 60. */
  readonly clockTolerance?: number | undefined;
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

  constructor(options: ClientChannelOptions) {
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
   * Takes the receipt of an answer that arrived: the next voucher acknowledges it. A receipt that is refused changes nothing, and the next voucher does not pay it.
   *
   * @throws AthanorError `ReceiptRefused` with the field that is not as it should be
   */
  acknowledge(receipt: Signed<Receipt>, received: ReceivedOutput): Promise<void> {
    return this.#ledger.update((state) => {
      const { message } = receipt;
      this.#check(state, receipt, received);
      const tree = ReceiptTree.load(state.receipts);
      tree.append(receiptDigest(this.#options.contract, message));
      const next = {
        ...state,
        amount: String(BigInt(state.amount) + message.price),
        receipts: tree.save(),
        receipt: encodeSigned(receipt),
      };
      return Promise.resolve([next, undefined]);
    });
  }

  #sign(requestHash: string, limit: bigint): Promise<Signed<Voucher>> {
    return this.#ledger.update(async (state) => {
      const amount = BigInt(state.amount);
      const spendable = this.#ledger.spendableOf(state);
      if (amount + limit > spendable) {
        throw athanorError("ChannelOverspent", { amount: amount + limit, spendable });
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
      const next = { ...state, nonce: state.nonce + 1, voucher: encodeSigned(signed), receipt: undefined };
      return [next, signed];
    });
  }

  #check(state: ChannelState, { message, signature }: Signed<Receipt>, received: ReceivedOutput): void {
    const refuse = (field: string, found: unknown, expected: unknown) => {
      if (found !== expected) {
        throw athanorError("ReceiptRefused", {
          field,
          found: String(found),
          expected: String(expected),
        });
      }
    };
    const voucher = state.voucher && decodeVoucher(state.voucher).message;
    refuse("channel", message.channel, this.id);
    refuse("nonce", message.nonce, voucher?.nonce);
    refuse("acknowledged before", state.receipt !== undefined, false);
    refuse("requestHash", requestHashOf(message), voucher?.requestHash);
    refuse("modelRoot", message.modelRoot, received.modelRoot);
    refuse("inputRoot", message.inputRoot, received.inputRoot);
    refuse("outputTokensRoot", message.outputTokensRoot, received.outputTokensRoot);
    refuse("outputCount", message.outputCount, BigInt(received.outputCount));
    refuse("at least one token", message.outputCount > 0n, true);
    refuse("complete", message.complete, received.complete);
    refuse("price", message.price, received.price);
    refuse("price within the limit", message.price <= voucher!.limit, true);

    const tolerance = BigInt(this.#options.clockTolerance ?? 60);
    const now = BigInt(Math.floor((this.#options.now ?? (() => Date.now() / 1000))()));
    const fresh = now + this.#options.terms.receiptLife;
    const inTime = message.expiry >= fresh - tolerance && message.expiry <= fresh + tolerance;
    refuse("expiry a receipt's life from now", inTime, true);
    const digest = receiptDigest(this.#options.contract, message);
    const signed = this.#options.receiptKeys.some((key) => isSignedBy(key, digest, signature));
    refuse("signature of a receipt key", signed, true);
  }
}
