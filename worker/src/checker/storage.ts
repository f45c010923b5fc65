import type { QualityReport } from "@athanor/sdk/checkers";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../storage/open-database.ts";

/** Stored in the database's user_version; another number is another program's file, or a newer worker's. */
const SCHEMA = 1;

const createTables = `
CREATE TABLE facts (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE reports (
  epoch      INTEGER NOT NULL,
  provider   TEXT NOT NULL,
  latency    INTEGER NOT NULL,
  throughput INTEGER NOT NULL,
  uptime     INTEGER NOT NULL,
  evidence   TEXT NOT NULL,
  PRIMARY KEY (epoch, provider)
) STRICT;

-- What was committed to, or was about to be: the reports behind a hash, as JSON.
CREATE TABLE commitments (
  epoch   INTEGER NOT NULL,
  tip     TEXT NOT NULL,
  reports TEXT NOT NULL,
  PRIMARY KEY (epoch, tip)
) STRICT;

CREATE TABLE notes (
  name  TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL
) STRICT;
PRAGMA user_version = ${SCHEMA};
`;

/** What a checker's database belongs to. */
export interface CheckerIdentity {
  readonly chainId: number;
  /** Hash of block 0: a local chain that was started anew is another chain. */
  readonly genesis: string;
  /** The contract `Checkers`. */
  readonly contract: string;
  /** The owner account. */
  readonly checker: string;
}

/**
 * What a checker knows and the chain does not: measurements before they are revealed. Secrets are derived (secrets.ts), moves are read off the
 * chain. Every method is one atomic write or one read.
 */
export interface CheckerStorage {
  /** For the tables of those who store more; theirs are created with `IF NOT EXISTS`. */
  readonly database: DatabaseSync;
  identity(): CheckerIdentity | null;
  setIdentity(identity: CheckerIdentity): void;
  /** Milliseconds since 1970 at which a daemon was last alive on this database, or null. */
  lastAlive(): number | null;
  setLastAlive(milliseconds: number): void;
  /** In the order of their providers' addresses as numbers, as the chain wants them. */
  reportsOf(epoch: number): QualityReport[];
  /** Replaces an earlier one on the same provider. */
  putReport(epoch: number, report: QualityReport): void;
  /** The reports of each commitment that was stored for an epoch. */
  commitmentsOf(epoch: number): QualityReport[][];
  /** Before it is sent. */
  putCommitment(epoch: number, tip: string, reports: readonly QualityReport[]): void;
  /** Whether this is the first time that something is noted: for what is said once, restarts included. */
  note(name: string, epoch: number): boolean;
  /** Forgets everything about epochs before this one. */
  prune(epoch: number): void;
  close(): void;
}

/**
 * Opens the database, and creates it if it is not there (":memory:" is one that nobody else sees).
 *
 * @throws WorkerError STORAGE_CORRUPT
 */
export function openCheckerStorage(file: string): CheckerStorage {
  const database = openDatabase(file, {
    ...{ schema: SCHEMA, createTables },
    remedy:
      "Move it away and start again: secrets are derived from the operator's key and revealed all the same. Reports that are not revealed yet are lost.",
  });
  return storageOn(database);
}

function storageOn(database: DatabaseSync): CheckerStorage {
  const fact = (name: string): unknown => {
    const row = database.prepare("SELECT value FROM facts WHERE name = ?").get(name);
    return row === undefined ? null : JSON.parse(row["value"] as string);
  };
  const setFact = (name: string, value: unknown) =>
    void database
      .prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)")
      .run(name, JSON.stringify(value));
  return {
    database,
    identity: () => fact("identity") as CheckerIdentity | null,
    setIdentity: (identity) => setFact("identity", identity),
    lastAlive: () => fact("lastAlive") as number | null,
    setLastAlive: (milliseconds) => setFact("lastAlive", milliseconds),
    reportsOf: (epoch) =>
      database
        .prepare(
          "SELECT provider, latency, throughput, uptime, evidence FROM reports WHERE epoch = ? ORDER BY lower(provider)",
        )
        .all(epoch)
        .map((row) => ({ ...row }) as unknown as QualityReport),
    putReport: (epoch, { provider, latency, throughput, uptime, evidence }) =>
      void database
        .prepare("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?, ?)")
        .run(epoch, provider, latency, throughput, uptime, evidence),
    commitmentsOf: (epoch) =>
      database
        .prepare("SELECT reports FROM commitments WHERE epoch = ? ORDER BY rowid DESC")
        .all(epoch)
        .map((row) => JSON.parse(row["reports"] as string) as QualityReport[]),
    putCommitment: (epoch, tip, reports) =>
      void database
        .prepare("INSERT OR REPLACE INTO commitments VALUES (?, ?, ?)")
        .run(epoch, tip, JSON.stringify(reports)),
    note: (name, epoch) =>
      database.prepare("INSERT OR IGNORE INTO notes VALUES (?, ?)").run(name, epoch).changes === 1,
    prune(epoch) {
      database.exec("BEGIN IMMEDIATE");
      for (const table of ["reports", "commitments", "notes"]) {
        database.prepare(`DELETE FROM ${table} WHERE epoch < ?`).run(epoch);
      }
      database.exec("COMMIT");
    },
    close: () => database.close(),
  };
}
