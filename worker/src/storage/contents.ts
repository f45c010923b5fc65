import type { DatabaseSync } from "node:sqlite";
import { endedStates } from "../jobs/states.ts";
import type { Row } from "./rows.ts";

/** Which content is kept for whom. */
export interface StoredContent {
  /** A job's id, or a name that nobody else uses. */
  readonly owner: string;
  readonly key: string;
  /** Whether the store has it; until then it may have a part, or all, or nothing. */
  readonly isKept: boolean;
  /** Milliseconds since 1970, local clock, at which it may be removed; null for as long as the job of that id. */
  readonly until: number | null;
}

/** Created where it is missing: a database of an earlier worker keeps what it has. */
export const createContentTable = `
CREATE TABLE IF NOT EXISTS contents (
  owner      TEXT PRIMARY KEY,
  key        TEXT NOT NULL,
  is_kept    INTEGER NOT NULL,
  keep_until INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS contents_by_key ON contents (key);
`;

const ENDED = endedStates.map((state) => `'${state}'`).join(", ");

/** The table of contents. */
export class ContentTable {
  private readonly database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  get(owner: string): StoredContent | null {
    const row = this.database.prepare("SELECT * FROM contents WHERE owner = ?").get(owner);
    return row === undefined ? null : fromRow(row);
  }

  /** Owners whose name begins so. */
  ownersOf(beginning: string): string[] {
    return this.database
      .prepare("SELECT owner FROM contents WHERE substr(owner, 1, ?) = ? ORDER BY owner")
      .all(beginning.length, beginning)
      .map((row) => row["owner"] as string);
  }

  set({ owner, key, isKept, until }: StoredContent): void {
    this.database
      .prepare("INSERT OR REPLACE INTO contents (owner, key, is_kept, keep_until) VALUES (?, ?, ?, ?)")
      .run(owner, key, isKept ? 1 : 0, until);
  }

  drop(owner: string): void {
    this.database.prepare("DELETE FROM contents WHERE owner = ?").run(owner);
  }

  isShared(key: string, owner: string): boolean {
    const found = this.database
      .prepare("SELECT 1 FROM contents WHERE key = ? AND owner <> ? LIMIT 1")
      .get(key, owner);
    return found !== undefined;
  }

  due(now: number, endedBefore: number): StoredContent[] {
    return this.database
      .prepare(
        `SELECT * FROM contents WHERE keep_until <= ? OR (keep_until IS NULL AND owner NOT IN
         (SELECT id FROM jobs WHERE state NOT IN (${ENDED}) OR changed_at >= ?))`,
      )
      .all(now, endedBefore)
      .map(fromRow);
  }

  /** Removes prompts and answers of jobs that ended before the time; their other columns stay. */
  clearEnded(endedBefore: number): void {
    this.database
      .prepare(
        `UPDATE jobs SET prompt = x'', tokens = x''
         WHERE state IN (${ENDED}) AND changed_at < ? AND length(prompt) > 0`,
      )
      .run(endedBefore);
  }
}

function fromRow(row: Row): StoredContent {
  return {
    owner: row["owner"] as string,
    key: row["key"] as string,
    isKept: row["is_kept"] === 1,
    until: row["keep_until"] as number | null,
  };
}
