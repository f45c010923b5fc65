// Longer than 400 lines: one short method for each transaction and question of the channel escrow.
import type { TransactionReceipt } from "ethers";
import { validateAddress, validateAmount, validateHash } from "../client/arguments.ts";
import { createContext, sendOptions, type ClientContext } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { sleep } from "../internal/abort.ts";
import { connectToken, type AthanorContracts } from "../protocol/connect-contracts.ts";
import { callVault } from "../transactions/call-vault.ts";
import { sendTransaction, type SendOptions } from "../transactions/send.ts";
import {
  settlementCall,
  type BatchEntry,
  type CallOptions,
  type ChannelsOptions,
  type ChannelTransaction,
  type OpenedChannel,
  type Payment,
} from "./calls.ts";
import {
  decodeChannelEvent,
  readChannelEvents,
  readOpenedChannels,
  type ChannelEvent,
  type ChannelFilter,
} from "./events.ts";
import type { Settlement } from "./provider-channel.ts";
import { RECEIPT_KEY_IN_USE } from "./liable-keys.ts";
import { quoteTerms, type TermsRequest } from "./quote-terms.ts";
import { equivocationOf, reportCommitment, reportCommitted } from "./report.ts";
import { readChannel, type ChannelView } from "./read-channel.ts";
import { channelIdOf, openingData, topUpData, type Acceptance } from "./typed-data.ts";
import type { ChannelContract, ChannelTerms, Receipt, Signed } from "./types.ts";

type CallName =
  | "addReceiptKey"
  | "close"
  | "commitReport"
  | "finish"
  | "multicall"
  | "present"
  | "release"
  | "removeReceiptKey"
  | "reportEquivocation"
  | "rotateVoucherKey"
  | "settle"
  | "settleBatch"
  | "settleWithReceipt"
  | "startClosing";

/**
 * The channel escrow's transactions, for one account on one chain, and what the chain says of channels. Requests themselves need no transaction: see
 * `ClientChannel` and `ProviderChannel`. Every method rejects with an `AthanorError`; what would fail is refused before it is sent.
 *
 * @example
 * const channels = await Channels.connect({ signer });
 * const terms = await channels.quote({ provider, token });
 * const acceptance = await askProvider(terms);
 * await channels.open({ terms, amount: 10n ** 19n }, acceptance);
 */
export class Channels {
  readonly #context: ClientContext;

  private constructor(context: ClientContext) {
    this.#context = context;
  }

  /** @throws AthanorError as `AthanorClient.connect` */
  static async connect(options: ChannelsOptions): Promise<Channels> {
    return guard(async () => new Channels(await createContext(options)));
  }

  /** The signer's account; undefined without a signer. */
  get account(): string | undefined {
    return this.#context.account;
  }

  /** The contracts, connected for reading. */
  get contracts(): AthanorContracts {
    return this.#context.contracts;
  }

  /** Where the escrow is: what books and signatures need. */
  get contract(): ChannelContract {
    const { chainId, contracts } = this.#context;
    return { chainId, escrow: contracts.deployment.channelEscrow };
  }

  // ------------------------------------------------------------------------------------------------ reading

  /** Terms that a channel can open with now. They are the client's wish: the provider signs them, or does not. */
  quote(request: TermsRequest, options: CallOptions = {}): Promise<ChannelTerms> {
    return guard(() => quoteTerms(this.#context, request, options.signal));
  }

  /** What the chain says of a channel. @throws AthanorError `UnknownChannel` */
  read(terms: ChannelTerms): Promise<ChannelView> {
    return guard(() => readChannel(this.contracts, terms, this.#context.chainId));
  }

  /**
   * The terms of a channel, from the event of its opening. They are checked against the id.
   *
   * @throws AthanorError `UnknownChannel`
   */
  find(id: string, options: CallOptions & { readonly fromBlock?: number } = {}): Promise<OpenedChannel> {
    return guard(async () => {
      validateHash("id", id);
      const [found] = await this.#opened({ id }, options);
      if (!found) throw athanorError("UnknownChannel", { id });
      return found;
    });
  }

  /** All channels that ever opened, of a client, a provider, or both; oldest first. */
  list(
    filter: Omit<ChannelFilter, "id">,
    options: CallOptions & { readonly fromBlock?: number } = {},
  ): Promise<OpenedChannel[]> {
    return guard(() => this.#opened(filter, options));
  }

  /** Whether signatures of a key settle what they sign: it is a receipt key of the provider, and was not removed. */
  isReceiptKey(provider: string, key: string): Promise<boolean> {
    return this.receiptKeyUntil(provider, key).then((until) => until === RECEIPT_KEY_IN_USE);
  }

  /** Last second for which a provider answers for what a key signed: the largest while the key is in use, 0 if it never was. */
  receiptKeyUntil(provider: string, key: string): Promise<bigint> {
    return guard(() => this.contracts.channelEscrow.receiptKeyUntil(provider, key));
  }

  /**
   * The events of channels, oldest first, those that are to come included, each once it is `confirmations` deep. Ends when `signal` is aborted. A provider
   * watches `ChannelClosing` and `VoucherKeyRotated`, and settles before the notice is over; both sides watch `ChannelToppedUp`.
   *
   * @param channels ids, read again at every look: a set may grow meanwhile; of all channels when undefined
   */
  async *follow(
    channels: Iterable<string> | undefined,
    options: CallOptions & { readonly fromBlock?: number } = {},
  ): AsyncGenerator<ChannelEvent, void, undefined> {
    const { reader, contracts, confirmations } = this.#context;
    const { signal } = options;
    const startBlock = contracts.deployment.startBlock ?? 0;
    for (let next = options.fromBlock ?? startBlock; signal?.aborted !== true;) {
      const latest = await guard(() => reader.blockNumber(signal));
      const until = latest - confirmations + 1;
      if (until >= next) {
        const events = await guard(() =>
          readChannelEvents(contracts, channels, next, until, signal && { signal }),
        );
        yield* events;
        next = until + 1;
      }
      await sleep(reader.options.pollInterval, signal).catch(() => undefined);
    }
  }

  // -------------------------------------------------------------------------------------------------- money

  /** Opens a channel with the provider's acceptance of its terms. The signer is the client of the terms. */
  open(payment: Payment, acceptance: Acceptance, options: CallOptions = {}): Promise<ChannelTransaction> {
    return guard(() =>
      this.#entrust("open a channel", payment, openingData(payment.terms, acceptance), options),
    );
  }

  /** Adds to the deposit of an open channel. Anybody may. Both books have to note it: `noteDeposit`. */
  topUp(payment: Payment, options: CallOptions = {}): Promise<ChannelTransaction> {
    return guard(() => this.#entrust("top up a channel", payment, topUpData(payment.terms), options));
  }

  /** Pays what a voucher promises, and the receipt that answers it if there is one. Anybody may. */
  settle(
    terms: ChannelTerms,
    settlement: Settlement,
    options: CallOptions = {},
  ): Promise<ChannelTransaction> {
    return guard(() => {
      const [name, args] = settlementCall(terms, settlement);
      return this.#call("settle a channel", name, args, options);
    });
  }

  /**
   * Settles many channels in one transaction; those that cannot be settled are skipped. It pays acknowledged receipts: settle a last one, that is not
   * acknowledged yet, with `settle`.
   */
  settleBatch(entries: readonly BatchEntry[], options: CallOptions = {}): Promise<ChannelTransaction> {
    // Vouchers for one provider and token next to each other are paid with one transfer.
    const key = ({ terms }: BatchEntry) => `${terms.provider} ${terms.token}`.toLowerCase();
    const claims = [...entries]
      .sort((left, right) => (key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0))
      .map(({ terms, settlement: { voucher } }) => ({
        channel: terms,
        voucher: voucher.message,
        signature: voucher.signature,
      }));
    return guard(() => this.#call("settle channels", "settleBatch", [claims], options));
  }

  /** Ends settlement at once, and returns the rest to the client. Only the provider, who settles first: with `settlement`, in the same transaction. */
  close(
    terms: ChannelTerms,
    settlement: Settlement | undefined,
    options: CallOptions = {},
  ): Promise<ChannelTransaction> {
    return guard(() => {
      if (!settlement) return this.#call("close a channel", "close", [terms], options);
      const { interface: escrow } = this.contracts.channelEscrow;
      const [name, args] = settlementCall(terms, settlement);
      const calls = [
        escrow.encodeFunctionData(name as "settle", args as never),
        escrow.encodeFunctionData("close", [terms]),
      ];
      return this.#call("close a channel", "multicall", [calls], options);
    });
  }

  /** Announces that the client closes: vouchers settle for the notice of the terms, not after. Only the client. */
  startClosing(terms: ChannelTerms, options: CallOptions = {}): Promise<ChannelTransaction> {
    return guard(() => this.#call("start closing a channel", "startClosing", [terms], options));
  }

  /** Returns the rest to the client once settlement is over. Anybody may. */
  finish(terms: ChannelTerms, options: CallOptions = {}): Promise<ChannelTransaction> {
    return guard(() => this.#call("finish a channel", "finish", [terms], options));
  }

  /**
   * Frees the provider's stake once the last receipt has expired. Anybody may, and earns the exit bounty.
   *
   * @param bountyRecipient default the signer
   */
  release(
    terms: ChannelTerms,
    options: CallOptions & { readonly bountyRecipient?: string } = {},
  ): Promise<ChannelTransaction> {
    return guard(() => {
      const recipient = options.bountyRecipient ?? this.account;
      return this.#call("release a channel", "release", [terms, recipient], options);
    });
  }

  // --------------------------------------------------------------------------------------------------- keys

  /** Has vouchers signed by another key; those of the one before settle for a notice more. Only the client. */
  rotateVoucherKey(terms: ChannelTerms, key: string, options: CallOptions = {}): Promise<ChannelTransaction> {
    return guard(() => {
      validateAddress("key", key);
      return this.#call("rotate a voucher key", "rotateVoucherKey", [terms, key], options);
    });
  }

  /** Has a key sign receipts and acceptances for the signer, a provider, in all its channels. */
  addReceiptKey(key: string, options: CallOptions = {}): Promise<ChannelTransaction> {
    return guard(() => {
      validateAddress("key", key);
      return this.#call("add a receipt key", "addReceiptKey", [key], options);
    });
  }

  /** From now on the key accepts and earns nothing. It answers for what it signed, and never comes back. */
  removeReceiptKey(key: string, options: CallOptions = {}): Promise<ChannelTransaction> {
    return guard(() => {
      validateAddress("key", key);
      return this.#call("remove a receipt key", "removeReceiptKey", [key], options);
    });
  }

  // ----------------------------------------------------------------------------------------------- disputes

  /**
   * Makes a receipt a result that can be challenged, until it expires. Anybody who has it may.
   *
   * @param request the bytes that `receipt.inputRoot` commits to (`encodeRequest` of the engine's commitments). They become public.
   * @returns with the event `ReceiptPresented`, which has the result's id and terms
   */
  present(
    terms: ChannelTerms,
    receipt: Signed<Receipt>,
    request: string | Uint8Array,
    options: CallOptions = {},
  ): Promise<ChannelTransaction> {
    const args = [terms, receipt.message, receipt.signature, request];
    return guard(() => this.#call("present a receipt", "present", args, options, "receiptResults"));
  }

  /**
   * Convicts a provider that signed two receipts of one nonce and length with different roots. Two transactions: a commitment, so that nobody who reads the
   * report in the queue takes its reward, and the report, in a later second. Receipts that do not contradict each other, or are of no key of the provider, are refused before either is sent.
   * @param options.reporter receives the reward; default the signer
   */
  reportEquivocation(
    terms: ChannelTerms,
    first: Signed<Receipt>,
    second: Signed<Receipt>,
    options: CallOptions & { readonly reporter?: string } = {},
  ): Promise<ChannelTransaction> {
    return guard(async () => {
      const { contradicts, signers, digests } = equivocationOf(this.contract, first, second);
      if (!contradicts) throw athanorError("NoEquivocation", { first: digests[0]!, second: digests[1]! });
      for (const [index, signer] of signers.entries()) {
        const until = signer === undefined ? 0n : await this.receiptKeyUntil(terms.provider, signer);
        if (until === 0n) throw athanorError("InvalidSigner", { digest: digests[index]! });
      }
      const reporter = options.reporter ?? this.account;
      const receipts = [first.message, first.signature, second.message, second.signature];
      const { salt, commitment } = reportCommitment(this.contract, first.message, second.message, reporter!);
      const args = [terms, ...receipts, reporter, salt];
      return reportCommitted(
        () => this.#call("report equivocation", "reportEquivocation", args, options, "receiptResults"),
        () => this.#call("commit to a report", "commitReport", [commitment], options, "receiptResults"),
        () => sleep(this.#context.reader.options.pollInterval, options.signal),
      );
    });
  }

  // ----------------------------------------------------------------------------------------------- internal

  async #opened(
    filter: ChannelFilter,
    { fromBlock, signal }: CallOptions & { readonly fromBlock?: number },
  ): Promise<OpenedChannel[]> {
    const { contracts, reader } = this.#context;
    const from = fromBlock ?? contracts.deployment.startBlock ?? 0;
    const until = await reader.blockNumber(signal);
    const opened = await readOpenedChannels(contracts, filter, from, until, signal && { signal });
    return opened.map(({ channel: id, values: { channel: terms }, position }) => {
      if (channelIdOf(terms, this.contract) !== id) {
        const details = `the terms of channel ${id} do not hash to this id.`;
        throw athanorError("RpcInvalidResponse", { details });
      }
      return { id, terms, block: position.block };
    });
  }

  #entrust(
    action: string,
    { terms, amount, from = "wallet" }: Payment,
    data: string,
    { signal }: CallOptions,
  ): Promise<ChannelTransaction> {
    validateAmount("amount", amount, 88n);
    const { contracts, sending, account } = this.#context;
    const options = { ...sendOptions(this.#context, action), signal };
    const { vault, deployment } = contracts;
    const args: [string, string, bigint, string] = [deployment.channelEscrow, terms.token, amount, data];
    return sending.run(async () => {
      if (from === "vault") {
        const call = vault.interface.encodeFunctionData("entrustBalance", args);
        return this.#report(await sendTransaction({ to: deployment.vault, data: call }, options));
      }
      const owner = account!;
      await this.#requireInWallet(owner, terms.token, amount, options);
      const spending = { owner, token: terms.token, amount };
      const call = vault.interface.encodeFunctionData("entrust", args);
      const { receipt } = await callVault(contracts, spending, [call], options, ({ deadline, v, r, s }) =>
        vault.interface.encodeFunctionData("entrustWithPermit", [...args, deadline, v, r, s]),
      );
      return this.#report(receipt);
    });
  }

  async #requireInWallet(
    owner: string,
    token: string,
    required: bigint,
    { reader, context }: SendOptions,
  ): Promise<void> {
    const wallet = await connectToken(reader.runner, token).balanceOf(owner);
    if (wallet >= required) return;
    const { available: vault } = await this.contracts.vault.accountOf(token, owner);
    const values = { token, owner, wallet, vault, required, shortage: required - wallet };
    throw athanorError("InsufficientFunds", values, context);
  }

  async #call(
    action: string,
    name: CallName,
    args: readonly unknown[],
    { signal }: CallOptions,
    contract: "channelEscrow" | "receiptResults" = "channelEscrow",
  ): Promise<ChannelTransaction> {
    const { contracts, sending } = this.#context;
    const options = { ...sendOptions(this.#context, action), signal };
    const data = contracts[contract].interface.encodeFunctionData(name as never, args as never);
    const to = contracts.deployment[contract];
    return this.#report(await sending.run(() => sendTransaction({ to, data }, options)));
  }

  #report(receipt: TransactionReceipt): ChannelTransaction {
    const events = receipt.logs
      .map((log) => decodeChannelEvent(this.contracts, log))
      .filter((event) => event !== undefined);
    return { transactionHash: receipt.hash, block: receipt.blockNumber, gas: receipt.gasUsed, events };
  }
}

/** Arguments are checked, and failures translated, wherever they come from. */
async function guard<Result>(action: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toAthanorError(error);
  }
}
