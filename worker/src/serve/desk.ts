// Longer than 400 lines: one class, because every one of its steps reads and changes the same answers under way.
import {
  channelIdOf,
  decodeReceipt,
  decodeVoucher,
  isSignedBy,
  isAccessGranted,
  requestHashOf,
  signAcceptance,
  stepCost,
  toJson,
  tokensWithin,
  voucherDigest,
  PROTOCOL,
  type AcceptResponse,
  type ChannelContract,
  type ChannelReport,
  type ChannelTerms,
  type InferenceRequest,
  type Prices,
  type ProviderOffer,
  type Signed,
  type Voucher,
} from "@athanor/sdk/channels";
import { tokensRoot } from "@athanor/engine/commitments";
import { AthanorError } from "@athanor/sdk";
import { decodeBase64, encodeBase64, ZeroHash, type Wallet } from "ethers";
import type { Config } from "../config/schema.ts";
import { describeError } from "../errors.ts";
import type { ProviderContext } from "../provider/context.ts";
import type { StoredAnswer, StoredChannel } from "../storage/channels.ts";
import { Books } from "./books.ts";
import { checkRequest, type CheckedRequest } from "./check-request.ts";
import { checkTerms, priceKey, type Conditions } from "./conditions.ts";
import { encodingsOf, postedTokens, type Encoding, type OpenedRequest } from "./encodings.ts";
import { Gate } from "./gate.ts";
import { Generation } from "./generation.ts";
import { Refusal } from "./refusal.ts";
import { Slots } from "./slots.ts";

export type ChannelSettings = NonNullable<Config["channels"]>;

/** Seconds for which an acceptance opens a channel. */
const ACCEPTANCE_LIFE = 600;
/** Seconds before the end of settlement in which nothing more is computed. */
const ENDING = 900;
const DAY = 86_400;

/** What the desk works with beside the daemon's context. */
export interface DeskOptions {
  readonly context: Omit<ProviderContext, "desk">;
  readonly settings: ChannelSettings;
  /** Signs acceptances and receipts. */
  readonly signer: Wallet;
  /** Token units by token address: deposits that are too small to be worth a channel. */
  readonly minimumDeposits: ReadonlyMap<string, bigint>;
  /** Token units by token address: what may be unpaid in a channel before it is settled. */
  readonly settleAbove: ReadonlyMap<string, bigint>;
  /** Addresses of the tokens in which something is offered. */
  readonly tokens: readonly string[];
}

/** An answer that is being computed or waits to be continued, and whoever reads it. */
interface UnderWay {
  readonly nonce: number;
  readonly checked: CheckedRequest;
  readonly generation: Generation;
  /** Who reads it now; undefined between two steps. */
  reader: symbol | undefined;
}

/** What a client reads: tokens as they come, then the receipt. */
export interface AnswerReader {
  readonly opened: OpenedRequest;
  readonly nonce: bigint;
  readonly from: number;
  readonly generation: Generation;
  /** Whether another connection reads the answer now. */
  readonly isReplaced: () => boolean;
  /** Signs and stores the receipt of all tokens so far; undefined when there is nothing new. */
  readonly finish: () => Promise<ChannelReport["receipt"]>;
  /** Notes what went wrong, which the reader is not told. */
  readonly noteFailure: (error: unknown) => void;
  /** The reader has left. Never rejects. */
  readonly leave: () => Promise<void>;
}

/** The provider's side of all its channels: accepts them, answers requests, keeps receipts. docs/native-protocol.md specifies it. */
export class Desk {
  readonly settings: ChannelSettings;
  readonly books: Books;
  readonly contract: ChannelContract;
  /** Undefined until the chain was read. */
  conditions: Conditions | undefined;
  isStopping = false;
  /** Closed while an exam has the hardware. */
  readonly gate = new Gate();
  /** Milliseconds since 1970, local clock: when the main loop read the chain last. */
  private followedAt = Number.NEGATIVE_INFINITY;
  /** Whether the provider settles all it is owed, to leave. */
  isLeaving = false;
  private readonly options: DeskOptions;
  private readonly encodings: ReadonlyMap<string, Encoding>;
  private readonly slots = new Map<string, Slots>();
  private readonly underWay = new Map<string, UnderWay>();
  private readonly arriving = new Set<string>();
  /** Channels that were accepted, and until which second they can be opened with that. A restart forgets them. */
  private readonly accepted = new Map<string, number>();
  /** Prices that were in the offer until a second ago or some. */
  private readonly formerPrices = new Map<string, Prices & { readonly until: number }>();

  constructor(options: DeskOptions) {
    const { context, settings, signer } = options;
    this.options = options;
    this.settings = settings;
    this.contract = {
      chainId: context.chain.chainId,
      escrow: context.chain.contracts.deployment.channelEscrow,
    };
    this.books = new Books(this.contract, signer, context.storage, () => context.time.now());
    const encodings = encodingsOf(context.encryptionKeys, this.contract, context.owner);
    this.encodings = new Map(encodings.map((encoding) => [encoding.name, encoding]));
  }

  /** To be called when a round of the main loop succeeded. */
  noteRound(): void {
    this.followedAt = this.options.context.clock.now();
  }

  /** Whether the chain was read lately: what is not known of closings and key rotations cannot cost much. */
  get seesChain(): boolean {
    return this.options.context.clock.now() - this.followedAt <= this.settings.chainSilence;
  }

  get settleAbove(): ReadonlyMap<string, bigint> {
    return this.options.settleAbove;
  }

  get offeredTokens(): readonly string[] {
    return this.options.tokens;
  }

  /** Takes what the main loop read. Prices of the offer before count for a minute more: clients may have just read them. */
  setConditions(conditions: Conditions): void {
    const until = this.options.context.time.now() + 60;
    for (const [key, prices] of this.conditions?.prices ?? []) {
      const next = conditions.prices.get(key);
      const isSame = next?.inputPrice === prices.inputPrice && next.outputPrice === prices.outputPrice;
      if (!isSame) this.formerPrices.set(key, { ...prices, until });
    }
    this.conditions = conditions;
  }

  get counts() {
    const all = [...this.slots.values()];
    return {
      running: all.reduce((sum, { running }) => sum + running, 0),
      waiting: all.reduce((sum, { queued }) => sum + queued, 0),
    };
  }

  offer(): ProviderOffer {
    const { context, signer, minimumDeposits } = this.options;
    const { notice, receiptLife, workPerSecond, stakeLock, tokens, prices } = this.requireConditions();
    const { longestDays, bodyBytes, keepGenerations } = this.settings;
    const life = longestDays * DAY;
    return {
      protocol: PROTOCOL,
      chainId: this.contract.chainId,
      escrow: this.contract.escrow,
      provider: context.owner,
      receiptKey: signer.address,
      time: context.time.now(),
      terms: { notice, receiptLife, workPerSecond, stakeLock, longestLife: life },
      tokens: [...tokens].map(([token, terms]) => ({
        ...{ token, ...terms },
        minimumDeposit: minimumDeposits.get(token) ?? terms.exitBounty + 1n,
      })),
      models: [...context.models.values()].map(({ runner: { commitment } }) => ({
        modelRoot: commitment.modelRoot,
        contextLength: commitment.contextLength,
        vocabularySize: commitment.vocabularySize,
        maxTokens: Math.min(commitment.contextLength, context.limits.maxTokensPerJob),
        prices: [...tokens.keys()].flatMap((token) => {
          const found = prices.get(priceKey(commitment.modelRoot, token));
          if (found === undefined) return [];
          return [{ token, inputPrice: found.inputPrice, outputPrice: found.outputPrice }];
        }),
      })),
      encodings: [...this.encodings.keys()],
      limits: { bodyBytes, keepSeconds: Math.floor(keepGenerations / 1_000) },
    };
  }

  /** Signs that a channel with these terms is taken. */
  async accept(proposed: ChannelTerms): Promise<AcceptResponse> {
    const { context, signer, minimumDeposits } = this.options;
    const now = context.time.now();
    const { longestDays, maxOpen } = this.settings;
    this.requireChain();
    // Some seconds more than were promised: clocks differ, and blocks come late.
    const limits = { owner: context.owner, now, longestLife: longestDays * DAY + 120 };
    const conditions = this.requireConditions();
    const terms = checkTerms(proposed, conditions, limits);
    const channel = channelIdOf(terms, this.contract);
    const promised = this.promisedBeside(channel, now);
    // Stake that acceptances may still bind is not free.
    const isStakeFree = conditions.freeStake >= BigInt(promised + 1) * terms.stakeLock;
    if (!isStakeFree || context.storage.channelCount("open") + promised >= maxOpen) {
      throw new Refusal(
        "ProviderBusy",
        "As many channels as this provider takes are open, or have been accepted.",
        "Ask another provider.",
        60,
      );
    }
    this.accepted.set(channel, now + ACCEPTANCE_LIFE);
    const minimumDeposit = minimumDeposits.get(terms.token) ?? terms.exitBounty + 1n;
    const validUntil = BigInt(now + ACCEPTANCE_LIFE);
    const acceptance = await signAcceptance(signer, this.contract, channel, { minimumDeposit, validUntil });
    context.log.emit("debug", "channel.accepted", { channel, client: terms.client, token: terms.token });
    return { channel, acceptance };
  }

  /** Acceptances that were signed and are valid, of other channels that were not seen to open. */
  private promisedBeside(channel: string, now: number): number {
    for (const [id, until] of this.accepted) {
      if (until < now || this.options.context.storage.channel(id)) this.accepted.delete(id);
    }
    return this.accepted.size - (this.accepted.has(channel) ? 1 : 0);
  }

  /** The provider's side of a channel, for whoever its voucher key lets read it. */
  async report(id: string, authorization: string | undefined): Promise<ChannelReport> {
    const { context } = this.options;
    const channel = this.requireChannel(id);
    const { voucherKey, previousKey, previousUntil } = channel.chain;
    const now = context.time.now();
    const keys = previousUntil >= BigInt(now) ? [voucherKey, previousKey] : [voucherKey];
    const place = { channel: id, provider: context.owner };
    // The client's clock is that of its machine, or of the chain.
    const times = [now, Math.floor(context.clock.now() / 1_000)];
    if (!times.some((time) => isAccessGranted(authorization, this.contract, place, keys, time))) {
      throw new Refusal(
        "AccessDenied",
        "The header Authorization is missing, not signed by the channel's voucher key, or no longer valid.",
        "Sign ChannelAccess with the voucher key; docs/native-protocol.md, section 3.",
      );
    }
    const running = this.underWay.get(id);
    const book = channel.book;
    const receipt = book?.receipt && decodeReceipt(book.receipt);
    const answer = book ? context.storage.answer(id, book.nonce) : null;
    const opened = answer && (await this.open(answer.encoding, answer.request, id, BigInt(answer.nonce)));
    return {
      channel: id,
      deposit: channel.chain.deposit,
      nonce: BigInt(book?.nonce ?? 0),
      amount: BigInt(book?.amount ?? 0),
      receiptCount: BigInt(book?.receipts.count ?? 0),
      running: running?.reader !== undefined,
      receipt,
      answer:
        answer && opened
          ? {
              encoding: answer.encoding,
              chunk: encodeBase64(
                await opened.whole(
                  postedTokens(answer.tokens, opened.request).slice(
                    0,
                    Number(receipt?.message.outputCount ?? 0),
                  ),
                ),
              ),
            }
          : undefined,
    };
  }

  /** Takes a last voucher, which asks for nothing, and has the channel settled and closed. */
  async close(id: string, voucher: Signed<Voucher>): Promise<{ channel: string; amount: bigint }> {
    const { context } = this.options;
    const channel = this.requireChannel(id);
    if (voucher.message.requestHash !== ZeroHash || voucher.message.limit !== 0n) {
      throw new Refusal(
        "BadRequest",
        "The voucher asks for an answer.",
        "Send one with requestHash and limit 0.",
      );
    }
    this.requireSigned(channel, voucher);
    const isRepeated = this.isLast(channel, voucher);
    if (isRepeated && channel.stage !== "open") return { channel: id, amount: voucher.message.amount };
    requireOpen(channel);
    this.requireFree(id);
    this.arriving.add(id);
    try {
      await this.stopGeneration(id);
      if (!isRepeated) await this.take(channel, voucher);
      // The chain may have closed it meanwhile: that is not undone.
      requireOpen(this.requireChannel(id));
      context.storage.changeChannel(id, { stage: "closing" });
    } finally {
      this.arriving.delete(id);
    }
    context.wake();
    return { channel: id, amount: voucher.message.amount };
  }

  /** Checks everything, takes the voucher, and starts or continues the answer. Nothing is computed, and nothing promised, before all is in order. */
  async request(id: string, message: InferenceRequest): Promise<AnswerReader> {
    // Whoever cannot sign gets nothing computed, and holds nobody up.
    this.requireSigned(this.requireChannel(id), message.voucher);
    if (this.arriving.has(id)) throw busy();
    this.arriving.add(id);
    try {
      return await this.admit(id, message);
    } finally {
      this.arriving.delete(id);
    }
  }

  private async admit(id: string, message: InferenceRequest): Promise<AnswerReader> {
    const { context } = this.options;
    if (this.isStopping) {
      throw new Refusal("Stopping", "The worker is being stopped.", "Ask again in a minute.", 30);
    }
    const channel = this.requireChannel(id);
    const { voucher, paidTokens, from } = message;
    const nonce = voucher.message.nonce;
    const bytes = decodeBase64(message.request);
    const opened = await this.open(message.encoding, bytes, id, nonce);
    const checked = checkRequest(opened.request, context.models, context.limits.maxTokensPerJob);
    if (checked.requestHash !== voucher.message.requestHash) {
      throw new Refusal(
        "RequestRefused",
        `The request hashes to ${checked.requestHash}; the voucher asks for ${voucher.message.requestHash}.`,
        "Sign a voucher for this request.",
      );
    }
    const isRepeated = this.isLast(channel, voucher);
    if (!isRepeated) this.requireChain();
    const stored = isRepeated ? context.storage.answer(id, Number(nonce)) : null;
    // What was computed can be fetched for as long as it is kept; what was not is worth nothing any more.
    const isFetched = stored !== null && stored.tokens.length > stored.paidTokens && !this.isInTime(channel);
    if (!isFetched) this.requireTime(channel);
    let answer: StoredAnswer = stored ?? {
      ...{ channel: id, nonce: Number(nonce), encoding: message.encoding, request: bytes },
      ...this.requirePrices(checked, channel, message.prices),
      ...{ paidTokens, tokens: this.paidTokensOf(channel, checked, paidTokens), complete: false, expiry: 0 },
    };
    const { prompt, maxTokens } = checked.request;
    const paidFor = tokensWithin(answer, prompt.length, answer.paidTokens, voucher.message.limit, maxTokens);
    const allowed = isFetched ? answer.tokens.length : paidFor;
    if (allowed <= answer.paidTokens) {
      throw new Refusal(
        "LimitTooLow",
        `The limit is ${voucher.message.limit}; the next token costs ${stepCost(answer, prompt.length, answer.paidTokens, answer.paidTokens + 1)}.`,
        "Allow more.",
      );
    }
    if (from > allowed) {
      throw new Refusal(
        "BadRequest",
        `from is ${from}; the voucher pays for ${allowed} tokens.`,
        "Ask for less.",
      );
    }

    let running = this.underWay.get(id);
    if (running?.reader !== undefined && !isRepeated) throw busy();
    const slots = this.slotsOf(checked.request.modelRoot);
    const continues =
      running?.generation.isAlive === true &&
      running.checked.requestHash === checked.requestHash &&
      (isRepeated || running.generation.tokens.length === answer.paidTokens);
    if (!continues) {
      slots.requireRoom();
      // Before the voucher is taken: it must pay what was computed.
      await this.stopGeneration(id);
      if (stored) answer = context.storage.answer(id, Number(nonce)) ?? stored;
    }
    if (!isRepeated) await this.take(channel, voucher);
    context.storage.atomically(() => {
      context.storage.dropUnanswered(id, answer.nonce);
      context.storage.putAnswer(answer);
    });

    if (!continues) {
      const { runner } = checked.model;
      const { keepGenerations: keep } = this.settings;
      const tokens = postedTokens(answer.tokens, checked.request);
      const options = { request: checked.request, tokens, runner, slots, keep };
      const generation = new Generation(options);
      // All that the voucher pays for is there already.
      if (answer.complete || answer.tokens.length >= allowed) generation.close(answer.complete);
      running = { nonce: Number(nonce), checked, generation, reader: undefined };
    }
    const reader = Symbol(id);
    const current: UnderWay = { ...running!, nonce: Number(nonce), reader };
    this.underWay.set(id, current);
    current.generation.continue(allowed);
    context.log.emit("debug", "answer.started", { channel: id, nonce: Number(nonce), allowed });
    return {
      ...{ opened, nonce, from, generation: current.generation },
      isReplaced: () => this.underWay.get(id)?.reader !== reader,
      finish: () => this.finish(channel, answer, current),
      noteFailure: (error) => this.noteFailure(id, error),
      leave: () => this.leave(channel, answer, reader),
    };
  }

  /** Signs and stores the receipt of what was computed. */
  private async finish(
    { id }: StoredChannel,
    answer: StoredAnswer,
    { checked, generation }: UnderWay,
  ): Promise<ChannelReport["receipt"]> {
    const { context } = this.options;
    const channel = context.storage.channel(id)!;
    const book = this.books.of(channel);
    const given = channel.book?.receipt && decodeReceipt(channel.book.receipt);
    const { tokens, complete } = generation;
    const known = given && BigInt(answer.nonce) === given.message.nonce ? given : undefined;
    if (tokens.length <= answer.paidTokens) return undefined;
    // Nothing was added to what a receipt says already.
    if (known && known.message.outputCount >= BigInt(tokens.length)) return known;
    const { request, inputRoot } = checked;
    // The database gets what receipts commit to: of a private answer the encrypted tokens.
    const posted = postedTokens(tokens, request);
    // The tokens first: a receipt that is on disk can be defended.
    const life = Number(channel.terms.receiptLife);
    context.storage.putAnswer({
      ...answer,
      tokens: posted,
      complete,
      expiry: context.time.now() + life + DAY,
    });
    const receipt = await book.sign({
      ...{ modelRoot: request.modelRoot, inputRoot, complete },
      outputTokensRoot: tokensRoot(posted),
      outputCount: tokens.length,
      price: stepCost(answer, request.prompt.length, answer.paidTokens, tokens.length),
    });
    const { price, outputCount } = receipt.message;
    context.log.emit("info", "answer.receipt", {
      ...{ channel: id, nonce: answer.nonce, model: request.modelRoot },
      ...{ tokens: Number(outputCount), complete, price: price.toString() },
    });
    return receipt;
  }

  /**
   * Whoever read an answer is gone: it ends with a receipt of what there is, and of a token at least if the model has begun, so that nobody gets its prompt computed for
   * nothing. What was computed is kept for a while, for the voucher that continues it.
   */
  private async leave(channel: StoredChannel, answer: StoredAnswer, reader: symbol): Promise<void> {
    const running = this.underWay.get(channel.id);
    if (running?.reader !== reader) return;
    try {
      const { generation } = running;
      if (!generation.isStarted) await generation.stop();
      await generation.rest(answer.paidTokens + 1, () => this.underWay.get(channel.id) === running);
      if (this.underWay.get(channel.id) === running) await this.finish(channel, answer, running);
      if (!running.generation.isAlive) this.forget(channel.id, running);
    } catch (error) {
      // Nobody waits for this: what is thrown here would end the worker. The next request finds the answer, and what is owed for it.
      this.noteFailure(channel.id, error);
    } finally {
      running.reader = undefined;
    }
  }

  /** Ends all answers under way, each with its receipt. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const [id, running] of this.underWay) {
      await running.generation.stop();
      await this.finishStored(id, running).catch((error: unknown) => this.noteFailure(id, error));
      this.forget(id, running);
    }
  }

  private noteFailure(id: string, error: unknown): void {
    this.options.context.log.emit("error", "answer.failed", { channel: id, ...describeError(error) });
  }

  /** Ends what is left of an answer, with the receipt of all that was computed of it. */
  private async stopGeneration(id: string): Promise<void> {
    const running = this.underWay.get(id);
    if (running === undefined) return;
    running.reader = undefined;
    await running.generation.stop();
    await this.finishStored(id, running);
    this.forget(id, running);
  }

  private async finishStored(id: string, running: UnderWay): Promise<void> {
    const { storage } = this.options.context;
    const channel = storage.channel(id);
    const answer = storage.answer(id, running.nonce);
    // A receipt answers the last voucher alone.
    if (answer && channel?.book?.nonce === running.nonce) await this.finish(channel, answer, running);
  }

  /** Another answer may stand there by now. */
  private forget(id: string, running: UnderWay): void {
    if (this.underWay.get(id) === running) this.underWay.delete(id);
  }

  private async take(channel: StoredChannel, voucher: Signed<Voucher>): Promise<void> {
    try {
      await this.books.of(channel).take(voucher);
    } catch (error) {
      if (!(error instanceof AthanorError)) throw error;
      throw new Refusal(
        "VoucherRefused",
        error.shortMessage,
        "Send a voucher that pays every receipt so far.",
      );
    }
  }

  private async open(
    name: string,
    bytes: Uint8Array,
    channel: string,
    nonce: bigint,
  ): Promise<OpenedRequest> {
    const encoding = this.encodings.get(name);
    try {
      if (encoding === undefined) throw new Error(`there is none named ${name}`);
      return await encoding.open(bytes, { channel, nonce });
    } catch (error) {
      const known = [...this.encodings.keys()].join(", ");
      throw new Refusal(
        "RequestRefused",
        `The request cannot be read in its encoding: ${describeError(error).message}.`,
        `Use one of: ${known}. Seal each request to the key of the provider's profile, for its own voucher.`,
      );
    }
  }

  /** Output tokens that receipts have paid for, when a request is continued. */
  private paidTokensOf(
    channel: StoredChannel,
    { requestHash }: CheckedRequest,
    paidTokens: number,
  ): readonly number[] {
    if (paidTokens === 0) return [];
    const receipt = channel.book?.receipt && decodeReceipt(channel.book.receipt).message;
    const before = channel.book && this.options.context.storage.answer(channel.id, channel.book.nonce);
    const isContinued =
      receipt &&
      before &&
      requestHashOf(receipt) === requestHash &&
      !receipt.complete &&
      before.tokens.length >= paidTokens;
    if (isContinued && receipt.outputCount === BigInt(paidTokens)) return before.tokens.slice(0, paidTokens);
    throw new Refusal(
      "ContinuationMismatch",
      `paidTokens is ${paidTokens}; the last receipt ${receipt ? `is of ${receipt.outputCount} tokens of ${requestHashOf(receipt)}` : "is missing"}.`,
      "Continue the last answer of the channel, or send 0.",
    );
  }

  /** @throws Refusal `VoucherRefused` */
  private requireSigned(channel: StoredChannel, voucher: Signed<Voucher>): void {
    if (this.isLast(channel, voucher)) return;
    try {
      const digest = voucherDigest(this.contract, channel.id, voucher.message);
      if (isSignedBy(channel.chain.voucherKey, digest, voucher.signature)) return;
    } catch {
      // Its numbers fit into no voucher.
    }
    throw new Refusal(
      "VoucherRefused",
      `The voucher is not signed by ${channel.chain.voucherKey}, the voucher key of the channel.`,
      "Sign it with this key, for this channel.",
    );
  }

  /** Whether this very voucher was taken last. */
  private isLast({ book }: StoredChannel, voucher: Signed<Voucher>): boolean {
    return book?.voucher !== undefined && toJson(decodeVoucher(book.voucher)) === toJson(voucher);
  }

  private requirePrices({ request }: CheckedRequest, { terms }: StoredChannel, offered: Prices): Prices {
    const key = priceKey(request.modelRoot, terms.token);
    const asked = this.requireConditions().prices.get(key);
    if (asked === undefined) {
      throw new Refusal(
        "ModelNotServed",
        `The model ${request.modelRoot} is not offered in the token ${terms.token}.`,
        "Take a model and token of GET /athanor/v1.",
      );
    }
    const former = this.formerPrices.get(key);
    const covers = (prices: Prices) =>
      offered.inputPrice >= prices.inputPrice && offered.outputPrice >= prices.outputPrice;
    const isFormer =
      former !== undefined && former.until >= this.options.context.time.now() && covers(former);
    if (covers(asked) || isFormer) return offered;
    throw new Refusal(
      "PriceTooLow",
      `The prices are ${asked.inputPrice} and ${asked.outputPrice} units for a million tokens, not ${offered.inputPrice} and ${offered.outputPrice}.`,
      "Read GET /athanor/v1 again.",
    );
  }

  private isInTime({ stage, chain, terms }: StoredChannel): boolean {
    const now = BigInt(this.options.context.time.now());
    return stage === "open" && chain.closesAt - BigInt(ENDING) > now && chain.closesAt >= terms.expiresAt;
  }

  private requireTime(channel: StoredChannel): void {
    const { id, chain } = channel;
    requireOpen(channel);
    if (this.isInTime(channel)) return;
    throw new Refusal(
      "ChannelEnding",
      `Vouchers of the channel ${id} settle until second ${chain.closesAt}.`,
      "Open another one.",
    );
  }

  private requireChannel(id: string): StoredChannel {
    const channel = this.options.context.storage.channel(id);
    if (channel !== null) return channel;
    throw new Refusal(
      "ChannelUnknown",
      `The channel ${id} is not known here.`,
      "If it opened a moment ago, ask again; a channel that opened before this worker's database was made is not served.",
    );
  }

  private requireFree(id: string): void {
    if (this.arriving.has(id) || this.underWay.get(id)?.reader !== undefined) throw busy();
  }

  /** @throws Refusal `ChainUnreachable` */
  requireChain(): void {
    if (this.seesChain) return;
    throw new Refusal(
      "ChainUnreachable",
      "The provider has not seen the chain for a while, so no new voucher is taken.",
      "Ask again in a minute, or ask another provider.",
      60,
    );
  }

  private requireConditions(): Conditions {
    if (this.conditions !== undefined) return this.conditions;
    throw new Refusal("ChainUnreachable", "The chain was not read yet.", "Ask again in some seconds.", 5);
  }

  private slotsOf(modelRoot: string): Slots {
    const known = this.slots.get(modelRoot);
    if (known !== undefined) return known;
    const slots = new Slots(this.settings.maxConcurrent, this.settings.maxQueued, this.gate);
    this.slots.set(modelRoot, slots);
    return slots;
  }
}

function requireOpen({ stage, id }: Pick<StoredChannel, "stage" | "id">): void {
  if (stage === "open") return;
  throw new Refusal(
    "ChannelNotOpen",
    `The channel ${id} is ${stage === "gone" ? "not on chain any more" : "closed"}.`,
    "Open another one.",
  );
}

function busy(): Refusal {
  return new Refusal(
    "ChannelBusy",
    "Another answer of this channel is under way.",
    "Read it to its end, or hang up; then ask again.",
    1,
  );
}
