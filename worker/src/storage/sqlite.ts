import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import type { ChannelState } from "@athanor/sdk/channels";
import { endedStates, requireTransition, type JobStateName } from "../jobs/states.ts";
import {
  ChannelTables,
  createChannelTables,
  type ChannelStage,
  type StoredAnswer,
  type StoredChannel,
} from "./channels.ts";
import { ContentTable, createContentTable, type StoredContent } from "./contents.ts";
import { createExamTable, ExamTable, type StoredExam } from "./exams.ts";
import { openDatabase } from "./open-database.ts";
import { jobFromRow, jobToRow, transactionFromRow, type Row } from "./rows.ts";
import { createTables, SCHEMA } from "./schema.ts";
import type {
  Attempt,
  Cursor,
  Identity,
  JobChange,
  JobTotals,
  Storage,
  StoredJob,
  StoredTransaction,
  TransactionKind,
  TransactionOutcome,
} from "./storage.ts";

// Longer than 400 lines: one method for each of the interface, most of a few lines.

/**
 * Opens the database, and creates it if it is not there (":memory:" is one that nobody else sees).
 *
 * @throws WorkerError STORAGE_CORRUPT
 */
export function openSqlite(file: string, clock: Clock): Storage {
  const database = openDatabase(file, {
    ...{ schema: SCHEMA, createTables },
    addTables: [createChannelTables, createContentTable, createExamTable],
    remedy:
      "Move it away and start again: the worker finds its open jobs on chain. Only records of earlier earnings are lost.",
  });
  return new SqliteStorage(database, clock);
}

class SqliteStorage implements Storage {
  private readonly database: DatabaseSync;
  private readonly clock: Clock;
  private readonly channels: ChannelTables;
  private readonly contents: ContentTable;
  private readonly exams: ExamTable;
  private depth = 0;

  constructor(database: DatabaseSync, clock: Clock) {
    this.database = database;
    this.clock = clock;
    this.channels = new ChannelTables(database, clock);
    this.contents = new ContentTable(database);
    this.exams = new ExamTable(database);
  }

  atomically<T>(writes: () => T): T {
    // Nested calls belong to the outermost transaction.
    if (this.depth > 0) return writes();
    this.database.exec("BEGIN IMMEDIATE");
    this.depth++;
    try {
      const result = writes();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      this.database.exec("ROLLBACK");
      throw error;
    } finally {
      this.depth--;
    }
  }

  identity(): Identity | null {
    return this.fact("identity") as Identity | null;
  }

  setIdentity(identity: Identity): void {
    this.setFact("identity", identity);
  }

  cursor(): Cursor | null {
    return this.fact("cursor") as Cursor | null;
  }

  setCursor(cursor: Cursor): void {
    this.setFact("cursor", cursor);
  }

  lastAlive(): number | null {
    return this.fact("lastAlive") as number | null;
  }

  setLastAlive(milliseconds: number): void {
    this.setFact("lastAlive", milliseconds);
  }

  job(id: string): StoredJob | null {
    const row = this.database.prepare("SELECT * FROM jobs WHERE id = ?").get(id);
    return row === undefined ? null : jobFromRow(row);
  }

  jobsIn(states: readonly JobStateName[]): StoredJob[] {
    return this.database
      .prepare(`SELECT * FROM jobs WHERE state IN (${placeholders(states)}) ORDER BY deadline, id`)
      .all(...states)
      .map((row) => jobFromRow(row));
  }

  jobCount(states: readonly JobStateName[]): number {
    const row = this.database
      .prepare(`SELECT count(*) AS n FROM jobs WHERE state IN (${placeholders(states)})`)
      .get(...states);
    return (row as Row)["n"] as number;
  }

  jobsToRecheck(changedSince: number): StoredJob[] {
    return this.database
      .prepare(`SELECT * FROM jobs WHERE state NOT IN (${placeholders(endedStates)}) OR changed_at >= ?`)
      .all(...endedStates, changedSince)
      .map((row) => jobFromRow(row));
  }

  addJob(job: StoredJob): boolean {
    const row = { ...jobToRow(job), changed_at: this.clock.now() };
    const columns = Object.keys(row);
    const result = this.database
      .prepare(`INSERT OR IGNORE INTO jobs (${columns.join(", ")}) VALUES (${placeholders(columns)})`)
      .run(...Object.values(row));
    return result.changes === 1;
  }

  changeJob(id: string, change: JobChange): StoredJob {
    return this.atomically(() => {
      const before = this.job(id);
      if (before === null) throw new RangeError(`no job ${id} is stored`);
      const after = { ...before, ...change };
      requireTransition(before.state, after.state);
      const row = jobToRow(after);
      this.database
        .prepare(
          `UPDATE jobs SET state = ?, prompt = ?, tokens = ?, complete = ?, submitted_at = ?, earned = ?, reason = ?, failures = ?,
           not_before = ?, changed_at = ? WHERE id = ?`,
        )
        .run(
          row.state,
          row.prompt,
          row.tokens,
          row.complete,
          row.submitted_at,
          row.earned,
          row.reason,
          row.failures,
          row.not_before,
          this.clock.now(),
          id,
        );
      return after;
    });
  }

  jobsToMove(most: number): StoredJob[] {
    return this.database
      .prepare(
        `SELECT * FROM jobs WHERE state IN ('submitted', 'collecting') AND complete = 1 AND length(prompt) > 0
         ORDER BY deadline, id LIMIT ?`,
      )
      .all(most)
      .map((row) => jobFromRow(row));
  }

  totals(): JobTotals[] {
    // Summed here: SQLite's own sum would be a float.
    const totals = new Map<string, { state: JobStateName; token: string; jobs: number; earned: bigint }>();
    const rows = this.database
      .prepare(
        "SELECT state, token, 1 AS jobs, earned FROM jobs UNION ALL SELECT state, token, jobs, earned FROM pruned",
      )
      .all() as { state: JobStateName; token: string; jobs: number; earned: string | null }[];
    for (const { state, token, jobs, earned } of rows) {
      const total = totals.get(`${state} ${token}`) ?? { state, token, jobs: 0, earned: 0n };
      total.jobs += jobs;
      total.earned += BigInt(earned ?? 0);
      totals.set(`${state} ${token}`, total);
    }
    return [...totals.values()];
  }

  prune(endedBefore: number): number {
    return this.atomically(() => {
      const ended = this.database
        .prepare(`SELECT * FROM jobs WHERE state IN (${placeholders(endedStates)}) AND changed_at < ?`)
        .all(...endedStates, endedBefore)
        .map((row) => jobFromRow(row));
      for (const { id, state, terms, earned } of ended) {
        const sum = this.database
          .prepare("SELECT jobs, earned FROM pruned WHERE state = ? AND token = ?")
          .get(state, terms.token) as { jobs: number; earned: string } | undefined;
        this.database
          .prepare("INSERT OR REPLACE INTO pruned (state, token, jobs, earned) VALUES (?, ?, ?, ?)")
          .run(
            state,
            terms.token,
            (sum?.jobs ?? 0) + 1,
            (BigInt(sum?.earned ?? 0) + (earned ?? 0n)).toString(),
          );
        this.database.prepare("DELETE FROM jobs WHERE id = ?").run(id);
      }
      this.database
        .prepare("DELETE FROM transactions WHERE status <> 'pending' AND sent_at < ?")
        .run(endedBefore);
      return ended.length;
    });
  }

  content(owner: string): StoredContent | null {
    return this.contents.get(owner);
  }

  contentOwners(beginning: string): string[] {
    return this.contents.ownersOf(beginning);
  }

  setContent(content: StoredContent): void {
    this.contents.set(content);
  }

  dropContent(owner: string): void {
    this.contents.drop(owner);
  }

  isContentShared(key: string, owner: string): boolean {
    return this.contents.isShared(key, owner);
  }

  dueContents(now: number, endedBefore: number): StoredContent[] {
    return this.contents.due(now, endedBefore);
  }

  clearEnded(endedBefore: number): void {
    this.contents.clearEnded(endedBefore);
  }

  pendingTransactions(): StoredTransaction[] {
    return this.database
      .prepare("SELECT * FROM transactions WHERE status = 'pending' ORDER BY nonce")
      .all()
      .map((row) => transactionFromRow(row));
  }

  addTransaction(transaction: Omit<StoredTransaction, "id" | "status">): StoredTransaction {
    const { nonce, kind, jobIds, to, data, gasLimit, attempts } = transaction;
    const result = this.database
      .prepare(
        `INSERT INTO transactions (nonce, kind, job_ids, recipient, data, gas_limit, attempts, status, sent_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?)`,
      )
      .run(
        nonce,
        kind,
        JSON.stringify(jobIds),
        to,
        data,
        gasLimit.toString(),
        JSON.stringify(attempts),
        attempts[0]?.sentAt ?? this.clock.now(),
      );
    return { ...transaction, id: Number(result.lastInsertRowid), status: "pending" };
  }

  addAttempt(id: number, attempt: Attempt): StoredTransaction {
    return this.atomically(() => {
      const row = this.database.prepare("SELECT * FROM transactions WHERE id = ?").get(id);
      const transaction = transactionFromRow(row as Row);
      const attempts = [...transaction.attempts, attempt];
      this.database
        .prepare("UPDATE transactions SET attempts = ? WHERE id = ?")
        .run(JSON.stringify(attempts), id);
      return { ...transaction, attempts };
    });
  }

  endTransaction(id: number, { status, gasUsed, feePaid }: TransactionOutcome): void {
    this.atomically(() => {
      // The bytes that were sent are of no use any more, and by far the largest part.
      this.database
        .prepare("UPDATE transactions SET status = ?, data = '', attempts = '[]' WHERE id = ?")
        .run(status, id);
      const totals = this.gasTotals();
      this.setFact("gas", {
        transactions: totals.transactions + (status === "lost" ? 0 : 1),
        gasUsed: (totals.gasUsed + gasUsed).toString(),
        feePaid: (totals.feePaid + feePaid).toString(),
      });
    });
  }

  transactionsSince(kind: TransactionKind, milliseconds: number): number {
    const row = this.database
      .prepare("SELECT count(*) AS n FROM transactions WHERE kind = ? AND sent_at >= ?")
      .get(kind, milliseconds);
    return (row as Row)["n"] as number;
  }

  gasTotals() {
    const stored = this.fact("gas") as { transactions: number; gasUsed: string; feePaid: string } | null;
    return {
      transactions: stored?.transactions ?? 0,
      gasUsed: BigInt(stored?.gasUsed ?? 0),
      feePaid: BigInt(stored?.feePaid ?? 0),
    };
  }

  channel(id: string): StoredChannel | null {
    return this.channels.channel(id);
  }

  channelsIn(stage: ChannelStage): StoredChannel[] {
    return this.channels.channelsIn(stage);
  }

  channelCount(stage: ChannelStage): number {
    return this.channels.channelCount(stage);
  }

  addChannel(channel: Omit<StoredChannel, "book" | "notBefore">): boolean {
    return this.channels.addChannel(channel);
  }

  changeChannel(id: string, change: Parameters<Storage["changeChannel"]>[1]): void {
    this.atomically(() => this.channels.changeChannel(id, change));
  }

  saveBook(id: string, book: ChannelState, expected: ChannelState | null): boolean {
    return this.channels.saveBook(id, book, expected);
  }

  answer(channel: string, nonce: number): StoredAnswer | null {
    return this.channels.answer(channel, nonce);
  }

  answersWithReceipt(channel: string): Iterable<StoredAnswer> {
    return this.channels.answersWithReceipt(channel);
  }

  putAnswer(answer: StoredAnswer): void {
    this.channels.putAnswer(answer);
  }

  channelsSince(): number | null {
    return this.fact("channelsSince") as number | null;
  }

  setChannelsSince(block: number): void {
    this.setFact("channelsSince", block);
  }

  answersToMove(most: number): StoredAnswer[] {
    return this.channels.answersToMove(most);
  }

  dropUnanswered(channel: string, before: number): void {
    this.channels.dropUnanswered(channel, before);
  }

  dropAnswer(channel: string, nonce: number): void {
    this.channels.dropAnswer(channel, nonce);
  }

  pruneChannels(endedBefore: number): void {
    this.atomically(() => this.channels.pruneChannels(endedBefore));
  }

  exam(epoch: number, checker: string): StoredExam {
    return this.exams.get(epoch, checker);
  }

  putExam(epoch: number, checker: string, exam: StoredExam): void {
    this.atomically(() => this.exams.put(epoch, checker, exam));
  }

  close(): void {
    this.database.close();
  }

  private fact(name: string): unknown {
    const row = this.database.prepare("SELECT value FROM facts WHERE name = ?").get(name);
    return row === undefined ? null : JSON.parse((row as Row)["value"] as string);
  }

  private setFact(name: string, value: unknown): void {
    this.database
      .prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)")
      .run(name, JSON.stringify(value));
  }
}

function placeholders(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}
