import { isSignedBy, acceptanceDigest, channelIdOf } from "../channels/typed-data.ts";
import { Channels } from "../channels/channels.ts";
import type { ChannelTerms, TypedDataSigner } from "../channels/types.ts";
import { validateAddress, validateAmount, validateHash } from "../client/arguments.ts";
import { createContext, sameAddress, sendOptions, type ClientContext } from "../client/context.ts";
import { findOffers } from "../client/find-offers.ts";
import type { ConnectOptions, Offer } from "../client/types.ts";
import { validateMinimumScore } from "../client/validate.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { compareScores, withScore, type MinimumScore } from "../protocol/scores.ts";
import { ClientChannel } from "../channels/client-channel.ts";
import { endpointOf } from "./endpoint.ts";
import { acceptResponseSchema, offerSchema, type ProviderOffer } from "./messages.ts";
import { ChannelSession } from "./channel-session.ts";
import { isWithin, pricesAsked } from "./price.ts";
import { awaitDeposit } from "./patience.ts";
import { memorySessions, type SessionRecord, type SessionStore } from "./session-store.ts";
import { call, misbehaved, type Fetch, type Transport } from "./transport.ts";

export interface ChannelClientOptions extends ConnectOptions {
  /** Where channels are kept. Default: nowhere, so that a program that stops can only close them. */
  readonly store?: SessionStore | undefined;
  /** Default the platform's. */
  readonly fetch?: Fetch | undefined;
  /** Milliseconds for which a provider may be silent. Default 60,000. */
  readonly silence?: number | undefined;
  /** Whether an endpoint that only the registry names may be `http:`, and on a machine of this network: for local chains and tests. Default no. */
  readonly allowInsecureEndpoints?: boolean | undefined;
  /** Seconds since 1970, by which receipts' lives are judged. Default the computer's clock; the chain's on a local chain whose clock was moved. */
  readonly now?: (() => number) | undefined;
}

export interface OpenChannelRequest {
  /** Owner account of the provider. Or else `model`, and the cheapest that answers is chosen, among equally cheap ones that with the best score. */
  readonly provider?: string | undefined;
  /** Its address; default the one in its profile. */
  readonly endpoint?: string | undefined;
  /** Root of the model to be asked, for the choice of a provider. */
  readonly model?: string | undefined;
  /** What the score of a provider that is chosen must be. Default: anything. */
  readonly minimumScore?: MinimumScore | undefined;
  /** Default ATH. */
  readonly token?: string | undefined;
  /** Token units, exit bounty included. */
  readonly deposit: bigint;
  /** Seconds for which vouchers settle; default 30 days, or what the provider takes at most. */
  readonly lifetime?: number | undefined;
  /** Below 2^64: makes channels of otherwise the same terms two. Default a random one. */
  readonly salt?: bigint | undefined;
  /** Signs vouchers. Default the client's signer, which a wallet asks its user about each time. */
  readonly voucherSigner?: TypedDataSigner | undefined;
  /** Where the deposit comes from. Default the wallet. */
  readonly from?: "wallet" | "vault" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ResumeOptions {
  /** The one that signed vouchers before. */
  readonly voucherSigner?: TypedDataSigner | undefined;
}

const DEFAULT_LIFE = 30 * 86_400;

/**
 * Buys answers over channels: finds a provider's endpoint, opens a channel, asks. Every method rejects with an `AthanorError`.
 *
 * @example
 * const client = await ChannelClient.connect({ signer, store: fileStore("channels") });
 * const channel = await client.openChannel({ provider, deposit: 10n ** 19n });
 * for await (const { text } of channel.stream({ model, prompt: "To be", maxTokens: 64 })) process.stdout.write(text);
 * await channel.close();
 */
export class ChannelClient {
  readonly #context: ClientContext;
  readonly #channels: Channels;
  readonly #store: SessionStore;
  readonly #options: ChannelClientOptions;

  private constructor(context: ClientContext, channels: Channels, options: ChannelClientOptions) {
    this.#context = context;
    this.#channels = channels;
    this.#options = options;
    this.#store = options.store ?? memorySessions();
  }

  /** @throws AthanorError as `AthanorClient.connect` */
  static async connect(options: ChannelClientOptions): Promise<ChannelClient> {
    return guard(async () => {
      const [context, channels] = await Promise.all([createContext(options), Channels.connect(options)]);
      return new ChannelClient(context, channels, options);
    });
  }

  /** The transactions of channels, for what this client does not do by itself. */
  get channels(): Channels {
    return this.#channels;
  }

  /**
   * What a provider offers, as it says itself.
   *
   * @throws AthanorError `ProviderWithoutEndpoint`, `EndpointRefused`, `ProviderUnreachable`, `ProviderMisbehaved` when it is another one, or on another chain
   */
  offer(
    provider: string,
    options: { readonly endpoint?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ProviderOffer> {
    return guard(async () => {
      validateAddress("provider", provider);
      return this.#offer(await this.#transport(provider, options.endpoint), provider, options.signal);
    });
  }

  /**
   * Opens a channel: asks the provider to accept its terms, and puts the deposit in.
   *
   * @throws AthanorError `NoOffer`, `NoProviderWithScore`, `ProviderRefused`, `DepositTooSmall`, `InsufficientFunds` and what the other methods throw
   */
  openChannel(request: OpenChannelRequest): Promise<ChannelSession> {
    return guard(async () => {
      const { deposit, signal, from } = request;
      validateAmount("deposit", deposit, 88n);
      if (request.salt !== undefined) validateAmount("salt", request.salt, 64n);
      const signer = request.voucherSigner ?? sendOptions(this.#context, "open a channel").signer;
      const { provider, transport, offer } = await this.#choose(request);
      const terms = await this.#channels.quote({
        ...{ provider, token: request.token, voucherKey: await signer.getAddress() },
        lifetime: request.lifetime ?? Math.min(DEFAULT_LIFE, offer.terms.longestLife),
        stakeLock: offer.terms.stakeLock,
        salt: request.salt,
      });
      const id = channelIdOf(terms, this.#channels.contract);
      const { channel, acceptance } = await call(transport, "/channels", acceptResponseSchema, {
        ...{ method: "POST", body: { terms }, signal },
      });
      const digest = acceptanceDigest(this.#channels.contract, id, acceptance);
      if (channel !== id || !isSignedBy(offer.receiptKey, digest, acceptance.signature)) {
        throw misbehaved(transport, "an acceptance of something else", `one of the channel ${id}`);
      }
      if (deposit < acceptance.minimumDeposit) {
        throw athanorError("DepositTooSmall", { deposit, minimum: acceptance.minimumDeposit });
      }
      const record: SessionRecord = {
        terms: Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, String(value)])),
        ...{ endpoint: transport.endpoint, receiptKey: offer.receiptKey },
      };
      // Before the money leaves: whatever happens then, this store knows whom to ask.
      await this.#store.writeSession(id, record);
      await this.#channels.open({ terms, amount: deposit, from }, acceptance, { signal });
      const session = await this.#session(terms, record, transport, signer);
      await awaitDeposit(transport, id, deposit, signal);
      return session;
    });
  }

  /**
   * Goes on with a channel of the store.
   *
   * @throws AthanorError `UnknownChannel`
   */
  resumeChannel(id: string, options: ResumeOptions = {}): Promise<ChannelSession> {
    return guard(async () => {
      const record = await this.#store.readSession(id);
      if (record === undefined) throw athanorError("UnknownChannel", { id });
      const signer = options.voucherSigner ?? sendOptions(this.#context, "sign vouchers").signer;
      const terms = termsOf(record);
      return this.#session(terms, record, await this.#transport(terms.provider, record.endpoint), signer);
    });
  }

  /** Ids of the channels in the store. */
  listChannels(): Promise<readonly string[]> {
    return guard(() => this.#store.sessions());
  }

  /** The provider of a new channel, which has just answered. */
  async #choose({ provider, endpoint, model, minimumScore, token, signal }: OpenChannelRequest): Promise<{
    readonly provider: string;
    readonly transport: Transport;
    readonly offer: ProviderOffer;
  }> {
    const ask = async (provider: string) => {
      const transport = await this.#transport(provider, endpoint);
      return { provider, transport, offer: await this.#offer(transport, provider, signal) };
    };
    if (provider !== undefined || model === undefined) {
      validateAddress("provider", provider);
      return ask(provider);
    }
    validateHash("model", model);
    validateMinimumScore(minimumScore);
    const { deployment, channelEscrow } = this.#context.contracts;
    const address = token ?? deployment.ath;
    const { stakePerChannel } = await channelEscrow.parameters();
    const offers = await findOffers(this.#context, model, address, signal);
    const open = offers.filter(({ takesWork, freeStake }) => takesWork && freeStake >= stakePerChannel);
    if (open.length === 0) throw athanorError("NoOffer", { model, token: address });
    // How long prompts and answers will be is not known: both prices count alike.
    const price = ({ inputPrice, outputPrice }: Offer) => inputPrice + outputPrice;
    const order = (one: Offer, other: Offer) =>
      Number(price(one) - price(other)) || compareScores(one, other);
    let failure: unknown;
    for (const standing of [...withScore(open, minimumScore, deployment)].sort(order)) {
      try {
        const chosen = await ask(standing.provider);
        const prices = pricesAsked(chosen.offer, model, address);
        if (prices && isWithin(prices, standing)) return chosen;
        // A deposit with one that serves something else would wait for its end.
        throw athanorError("NoOffer", { model, token: address });
      } catch (error) {
        if (signal?.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #session(
    terms: ChannelTerms,
    record: SessionRecord,
    transport: Transport,
    signer: TypedDataSigner,
  ): Promise<ChannelSession> {
    const parts = { context: this.#context, channels: this.#channels, store: this.#store };
    const { deposit } = await this.#channels.read(terms);
    const { contract } = this.#channels;
    const receiptKeyUntil = (key: string) => this.#channels.receiptKeyUntil(terms.provider, key);
    const book = new ClientChannel({ terms, contract, store: this.#store, signer, receiptKeyUntil });
    await book.noteDeposit(deposit);
    return new ChannelSession({ ...parts, terms, record, transport, signer, now: this.#options.now });
  }

  async #transport(provider: string, endpoint: string | undefined): Promise<Transport> {
    const { providerRegistry } = this.#context.contracts;
    const address = endpoint ?? (await providerRegistry.providerOf(provider)).profile.endpoint;
    const {
      fetch = globalThis.fetch.bind(globalThis),
      silence = 60_000,
      allowInsecureEndpoints = false,
    } = this.#options;
    const isTrusted = endpoint !== undefined || allowInsecureEndpoints;
    return { endpoint: endpointOf(provider, address, isTrusted), fetch, silence };
  }

  async #offer(
    transport: Transport,
    provider: string,
    signal: AbortSignal | undefined,
  ): Promise<ProviderOffer> {
    const offer = await call(transport, "", offerSchema, { signal });
    const { chainId, escrow } = this.#channels.contract;
    const isMeant =
      offer.chainId === chainId && sameAddress(offer.escrow, escrow) && sameAddress(offer.provider, provider);
    if (!isMeant) {
      throw misbehaved(
        transport,
        `an offer of ${offer.provider} on chain ${offer.chainId}`,
        `one of ${provider} on chain ${chainId}`,
      );
    }
    if (!(await this.#channels.isReceiptKey(provider, offer.receiptKey))) {
      throw misbehaved(transport, `the receipt key ${offer.receiptKey}`, "one that the escrow knows");
    }
    return offer;
  }
}

function termsOf({ terms }: SessionRecord): ChannelTerms {
  const addresses = ["client", "provider", "token", "voucherKey"];
  const entries = Object.entries(terms).map(([name, value]) => [
    name,
    addresses.includes(name) ? value : BigInt(value),
  ]);
  return Object.fromEntries(entries) as ChannelTerms;
}

async function guard<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toAthanorError(error);
  }
}
