import { decodeTokens, encodeTokens } from "@athanor/engine/commitments";
import type { ChannelState, ChannelTerms } from "@athanor/sdk/channels";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import { fromJson, toJson } from "../jobs/json.ts";
import type { Row } from "./rows.ts";

/**
 * Where a channel stands on this worker: open; being settled and closed because both sides want that; closed, while its receipts can still be challenged;
 * ended, with its stake free; gone, because a reorganisation removed its opening, which may come back.
 */
export type ChannelStage = "open" | "closing" | "closed" | "ended" | "gone";

/** What the chain said of a channel when it was looked at last. Amounts in token units, times in seconds since 1970. */
export interface ChannelOnChain {
  readonly deposit: bigint;
  readonly paid: bigint;
  readonly closesAt: bigint;
  readonly voucherKey: string;
  /** The key before it, whose vouchers settle until `previousUntil`. */
  readonly previousKey: string;
  readonly previousUntil: bigint;
}

export interface StoredChannel {
  readonly id: string;
  readonly stage: ChannelStage;
  readonly terms: ChannelTerms;
  readonly chain: ChannelOnChain;
  /** The provider's book; null before the first entry. */
  readonly book: ChannelState | null;
  /** Milliseconds since 1970, local clock: not settled again before this. */
  readonly notBefore: number;
}

/** A request that a voucher paid for, and its answer so far. Moved to the content store until its receipt cannot be disputed: without it nobody could defend the receipt. */
export interface StoredAnswer {
  readonly channel: string;
  readonly nonce: number;
  readonly encoding: string;
  /** As it came, in its encoding. */
  readonly request: Uint8Array;
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
  /** Output tokens that earlier receipts of the same request paid for. */
  readonly paidTokens: number;
  readonly tokens: readonly number[];
  readonly complete: boolean;
  /** Seconds since 1970 after which nobody can ask about it; 0 while there is no receipt. */
  readonly expiry: number;
}

/** Created beside the other tables where they are missing: a database of an earlier worker keeps what it has. */
export const createChannelTables = `
CREATE TABLE IF NOT EXISTS channels (
  id             TEXT PRIMARY KEY,
  stage          TEXT NOT NULL,
  terms          TEXT NOT NULL,
  chain          TEXT NOT NULL,
  book           TEXT,
  not_before     INTEGER NOT NULL,
  changed_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS channels_by_stage ON channels (stage);
CREATE TABLE IF NOT EXISTS answers (
  channel      TEXT NOT NULL,
  nonce        INTEGER NOT NULL,
  encoding     TEXT NOT NULL,
  request      BLOB NOT NULL,
  input_price  TEXT NOT NULL,
  output_price TEXT NOT NULL,
  paid_tokens  INTEGER NOT NULL,
  tokens       BLOB NOT NULL,
  complete     INTEGER NOT NULL,
  expiry       INTEGER NOT NULL,
  PRIMARY KEY (channel, nonce)
) STRICT;
CREATE INDEX IF NOT EXISTS answers_by_expiry ON answers (expiry);
`;

/** The channels' tables. */
export class ChannelTables {
  private readonly database: DatabaseSync;
  private readonly clock: Clock;

  constructor(database: DatabaseSync, clock: Clock) {
    this.database = database;
    this.clock = clock;
  }

  channel(id: string): StoredChannel | null {
    const row = this.database.prepare("SELECT * FROM channels WHERE id = ?").get(id);
    return row === undefined ? null : channelFromRow(row);
  }

  channelsIn(stage: ChannelStage): StoredChannel[] {
    const rows = this.database.prepare("SELECT * FROM channels WHERE stage = ? ORDER BY id").all(stage);
    return rows.map((row) => channelFromRow(row));
  }

  channelCount(stage: ChannelStage): number {
    const row = this.database.prepare("SELECT count(*) AS n FROM channels WHERE stage = ?").get(stage);
    return (row as Row)["n"] as number;
  }

  addChannel({ id, stage, terms, chain }: Omit<StoredChannel, "book" | "notBefore">): boolean {
    const result = this.database
      .prepare(
        "INSERT OR IGNORE INTO channels (id, stage, terms, chain, not_before, changed_at) VALUES (?, ?, ?, ?, 0, ?)",
      )
      .run(id, stage, toJson(terms), toJson(chain), this.clock.now());
    return result.changes === 1;
  }

  changeChannel(id: string, change: Partial<Pick<StoredChannel, "stage" | "chain" | "notBefore">>): void {
    const before = this.channel(id);
    if (before === null) throw new RangeError(`no channel ${id} is stored`);
    const { stage, chain, notBefore } = { ...before, ...change };
    this.database
      .prepare("UPDATE channels SET stage = ?, chain = ?, not_before = ?, changed_at = ? WHERE id = ?")
      .run(stage, toJson(chain), notBefore, this.clock.now(), id);
  }

  saveBook(id: string, book: ChannelState, expected: ChannelState | null): boolean {
    const result = this.database
      .prepare("UPDATE channels SET book = ? WHERE id = ? AND book IS ?")
      .run(JSON.stringify(book), id, expected && JSON.stringify(expected));
    return result.changes === 1;
  }

  answer(channel: string, nonce: number): StoredAnswer | null {
    const row = this.database
      .prepare("SELECT * FROM answers WHERE channel = ? AND nonce = ?")
      .get(channel, nonce);
    return row === undefined ? null : answerFromRow(row);
  }

  *answersWithReceipt(channel: string): Generator<StoredAnswer, void, undefined> {
    const next = this.database.prepare(
      "SELECT * FROM answers WHERE channel = ? AND expiry > 0 AND nonce > ? ORDER BY nonce LIMIT 1",
    );
    // One by one, each by its own read: prompts are long, and the caller may wait in between.
    for (let last = -1; ;) {
      const row = next.get(channel, last);
      if (row === undefined) return;
      const answer = answerFromRow(row);
      yield answer;
      last = answer.nonce;
    }
  }

  putAnswer(answer: StoredAnswer): void {
    this.database
      .prepare(
        `INSERT OR REPLACE INTO answers (channel, nonce, encoding, request, input_price, output_price, paid_tokens, tokens, complete, expiry)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        answer.channel,
        answer.nonce,
        answer.encoding,
        answer.request,
        answer.inputPrice.toString(),
        answer.outputPrice.toString(),
        answer.paidTokens,
        encodeTokens(answer.tokens),
        answer.complete ? 1 : 0,
        answer.expiry,
      );
  }

  answersToMove(most: number): StoredAnswer[] {
    return this.database
      .prepare(
        `SELECT * FROM answers WHERE expiry > 0 AND (nonce + 1 <
         (SELECT max(nonce) FROM answers AS a WHERE a.channel = answers.channel)
         OR channel NOT IN (SELECT id FROM channels)) ORDER BY expiry LIMIT ?`,
      )
      .all(most)
      .map((row) => answerFromRow(row));
  }

  dropAnswer(channel: string, nonce: number): void {
    this.database.prepare("DELETE FROM answers WHERE channel = ? AND nonce = ?").run(channel, nonce);
  }

  dropUnanswered(channel: string, before: number): void {
    this.database
      .prepare("DELETE FROM answers WHERE channel = ? AND nonce < ? AND expiry = 0")
      .run(channel, before);
  }

  /** Drops channels that were over before the time (local milliseconds), and their answers without a receipt. */
  pruneChannels(endedBefore: number): void {
    this.database.prepare("DELETE FROM channels WHERE stage = 'ended' AND changed_at < ?").run(endedBefore);
    this.database
      .prepare("DELETE FROM answers WHERE expiry = 0 AND channel NOT IN (SELECT id FROM channels)")
      .run();
  }
}

function channelFromRow(row: Row): StoredChannel {
  const book = row["book"] as string | null;
  return {
    id: row["id"] as string,
    stage: row["stage"] as ChannelStage,
    terms: fromJson(row["terms"] as string) as ChannelTerms,
    chain: fromJson(row["chain"] as string) as ChannelOnChain,
    book: book === null ? null : (JSON.parse(book) as ChannelState),
    notBefore: row["not_before"] as number,
  };
}

function answerFromRow(row: Row): StoredAnswer {
  return {
    channel: row["channel"] as string,
    nonce: row["nonce"] as number,
    encoding: row["encoding"] as string,
    request: new Uint8Array(row["request"] as Uint8Array),
    inputPrice: BigInt(row["input_price"] as string),
    outputPrice: BigInt(row["output_price"] as string),
    paidTokens: row["paid_tokens"] as number,
    tokens: decodeTokens(row["tokens"] as Uint8Array),
    complete: row["complete"] === 1,
    expiry: row["expiry"] as number,
  };
}
