import { DatabaseSync } from "node:sqlite";
import { WorkerError } from "../errors.ts";

/** What a database holds, and what its loss means. */
export interface DatabaseKind {
  /** Number of its schema: another one is refused. */
  readonly schema: number;
  /** SQL that makes the tables of that schema. */
  readonly createTables: string;
  /** SQL that makes tables which were added without a new schema, where they are missing. */
  readonly addTables?: readonly string[];
  /** What to do when it cannot be used, and what is lost then. */
  readonly remedy: string;
}

/**
 * Opens the database, and creates it if it is not there (":memory:" is one that nobody else sees).
 *
 * @throws WorkerError STORAGE_CORRUPT
 */
export function openDatabase(
  file: string,
  { schema, createTables, addTables = [], remedy }: DatabaseKind,
): DatabaseSync {
  try {
    const database = new DatabaseSync(file);
    // FULL: what was stored before a transaction is sent is on disk before it is sent, power failures included.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
    const { user_version: version } = database.prepare("PRAGMA user_version").get() as {
      user_version: number;
    };
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${createTables} COMMIT;`);
    else if (version !== schema) throw new Error(`its schema is ${version}, this worker's is ${schema}`);
    for (const tables of addTables) database.exec(tables);
    return database;
  } catch (cause) {
    const message = `The database ${file} cannot be used: ${(cause as Error).message}.`;
    throw new WorkerError("STORAGE_CORRUPT", message, { remedy, details: { file }, cause });
  }
}
