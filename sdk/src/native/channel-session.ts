// Longer than 400 lines: one class, because every step of an answer reads and changes the same book.
import { outputTokensRoot } from "@athanor/engine/commitments";
import { decodeBase64, ZeroHash } from "ethers";
import type { CallOptions } from "../channels/calls.ts";
import type { Channels } from "../channels/channels.ts";
import { ClientChannel } from "../channels/client-channel.ts";
import { decodeVoucher } from "../channels/encode.ts";
import { readChannelEvents } from "../channels/events.ts";
import { KEY_READ_LIFE } from "../channels/liable-keys.ts";
import type { ChannelView } from "../channels/read-channel.ts";
import type { ChannelTerms, Receipt, Signed, TypedDataSigner, Voucher } from "../channels/types.ts";
import { invalid, show, validateWhole } from "../client/arguments.ts";
import { tokenizerOf, type ClientContext } from "../client/context.ts";
import { readOffer } from "../client/find-offers.ts";
import { generationOf, textOf, validateGenerationOptions } from "../client/generation.ts";
import type { GenerationOptions } from "../client/types.ts";
import type { ClaimedReceipt } from "../disputes/claimed-receipt.ts";
import type { Disputes } from "../disputes/disputes.ts";
import type { ChallengeOptions, ChallengeOutcome, Verification } from "../disputes/types.ts";
import { athanorError, AthanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { sleep, throwIfAborted } from "../internal/abort.ts";
import { Mutex } from "../internal/mutex.ts";
import type { Privacy } from "../private/describe.ts";
import { costOf, type Prices } from "../protocol/cost.ts";
import { signAccess } from "./access.ts";
import {
  channelSchema,
  closeResponseSchema,
  offerSchema,
  streamLineSchema,
  type ChannelReport,
  type ProviderOffer,
  type StreamLine,
} from "./messages.ts";
import { awaitDeposit, pauseBefore } from "./patience.ts";
import { isWithin, pricesAsked, stepCost } from "./price.ts";
import { describeChannelPrivacy } from "./privacy.ts";
import { inputRootOf, type NativeRequest } from "./request-bytes.ts";
import type { PendingRequest, SessionRecord, SessionStore } from "./session-store.ts";
import { StreamedText } from "./streamed-text.ts";
import { call, callStream, misbehaved, refusal, type Transport } from "./transport.ts";
import {
  pendingWire,
  plainWire,
  sealedWire,
  sealingKeyOf,
  wireText,
  withSecret,
  type ChunkReader,
  type Wire,
} from "./wire.ts";

/** A question to the provider of a channel. */
export interface ChannelInferRequest extends GenerationOptions {
  /** Root of the model. */
  readonly model: string;
  /** Text, or else `promptTokens`. */
  readonly prompt?: string | undefined;
  readonly promptTokens?: readonly number[] | undefined;
  /**
   * Output tokens that the channel's client pays for at a time: the most it can lose to a provider that takes the voucher and answers nothing. Default: the
   * whole answer with `infer`, 64 with `stream`.
   */
  readonly stepTokens?: number | undefined;
  /**
   * Whether request and answer travel sealed and the receipt commits to encrypted tokens, so that only the provider can read them. Default: if the provider takes
   * such requests. Needs a `requestStore`. `privacy` says what others learn.
   */
  readonly private?: boolean | undefined;
  /** Most that the whole answer may cost, token units. */
  readonly maxPrice?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What arrived since the part before. */
export interface StreamPart {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** An answer that the client acknowledged. */
export interface ChannelAnswer {
  readonly text: string;
  readonly tokens: readonly number[];
  /** Whether it is the whole answer. */
  readonly complete: boolean;
  /** Token units, all steps together. */
  readonly price: bigint;
  /** One for each step; the last covers all tokens. */
  readonly receipts: readonly Signed<Receipt>[];
  /** What was asked, exactly: with the receipts all that is needed to recompute or challenge it. Of a private request with its secret. */
  readonly request: NativeRequest;
  /** Whether only the provider could read it. */
  readonly private: boolean;
}

export interface SessionParts {
  readonly context: ClientContext;
  readonly channels: Channels;
  readonly store: SessionStore;
  readonly terms: ChannelTerms;
  readonly record: SessionRecord;
  readonly transport: Transport;
  readonly signer: TypedDataSigner;
  /** Seconds since 1970; default the computer's clock. */
  readonly now?: (() => number) | undefined;
}

const DEFAULT_STEP = 64;
/** Milliseconds without a token or receipt, however many lines come. */
const MOST_IDLE = 300_000;
const OFFER_LIFE = 15_000;

/**
 * A channel that is open with a provider: asks, checks, acknowledges. Made by `ChannelClient`. Answers come one after another; whatever is
 * interrupted, the next call finds out what became of it first.
 */
export class ChannelSession {
  readonly #parts: SessionParts;
  readonly #book: ClientChannel;
  readonly #mutex = new Mutex();
  #record: SessionRecord;
  /** Milliseconds since 1970. */
  #keyReadAt = -Infinity;
  #offer: { readonly offer: ProviderOffer; readonly readAt: number } | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#record = parts.record;
    this.#book = new ClientChannel({
      terms: parts.terms,
      contract: parts.channels.contract,
      store: parts.store,
      signer: parts.signer,
      receiptKeyUntil: (key) => parts.channels.receiptKeyUntil(parts.terms.provider, key),
      now: () => this.#seconds(),
    });
  }

  get id(): string {
    return this.#book.id;
  }

  get terms(): ChannelTerms {
    return this.#parts.terms;
  }

  /** Token units: what acknowledged answers cost, and what is left for others. */
  async balance(): Promise<{ readonly spent: bigint; readonly left: bigint; readonly answers: number }> {
    const { amount, deposit, receipts } = await this.#book.state();
    const spent = BigInt(amount);
    return { spent, left: BigInt(deposit) - this.terms.exitBounty - spent, answers: receipts.count };
  }

  /** What the chain says of the channel. */
  onChain(): Promise<ChannelView> {
    return this.#parts.channels.read(this.terms);
  }

  /** Models and prices of the provider, as it says now. */
  async offer(signal?: AbortSignal): Promise<ProviderOffer> {
    const known = this.#offer;
    if (known && Date.now() - known.readAt < OFFER_LIFE) return known.offer;
    const offer = await call(this.#parts.transport, "", offerSchema, { signal });
    this.#offer = { offer, readAt: Date.now() };
    return offer;
  }

  /**
   * Whether a request would be private, and what others would learn of it. Sends nothing of it.
   *
   * @throws AthanorError as `infer` before it sends anything
   */
  async privacy(request: ChannelInferRequest): Promise<Privacy> {
    try {
      const prepared = await this.#prepare(request);
      const { prompt, maxTokens } = prepared.request;
      const shape = { contextLength: prepared.contextLength, promptTokens: prompt.length, maxTokens };
      return describeChannelPrivacy({ ...shape, private: prepared.sealTo !== undefined });
    } catch (error) {
      throw toAthanorError(error);
    }
  }

  /**
   * Asks for an answer and waits for its end.
   *
   * @throws AthanorError `ChannelOverspent`, `PriceAboveLimit`, `ReceiptRefused`, `ProviderRefused`, `ProviderMisbehaved`, `ProviderUnreachable`, `ProviderStalled`, `Aborted`;
   * for private requests `EncryptionKeyUnusable`, `SealedRequestsNotTaken`, `RequestStoreMissing`, `SealedAnswerRefused`
   */
  async infer(request: ChannelInferRequest): Promise<ChannelAnswer> {
    const parts = this.stream({ stepTokens: request.maxTokens, ...request });
    for (;;) {
      const { done, value } = await parts.next();
      if (done) return value;
    }
  }

  /**
   * Asks for an answer and yields it as it comes; returns what `infer` returns. Leaving the loop, or aborting, ends the answer; what arrived by then is paid.
   *
   * @throws as `infer`
   * @example
   * for await (const { text } of channel.stream({ model, prompt: "To be", maxTokens: 256 })) process.stdout.write(text);
   */
  async *stream(request: ChannelInferRequest): AsyncGenerator<StreamPart, ChannelAnswer, undefined> {
    const unlock = await this.#lock();
    try {
      return yield* this.#answer(request);
    } catch (error) {
      throw toAthanorError(error);
    } finally {
      unlock();
    }
  }

  /**
   * Finds out what became of an answer that was interrupted: takes it, with what it costs, if the provider has it.
   *
   * @returns undefined when nothing was under way, or nothing came of it
   */
  async recover(options: { readonly signal?: AbortSignal } = {}): Promise<ChannelAnswer | undefined> {
    const unlock = await this.#lock();
    try {
      return await this.#recover(options.signal);
    } catch (error) {
      throw toAthanorError(error);
    } finally {
      unlock();
    }
  }

  /**
   * Recomputes an answer and says whether it is right. Sends nothing.
   *
   * @param disputes of `@athanor/sdk/disputes`, with the model
   */
  verify(answer: ChannelAnswer, disputes: Disputes, options: CallOptions = {}): Promise<Verification> {
    return disputes.verifyReceipt(this.#claimed(answer), options);
  }

  /**
   * Challenges an answer on chain if it is wrong, until its receipt expires; `Disputes.challengeReceipt` says how. After a conviction nothing is paid to the provider
   * any more: `finish` returns the rest of the deposit.
   */
  challenge(
    answer: ChannelAnswer,
    disputes: Disputes,
    options: ChallengeOptions = {},
  ): Promise<ChallengeOutcome> {
    return disputes.challengeReceipt(this.#claimed(answer), options);
  }

  /** Adds to the deposit, token units. */
  async topUp(
    amount: bigint,
    options: { readonly from?: "wallet" | "vault"; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const { channels, transport } = this.#parts;
    await channels.topUp({ terms: this.terms, amount, from: options.from }, options);
    const { deposit } = await this.onChain();
    await this.#book.noteDeposit(deposit);
    await awaitDeposit(transport, this.id, deposit, options.signal);
  }

  /**
   * Parts with the provider: pays all that arrived, and has the provider settle and close; what is left comes back to the client's account in the vault. If the
   * provider does nothing, announces the closing on chain instead: then call `finish` when the notice is over.
   *
   * @returns where the channel stands on chain
   */
  async close(
    options: { readonly patience?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ChannelView> {
    const unlock = await this.#lock();
    const { patience = 60_000, signal } = options;
    const { channels, transport, context } = this.#parts;
    try {
      await this.#recover(signal, patience).catch((error: unknown) => {
        // Whoever wants to leave must not be held by an answer that never came.
        if (toAthanorError(error).code === "Aborted") throw error;
      });
      const { voucher: last } = await this.#book.state();
      const isSigned = last !== undefined && decodeVoucher(last).message.requestHash === ZeroHash;
      const voucher = isSigned ? (await this.#book.lastVoucher())! : await this.#book.settleUp();
      try {
        await call(transport, `/channels/${this.id}/close`, closeResponseSchema, {
          method: "POST",
          body: { voucher },
          signal,
        });
        const until = Date.now() + patience;
        while (Date.now() < until) {
          const view = await this.onChain();
          if (view.status !== "Open") return view;
          await sleep(Math.min(1_000, context.reader.options.pollInterval), signal);
        }
      } catch (error) {
        throwIfAborted(signal);
        if (!(error instanceof AthanorError) || !error.code.startsWith("Provider")) throw error;
      }
      const view = await this.onChain();
      if (view.status !== "Open") return view;
      await channels.startClosing(this.terms, options);
      return await this.onChain();
    } catch (error) {
      throw toAthanorError(error);
    } finally {
      unlock();
    }
  }

  /** Takes the rest back when the notice of a closing is over. */
  async finish(options: { readonly signal?: AbortSignal } = {}): Promise<ChannelView> {
    await this.#parts.channels.finish(this.terms, options);
    return this.onChain();
  }

  // ----------------------------------------------------------------------------------------------- one answer

  /** The last receipt covers all tokens. */
  #claimed({ receipts, request, tokens }: ChannelAnswer): ClaimedReceipt {
    return { channel: this.terms, receipt: receipts.at(-1)!, request, tokens };
  }

  async *#answer(options: ChannelInferRequest): AsyncGenerator<StreamPart, ChannelAnswer, undefined> {
    const { signal, stepTokens = DEFAULT_STEP, maxTokens } = options;
    validateWhole("stepTokens", stepTokens, 1, 2 ** 32 - 1);
    await this.#recover(signal);
    const tokenizer = await tokenizerOf(this.#parts.context, options.model, signal);
    const { request, prices, vocabularySize, sealTo } = await this.#prepare(options);
    const inputRoot = inputRootOf(request);
    const { modelRoot, prompt } = request;
    const text = new StreamedText(tokenizer, request);
    const tokens: number[] = [];
    const receipts: Signed<Receipt>[] = [];
    let isReconciled = false;
    for (let complete = false; !complete;) {
      throwIfAborted(signal);
      const paid = tokens.length;
      const allowedTokens = Math.min(maxTokens, paid + stepTokens);
      const limit = stepCost(prices, prompt.length, paid, allowedTokens);
      await this.#requireKey(signal);
      const { nonce } = await this.#book.state();
      const wire = await this.#wireOf(request, nonce + 1, sealTo);
      const pending: PendingRequest = {
        ...{ nonce: nonce + 1, ...wireText(wire), paidTokens: paid, allowedTokens, vocabularySize },
        ...{ inputPrice: String(prices.inputPrice), outputPrice: String(prices.outputPrice) },
      };
      // Before the voucher: what is signed can be asked for again after a crash.
      await this.#write({ ...this.#record, pending });
      const voucher = await this.#book.request({ modelRoot, inputRoot, limit });
      const lines = this.#lines(voucher, { pending, wire }, tokens, signal);
      let receipt: Signed<Receipt> | undefined;
      try {
        for await (const part of lines) {
          if ("receipt" in part) receipt = part.receipt;
          else {
            tokens.push(...part.tokens);
            yield { text: text.next(tokens, false), tokens: part.tokens };
          }
        }
      } catch (error) {
        const isRefused = error instanceof AthanorError && error.values["providerCode"] === "VoucherRefused";
        if (!isRefused || isReconciled) throw error;
        // The provider has a receipt that this side has not.
        isReconciled = true;
        await this.#reconcile(signal);
        continue;
      }
      await this.#acknowledge(receipt!, pending, request, tokens);
      receipts.push(receipt!);
      ({ complete } = receipt!.message);
    }
    const rest = text.next(tokens, true);
    if (rest !== "") yield { text: rest, tokens: [] };
    return {
      text: textOf(tokenizer, tokens, request),
      ...{ tokens, complete: true, receipts, request, private: sealTo !== undefined },
      price: receipts.reduce((sum, { message }) => sum + message.price, 0n),
    };
  }

  /** The tokens of an answer as they come, then its receipt; asks again when the connection breaks, or the provider is busy. */
  async *#lines(
    voucher: Signed<Voucher>,
    { pending, wire }: { readonly pending: PendingRequest; readonly wire: Wire },
    tokens: readonly number[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ tokens: number[] } | { receipt: Signed<Receipt> }, void, undefined> {
    const { transport } = this.#parts;
    const path = `/channels/${this.id}/requests`;
    for (let attempt = 1; ; attempt++) {
      const before = tokens.length;
      try {
        let progressAt = Date.now();
        const body = {
          ...{ voucher, ...wireText(wire), from: tokens.length },
          prices: { inputPrice: pending.inputPrice, outputPrice: pending.outputPrice },
          paidTokens: pending.paidTokens,
        };
        const reader = wire.reader();
        for await (const line of callStream(transport, path, streamLineSchema, { body, signal })) {
          if (line.type === "error") throw refusal(transport, line);
          if (line.type === "receipt") {
            reader.end();
            yield { receipt: line.receipt };
            return;
          }
          const fresh =
            line.type === "tokens" ? await this.#tokensOf(line, reader, tokens.length, pending) : [];
          if (fresh.length > 0) {
            progressAt = Date.now();
            yield { tokens: fresh };
          } else if (Date.now() - progressAt > MOST_IDLE) {
            throw athanorError("ProviderStalled", {
              endpoint: transport.endpoint,
              timeout: MOST_IDLE / 1_000,
            });
          }
        }
        throw athanorError("ProviderUnreachable", {
          endpoint: transport.endpoint,
          details: "the answer broke off.",
        });
      } catch (error) {
        throwIfAborted(signal);
        if (tokens.length > before) attempt = 1;
        const wait = pauseBefore(error, attempt);
        if (wait === undefined) throw error;
        await sleep(wait, signal);
      }
    }
  }

  async #tokensOf(
    line: Pick<StreamLine & { type: "tokens" }, "first" | "chunk">,
    reader: Pick<ChunkReader, "chunk">,
    received: number,
    { allowedTokens, vocabularySize }: PendingRequest,
  ): Promise<number[]> {
    const { transport } = this.#parts;
    let tokens: number[];
    try {
      tokens = await reader.chunk(decodeBase64(line.chunk));
    } catch (error) {
      if (error instanceof AthanorError) throw error;
      throw misbehaved(transport, "a chunk that is no list of tokens", "four bytes each");
    }
    if (line.first !== received) {
      throw misbehaved(transport, `tokens from ${line.first} on`, `those from ${received} on`);
    }
    if (received + tokens.length > allowedTokens) {
      throw misbehaved(
        transport,
        `${received + tokens.length} tokens`,
        `at most ${allowedTokens}, as the voucher pays`,
      );
    }
    const outside = tokens.find((token) => token >= vocabularySize);
    if (outside !== undefined) {
      throw misbehaved(transport, `token ${outside}`, `ids below ${vocabularySize}`);
    }
    return tokens;
  }

  /** Takes a receipt that is of exactly what arrived, and notes that nothing is under way any more. */
  async #acknowledge(
    receipt: Signed<Receipt>,
    pending: PendingRequest,
    request: NativeRequest,
    tokens: readonly number[],
  ): Promise<void> {
    const { complete } = receipt.message;
    const { transport } = this.#parts;
    if (tokens.length <= pending.paidTokens) {
      throw misbehaved(transport, "a receipt without a new token", "at least one");
    }
    if (!complete && tokens.length >= request.maxTokens) {
      throw misbehaved(transport, "a part of an answer of full length", "the whole answer");
    }
    await this.#book.acknowledge(receipt, {
      ...{ modelRoot: request.modelRoot, inputRoot: inputRootOf(request), complete },
      ...{ outputTokensRoot: outputTokensRoot(tokens, request.secret), outputCount: tokens.length },
      price: stepCost(pricesOf(pending), request.prompt.length, pending.paidTokens, tokens.length),
    });
    await this.#write({ ...this.#record, pending: undefined, abandoned: undefined });
  }

  /** @param patience milliseconds to wait for an answer that is being computed */
  async #recover(signal: AbortSignal | undefined, patience = MOST_IDLE): Promise<ChannelAnswer | undefined> {
    const { pending } = this.#record;
    if (pending === undefined) return undefined;
    // Otherwise written down and never signed, or acknowledged already.
    const isOpen = await this.#isUnanswered(pending);
    const report = isOpen ? await this.#askFor(pending, signal, patience) : undefined;
    const answer = report && (await this.#takeReported(report, pending, signal));
    if (answer === undefined) {
      const abandoned = isOpen ? pending : this.#record.abandoned;
      await this.#write({ ...this.#record, pending: undefined, abandoned });
    }
    return answer;
  }

  /** Takes the receipts that the provider has and this side has not: from the provider, or from the chain if it settled them. */
  async #reconcile(signal: AbortSignal | undefined): Promise<void> {
    const { abandoned } = this.#record;
    await this.#noteSettlements(signal);
    if (abandoned === undefined || !(await this.#isUnanswered(abandoned))) return;
    await this.#takeReported(await this.#report(signal), abandoned, signal);
  }

  async #isUnanswered({ nonce }: PendingRequest): Promise<boolean> {
    const { unanswered = [] } = await this.#book.state();
    return unanswered.some((voucher) => voucher.nonce === String(nonce));
  }

  /** The answer to a request, if the report has it; undefined also when the chain has settled it, and it is too late to take it from the provider. */
  async #takeReported(
    { receipt, answer }: ChannelReport,
    pending: PendingRequest,
    signal: AbortSignal | undefined,
  ): Promise<ChannelAnswer | undefined> {
    if (receipt?.message.nonce !== BigInt(pending.nonce) || answer === undefined) {
      await this.#noteSettlements(signal);
      return undefined;
    }
    const { wire, request } = await pendingWire(this.#parts.context.requestStore, pending);
    const line = { first: 0, chunk: answer.chunk };
    const tokens = await this.#tokensOf(line, { chunk: wire.whole }, 0, pending);
    try {
      await this.#acknowledge(receipt, pending, request, tokens);
    } catch (error) {
      await this.#noteSettlements(signal);
      if (await this.#isUnanswered(pending)) throw error;
      return undefined;
    }
    const tokenizer = await tokenizerOf(this.#parts.context, request.modelRoot, signal);
    const { complete, price } = receipt.message;
    return {
      text: textOf(tokenizer, tokens, request),
      ...{ tokens, complete, price, receipts: [receipt], request, private: request.secret !== undefined },
    };
  }

  /** What the provider settled without this side's acknowledgement is paid: the book takes it up. */
  async #noteSettlements(signal: AbortSignal | undefined): Promise<void> {
    const { context } = this.#parts;
    const { amount } = await this.#book.state();
    const { paid } = await this.onChain();
    if (paid <= BigInt(amount)) return;
    const { contracts, reader } = context;
    const head = await reader.blockNumber(signal);
    const from = contracts.deployment.startBlock ?? 0;
    const events = await readChannelEvents(contracts, [this.id], from, head, signal && { signal });
    for (const event of events) {
      if (event.name === "ChannelSettled") await this.#book.noteSettled(event.values);
    }
  }

  /** The provider's side, once it is not computing the answer to the last voucher any more; undefined if it never took that voucher. */
  async #askFor(
    pending: PendingRequest,
    signal: AbortSignal | undefined,
    patience: number,
  ): Promise<ChannelReport | undefined> {
    const { transport, context } = this.#parts;
    const until = Date.now() + patience;
    for (let attempt = 1; ; attempt++) {
      const report = await this.#report(signal);
      if (report.nonce < BigInt(pending.nonce)) return undefined;
      if (!report.running) return report;
      if (Date.now() >= until) {
        // It may still sign: what is pending stays so.
        throw athanorError("ProviderStalled", { endpoint: transport.endpoint, timeout: patience / 1_000 });
      }
      await sleep(Math.min(250 * attempt, context.reader.options.pollInterval), signal);
    }
  }

  async #report(signal: AbortSignal | undefined): Promise<ChannelReport> {
    const { signer, transport, channels } = this.#parts;
    const validUntil = Math.max(Math.floor(this.#seconds()), 0) + 300;
    const place = { channel: this.id, provider: this.terms.provider, validUntil };
    const authorization = await signAccess(signer, channels.contract, place);
    return call(transport, `/channels/${this.id}`, channelSchema, { headers: { authorization }, signal });
  }

  /** Before a voucher: the provider's receipt key, as it is or as the offer has it now, must be in use on chain. */
  async #requireKey(signal: AbortSignal | undefined): Promise<void> {
    const { channels, transport } = this.#parts;
    const now = Date.now();
    if (now - this.#keyReadAt < KEY_READ_LIFE * 1_000) return;
    if (!(await channels.isReceiptKey(this.terms.provider, this.#record.receiptKey))) {
      const { receiptKey } = await call(transport, "", offerSchema, { signal });
      if (!(await channels.isReceiptKey(this.terms.provider, receiptKey))) {
        throw misbehaved(transport, `the receipt key ${receiptKey}`, "one that the escrow knows");
      }
      await this.#write({ ...this.#record, receiptKey });
    }
    this.#keyReadAt = now;
  }

  /** All that can be said of a request, and refused, before anything of it leaves. */
  async #prepare(options: ChannelInferRequest) {
    const { maxPrice, signal } = options;
    validateGenerationOptions(options);
    if (options.private !== undefined && typeof options.private !== "boolean") {
      throw invalid("private", show(options.private), "true or false");
    }
    const asked = await this.#requestOf(options);
    const terms = await this.#priced(asked, maxPrice, signal);
    const { context } = this.#parts;
    const { provider } = this.terms;
    const sealTo = await sealingKeyOf(context, provider, await this.offer(signal), options.private);
    const request = sealTo === undefined ? asked : withSecret(asked, terms.vocabularySize);
    return { ...terms, request, sealTo };
  }

  /** The request as it travels with the voucher of this nonce. */
  async #wireOf(request: NativeRequest, nonce: number, sealTo: string | undefined): Promise<Wire> {
    const { secret } = request;
    if (secret === undefined || sealTo === undefined) return plainWire(request);
    const { context, channels } = this.#parts;
    const { chainId, escrow } = channels.contract;
    const place = {
      ...{ chainId, escrow, provider: this.terms.provider },
      channel: this.id,
      nonce: BigInt(nonce),
    };
    return sealedWire(context.requestStore!, { ...request, secret }, place, sealTo);
  }

  async #requestOf(options: ChannelInferRequest): Promise<NativeRequest> {
    const { model, prompt, promptTokens, signal } = options;
    if ((prompt === undefined) === (promptTokens === undefined)) {
      throw invalid("prompt", show(prompt), "either a text or promptTokens");
    }
    const { context } = this.#parts;
    const tokenizer = () => tokenizerOf(context, model, signal);
    const generation = await generationOf(options, tokenizer);
    let tokens = promptTokens;
    try {
      tokens ??= (await tokenizer()).encode(prompt!);
    } catch (error) {
      if (error instanceof AthanorError) throw error;
      const details = error instanceof Error ? error.message : String(error);
      throw athanorError("TextNotEncodable", { details }, { cause: error });
    }
    return { modelRoot: model.toLowerCase(), prompt: [...tokens], ...generation };
  }

  /** What the answer is charged by: the provider's word, if it asks no more than its offer in the registry. */
  async #priced(
    request: NativeRequest,
    maxPrice: bigint | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly prices: Prices; readonly vocabularySize: number; readonly contextLength: number }> {
    const { context, transport } = this.#parts;
    const { token, provider } = this.terms;
    const { modelRoot, prompt, maxTokens } = request;
    const [asked, standing] = await Promise.all([
      this.offer(signal),
      readOffer(context, provider, modelRoot, token),
    ]);
    const prices = pricesAsked(asked, modelRoot, token);
    if (!prices || !standing) throw athanorError("NoOffer", { model: modelRoot, token });
    const { inputPrice, outputPrice } = prices;
    if (!isWithin(prices, standing)) {
      throw misbehaved(
        transport,
        `prices of ${inputPrice} and ${outputPrice}`,
        `at most ${standing.inputPrice} and ${standing.outputPrice}, as its offer in the registry`,
      );
    }
    const cost = costOf({ inputPrice, outputPrice, minimumCharge: 0n }, prompt.length, maxTokens);
    if (maxPrice !== undefined && cost > maxPrice) {
      throw athanorError("PriceAboveLimit", { cost, maxCost: maxPrice, token });
    }
    const { vocabularySize, contextLength } = standing;
    return { prices: { inputPrice, outputPrice }, vocabularySize, contextLength };
  }

  async #write(record: SessionRecord): Promise<void> {
    await this.#parts.store.writeSession(this.id, record);
    this.#record = record;
  }

  #seconds(): number {
    return this.#parts.now?.() ?? Date.now() / 1_000;
  }

  /** One answer at a time. Returns the function that lets the next one begin. */
  #lock(): Promise<() => void> {
    return new Promise((resolve) => {
      void this.#mutex.run(() => new Promise<void>((unlock) => resolve(unlock)));
    });
  }
}

const pricesOf = ({ inputPrice, outputPrice }: PendingRequest): Prices => ({
  inputPrice: BigInt(inputPrice),
  outputPrice: BigInt(outputPrice),
});
