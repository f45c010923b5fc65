import type { Model as ComputedModel } from "@athanor/engine";
import { Agenda } from "../agenda.ts";
import { Refused, type ContractName, type DayChain, type Mined } from "../chain.ts";
import { compare } from "../compare.ts";
import type { ConversationPool } from "../conversation-pool.ts";
import type { Lots } from "../lots.ts";
import type { ModelChannel } from "../model/channels.ts";
import type { ModelJob } from "../model/jobs.ts";
import type { Model } from "../model/model.ts";
import { REQUEST_KINDS, type RequestKind } from "../script.ts";
import {
  pricesOf,
  tokenOf,
  TOKENS,
  type DayToken,
  type Offer,
  type Prices,
  type TokenSymbol,
} from "../tokens.ts";
import type { Kind } from "./kinds.ts";

/** How large a day is. */
export interface DaySize {
  readonly clients: number;
  readonly providers: number;
}

/** What governance has set, and may change. */
export interface Terms {
  jobFees: Record<TokenSymbol, bigint>;
  channelFees: Record<TokenSymbol, bigint>;
  /** What a whole token costs, in millionths of a US cent. */
  rates: Record<TokenSymbol, bigint>;
}

/** A provider's keys and prices of the moment. */
export interface ProviderState {
  readonly name: string;
  readonly operator: string;
  /** Private keys that sign receipts: the last is in use, the ones before are removed. */
  readonly receiptKeys: string[];
  readonly offers: Record<TokenSymbol, Offer>;
  /** It is going to lie: nobody counts on it for what has to be paid. */
  readonly isLiar: boolean;
}

/** One simulated day: the chain, the model that it is held to, everything that goes on, and how often each kind of thing happened. */
export class Day {
  readonly agenda: Agenda;
  readonly counts = new Map<Kind, number>();
  readonly terms: Terms;
  readonly begins: number;
  /** Numbers that were compared with the chain. */
  compared = 0;
  #salts = 0n;
  #requestKinds = 0;
  #leaving = 0;

  readonly seed: string;
  readonly size: DaySize;
  readonly chain: DayChain;
  readonly model: Model;
  readonly pool: ConversationPool;
  readonly lots: Lots;
  /** Everybody who can have money. */
  readonly people: readonly string[];
  readonly providers: readonly ProviderState[];
  readonly computed: ComputedModel;

  constructor(
    options: Pick<
      Day,
      "seed" | "size" | "chain" | "model" | "pool" | "lots" | "people" | "providers" | "computed"
    >,
  ) {
    ({ seed: this.seed, size: this.size, chain: this.chain, model: this.model, pool: this.pool } = options);
    ({ lots: this.lots, people: this.people, providers: this.providers, computed: this.computed } = options);
    this.agenda = new Agenda(this.chain);
    const each = (of: (token: DayToken) => bigint) =>
      Object.fromEntries(TOKENS.map((token) => [token.symbol, of(token)])) as Record<TokenSymbol, bigint>;
    this.terms = {
      jobFees: each(({ jobs }) => jobs.feeBasisPoints),
      channelFees: each(({ channels }) => channels.feeBasisPoints),
      rates: each(({ microcents }) => microcents),
    };
    this.begins = this.chain.time;
  }

  salt(): bigint {
    return ++this.#salts;
  }

  /** Every kind in turn. */
  nextRequestKind(): RequestKind {
    return REQUEST_KINDS[this.#requestKinds++ % REQUEST_KINDS.length]!;
  }

  /** Whether the next client of a convicted provider looks after its channel: every other one. */
  isNextEarly(): boolean {
    return this.#leaving++ % 2 === 0;
  }

  /** What a provider asks now, in token units. */
  pricesOf({ offers }: ProviderState, symbol: TokenSymbol): Prices {
    return pricesOf(offers[symbol], tokenOf(symbol), this.terms.rates[symbol]);
  }

  count(kind: Kind, times = 1): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + times);
  }

  /** Sends a transaction, and accounts for it in the model. */
  async act(
    kind: Kind,
    from: string,
    call: readonly [ContractName, string, readonly unknown[]],
    account: (time: number) => void,
    value = 0n,
  ): Promise<Mined> {
    const mined = await this.chain.send(from, ...call, { value });
    this.model.ledger.time = mined.time;
    account(mined.time);
    this.count(kind);
    return mined;
  }

  /** Holds the contracts to refusing a transaction: nothing changes. */
  async refusal(
    kind: Kind,
    error: string,
    from: string,
    call: readonly [ContractName, string, readonly unknown[]],
  ): Promise<void> {
    try {
      await this.chain.send(from, ...call);
    } catch (failure) {
      if (!(failure instanceof Refused) || failure.error !== error) throw failure;
      this.count(kind);
      return;
    }
    throw new Error(`${kind}: ${call[0]}.${call[1]} of ${from} should be refused with ${error}`);
  }

  /** Compares everything with the model. */
  async compare(when: string): Promise<void> {
    this.compared += await compare(this.chain, this.model, this.people, this.seed, when);
  }

  providerOf(name: string): ProviderState {
    return this.providers.find((provider) => provider.name === name)!;
  }

  isJailed({ provider }: ModelChannel | ModelJob): boolean {
    return this.model.stakes.of(provider).jailed;
  }
}
