import { memoryStore, type ChannelStore } from "../channels/store.ts";

/** What a client must not forget of a channel beside its book, as JSON: plain values only. */
export interface SessionRecord {
  /** The twelve terms, numbers in decimal digits. */
  readonly terms: Readonly<Record<string, string>>;
  /** Address of the provider. */
  readonly endpoint: string;
  readonly receiptKey: string;
  /** The request whose answer is not acknowledged yet. */
  readonly pending?: PendingRequest | undefined;
  /** One that the provider had no answer to when it was asked: it may still sign one. */
  readonly abandoned?: PendingRequest | undefined;
}

export interface PendingRequest {
  /** Of the voucher that asks for it. */
  readonly nonce: number;
  /** Default `plain`. */
  readonly encoding?: string | undefined;
  /** What travels: the bytes of this encoding, base64. Those of a sealed request are in the client's `requestStore`, and not here. */
  readonly request: string;
  readonly inputPrice: string;
  readonly outputPrice: string;
  /** Output tokens that acknowledged receipts paid for. */
  readonly paidTokens: number;
  /** Output tokens, those included, that the voucher pays for. */
  readonly allowedTokens: number;
  readonly vocabularySize: number;
}

/**
 * Where a client keeps its channels: their books, and what it takes to go on after a crash. Prompts of unacknowledged plain requests are in it; keys and sealed requests are not.
 * `fileStore` of `@athanor/sdk/node` keeps files, `indexedDbStore` what browsers have, `memorySessions` nothing.
 */
export interface SessionStore extends ChannelStore {
  readSession(channel: string): Promise<SessionRecord | undefined>;
  /** Durable when it resolves. */
  writeSession(channel: string, record: SessionRecord): Promise<void>;
  /** Ids of all channels that have a record. */
  sessions(): Promise<readonly string[]>;
}

/** A store that forgets when the program ends: its channels can then only be closed. */
export function memorySessions(): SessionStore {
  const records = new Map<string, string>();
  return {
    ...memoryStore(),
    readSession: (channel) => {
      const found = records.get(channel);
      return Promise.resolve(found === undefined ? undefined : (JSON.parse(found) as SessionRecord));
    },
    writeSession: (channel, record) => {
      records.set(channel, JSON.stringify(record));
      return Promise.resolve();
    },
    sessions: () => Promise.resolve([...records.keys()]),
  };
}
