import type { ModelSource } from "@athanor/sdk";
import type { ChannelClientOptions } from "@athanor/sdk/channels";
import type { Deployment } from "@athanor/sdk/protocol";
import type { Provider, Wallet } from "ethers";
import type { EventLog } from "../../log/event-log.ts";
import type { PromptSource } from "./prompts.ts";
import type { BoughtAnswer, MeasureStore } from "./store.ts";

export interface BuyerOptions {
  /** The node of this side. */
  readonly provider: Provider;
  /** Default: the known one of the chain. */
  readonly deployment?: Deployment | undefined;
  /** Keys of accounts that buy, at least one. Nothing may link them to the checker. */
  readonly accounts: readonly Wallet[];
  /** Addresses that must not buy: those of the checker and its operator. */
  readonly notBuyers: readonly string[];
  /** Most that may leave in an epoch, token units, by the token's address. */
  readonly budgets: ReadonlyMap<string, bigint>;
  readonly store: MeasureStore;
  readonly log: EventLog;
  /** Default: texts composed by rules. */
  readonly prompts?: PromptSource | undefined;
  /** Told of every answer that was bought, once, also after a restart; until it resolves the answer counts as not looked at. */
  readonly verifyReceipt?: ((answer: BoughtAnswer) => Promise<void>) | undefined;
  /** Addresses of other hosts, to tell a provider's silence from a broken line: docs/checkers.md, section 4. */
  readonly otherHosts?: (() => Promise<readonly string[]>) | undefined;
  /** Seconds in which an answer counts as in time. Default 300. */
  readonly answerSeconds?: number | undefined;
  readonly modelSource?: ModelSource | undefined;
  readonly fetch?: ChannelClientOptions["fetch"];
  /** For local chains and tests. */
  readonly allowInsecureEndpoints?: boolean | undefined;
  /** Milliseconds between two looks at the chain. Default 2,000. */
  readonly pollingInterval?: number | undefined;
  /** Blocks after which an event counts. Default 1. */
  readonly confirmations?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whom to measure, and for which report. Times are seconds since 1970 by the chain's clock. */
export interface Target {
  /** Owner account of the provider. */
  readonly provider: string;
  readonly epoch: number;
  /** First second of the epoch, and of the next. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** Owner account of the checker. */
  readonly checker: string;
  /** 32 bytes, secret until the reports are revealed; its own for each epoch and provider. */
  readonly blinding: string;
  /** Requests that a report has to show to claim all. */
  readonly requests: number;
  /** Second by which the last answer has to be there. */
  readonly deadline: number;
  /** Providers that share the epoch's budget. Default 1. */
  readonly providers?: number | undefined;
}

/** What a report says, with what it rests on. */
export interface Measurement {
  /** Milliseconds. */
  readonly latency: number;
  /** Millions of multiply-adds a second. */
  readonly throughput: number;
  /** Basis points. */
  readonly uptime: number;
  /** Hexadecimal; "0x" with uptime 0. */
  readonly evidence: string;
  /** Token units by the token's address. */
  readonly spent: ReadonlyMap<string, bigint>;
  /** Requests that count, those of them that were answered, and those that the evidence can show. */
  readonly asked: number;
  readonly answered: number;
  readonly proven: number;
}

/** Where the measuring of one provider stands after a step. */
export type Step =
  /** The next request is due at this second. */
  | { readonly state: "waiting"; readonly dueAt: number }
  /** A request was sent, and its end is known or will be looked for. */
  | { readonly state: "asked" }
  /** Nothing is left to ask, or no time. */
  | { readonly state: "done" }
  /** Nothing can be asked, for a reason on this side. */
  | { readonly state: "stuck"; readonly reason: string };
