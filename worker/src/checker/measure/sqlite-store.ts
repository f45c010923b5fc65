import type { ChannelState, SessionRecord, SessionStore } from "@athanor/sdk/channels";
import type { RequestStore } from "@athanor/sdk/private";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { fromText, toText } from "./json.ts";
import type {
  BoughtAnswer,
  MeasureStore,
  OpenJob,
  Plan,
  RequestChange,
  StoredChannel,
  StoredRequest,
} from "./store.ts";

const createTables = `
CREATE TABLE IF NOT EXISTS measure_plans (
  epoch    INTEGER NOT NULL,
  provider TEXT NOT NULL,
  account  TEXT NOT NULL,
  plan     TEXT NOT NULL,
  settled  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (epoch, provider)
) STRICT;

CREATE TABLE IF NOT EXISTS measure_requests (
  epoch     INTEGER NOT NULL,
  provider  TEXT NOT NULL,
  number    INTEGER NOT NULL,
  token     TEXT NOT NULL,
  -- Token units in decimal digits: they exceed what SQLite's integers hold.
  most      TEXT NOT NULL,
  cost      TEXT,
  job_id    TEXT,
  job_ended INTEGER NOT NULL DEFAULT 0,
  request   TEXT NOT NULL,
  PRIMARY KEY (epoch, provider, number)
) STRICT;

CREATE TABLE IF NOT EXISTS measure_bought (
  key      INTEGER PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  provider TEXT NOT NULL,
  number   INTEGER NOT NULL,
  answer   TEXT NOT NULL,
  UNIQUE (epoch, provider, number)
) STRICT;

CREATE TABLE IF NOT EXISTS measure_channels (
  id       TEXT PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  provider TEXT NOT NULL,
  token    TEXT NOT NULL,
  bounty   TEXT NOT NULL,
  state    TEXT NOT NULL DEFAULT 'sent',
  session  TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS measure_books (
  id   TEXT PRIMARY KEY,
  book TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS measure_private (
  input_root TEXT PRIMARY KEY,
  request    BLOB NOT NULL
) STRICT;
`;

/** Private requests that are kept: a receipt can be challenged for three days at most. */
const PRIVATE_REQUESTS = 10_000;

type Row = Record<string, SQLOutputValue>;

/** Keeps the buyer's records in tables of a checker's database, which it makes if they are not there. */
export class SqliteMeasureStore implements MeasureStore {
  readonly #database: DatabaseSync;
  readonly privateRequests: RequestStore;

  /** @param database with `synchronous = FULL`: what is recorded before money leaves has to survive a power failure */
  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(createTables);
    this.privateRequests = {
      put: (inputRoot, request) => {
        this.#run("INSERT OR REPLACE INTO measure_private VALUES (?, ?)", inputRoot.toLowerCase(), request);
        return Promise.resolve();
      },
      get: (inputRoot) => {
        const row = this.#get(
          "SELECT request FROM measure_private WHERE input_root = ?",
          inputRoot.toLowerCase(),
        );
        return Promise.resolve(row && Uint8Array.from(row["request"] as Uint8Array));
      },
    };
  }

  plan(epoch: number, provider: string): Plan | undefined {
    const row = this.#get("SELECT plan FROM measure_plans WHERE epoch = ? AND provider = ?", epoch, provider);
    return row && planOf(row);
  }

  putPlan(plan: Plan): void {
    const { epoch, provider, account } = plan;
    this.#run(
      `INSERT INTO measure_plans (epoch, provider, account, plan) VALUES (?, ?, ?, ?)
       ON CONFLICT (epoch, provider) DO UPDATE SET account = excluded.account, plan = excluded.plan`,
      ...[epoch, provider, account, toText(plan)],
    );
  }

  unsettledPlans(before: number): Plan[] {
    return this.#all(
      "SELECT plan FROM measure_plans WHERE settled = 0 AND epoch < ? ORDER BY epoch, provider",
      before,
    ).map(planOf);
  }

  setSettled({ epoch, provider }: Plan): void {
    this.#run("UPDATE measure_plans SET settled = 1 WHERE epoch = ? AND provider = ?", epoch, provider);
  }

  accountsOf(provider: string): string[] {
    const rows = this.#all("SELECT DISTINCT account FROM measure_plans WHERE provider = ?", provider);
    return rows.map((row) => row["account"] as string);
  }

  requests(epoch: number, provider: string): StoredRequest[] {
    return this.#all(
      "SELECT request FROM measure_requests WHERE epoch = ? AND provider = ? ORDER BY number",
      ...[epoch, provider],
    ).map(requestOf);
  }

  addRequest(epoch: number, provider: string, request: StoredRequest): void {
    this.#run(
      "INSERT INTO measure_requests (epoch, provider, number, token, most, cost, job_id, request) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      ...[epoch, provider, request.number, ...columnsOf(request)],
    );
  }

  changeRequest(epoch: number, provider: string, number: number, change: RequestChange): void {
    const row = this.#get(
      "SELECT request FROM measure_requests WHERE epoch = ? AND provider = ? AND number = ?",
      ...[epoch, provider, number],
    );
    if (row === undefined) {
      throw new RangeError(`no request ${number} to ${provider} in epoch ${epoch} is stored`);
    }
    this.#run(
      `UPDATE measure_requests SET token = ?, most = ?, cost = ?, job_id = ?, request = ?
       WHERE epoch = ? AND provider = ? AND number = ?`,
      ...[...columnsOf({ ...requestOf(row), ...change }), epoch, provider, number],
    );
  }

  openJobs({ epoch, provider, account }: Plan): OpenJob[] {
    return this.#all(
      `SELECT number, job_id, token FROM measure_requests
       WHERE epoch = ? AND provider = ? AND job_id IS NOT NULL AND job_ended = 0 ORDER BY number`,
      ...[epoch, provider],
    ).map((row) => ({
      ...{ epoch, provider, account, number: row["number"] as number },
      ...{ jobId: row["job_id"] as string, token: row["token"] as string },
    }));
  }

  setJobEnded({ epoch, provider, number }: OpenJob): void {
    this.#run(
      "UPDATE measure_requests SET job_ended = 1 WHERE epoch = ? AND provider = ? AND number = ?",
      ...[epoch, provider, number],
    );
  }

  spent(epoch: number, token: string, provider?: string): bigint {
    const requests = this.#all(
      "SELECT provider, coalesce(cost, most) AS amount FROM measure_requests WHERE epoch = ? AND token = ?",
      ...[epoch, token],
    );
    const bounties = this.#all(
      "SELECT provider, bounty AS amount FROM measure_channels WHERE epoch = ? AND token = ? AND state <> 'never'",
      ...[epoch, token],
    );
    // Summed here: SQLite's own sum would be a float.
    return [...requests, ...bounties]
      .filter((row) => provider === undefined || row["provider"] === provider)
      .reduce((sum, row) => sum + BigInt(row["amount"] as string), 0n);
  }

  putBought(epoch: number, provider: string, number: number, answer: BoughtAnswer): void {
    this.#run(
      "INSERT OR IGNORE INTO measure_bought (epoch, provider, number, answer) VALUES (?, ?, ?, ?)",
      ...[epoch, provider, number, toText(answer)],
    );
  }

  unverified(): { key: number; answer: BoughtAnswer }[] {
    return this.#all("SELECT key, answer FROM measure_bought ORDER BY key").map((row) => ({
      key: row["key"] as number,
      answer: fromText(row["answer"] as string) as BoughtAnswer,
    }));
  }

  setVerified(key: number): void {
    this.#run("DELETE FROM measure_bought WHERE key = ?", key);
  }

  sessions({ epoch, provider }: Plan): SessionStore {
    const textOf = (sql: string, id: string) => this.#get(sql, id)?.["text"] as string | undefined;
    const loadText = (id: string) => textOf("SELECT book AS text FROM measure_books WHERE id = ?", id);
    return {
      load: (id) => {
        const text = loadText(id);
        return Promise.resolve(text === undefined ? undefined : (JSON.parse(text) as ChannelState));
      },
      save: (id, state, expected) => {
        const stored = loadText(id);
        const known = expected === undefined ? undefined : JSON.stringify(expected);
        const isBehind = expected !== undefined && expected.nonce > state.nonce;
        if (stored !== known || isBehind) return Promise.resolve(false);
        this.#run("INSERT OR REPLACE INTO measure_books VALUES (?, ?)", id, JSON.stringify(state));
        return Promise.resolve(true);
      },
      readSession: (id) => {
        const text = textOf("SELECT session AS text FROM measure_channels WHERE id = ?", id);
        return Promise.resolve(text === undefined ? undefined : (JSON.parse(text) as SessionRecord));
      },
      writeSession: (id, record) => {
        const { token, exitBounty } = record.terms;
        this.#run(
          `INSERT INTO measure_channels (id, epoch, provider, token, bounty, session) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET session = excluded.session`,
          ...[id, epoch, provider, token!, exitBounty!, JSON.stringify(record)],
        );
        return Promise.resolve();
      },
      sessions: () => Promise.resolve(this.#channelRows(epoch, provider).map(({ id }) => id)),
    };
  }

  channels({ epoch, provider }: Plan): StoredChannel[] {
    return this.#channelRows(epoch, provider);
  }

  setChannelState(id: string, state: StoredChannel["state"]): void {
    this.#run("UPDATE measure_channels SET state = ? WHERE id = ?", state, id);
  }

  prune(epoch: number): void {
    const settled =
      "SELECT 1 FROM measure_plans AS p WHERE p.epoch = t.epoch AND p.provider = t.provider AND p.settled = 1";
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      this.#run(
        `DELETE FROM measure_books WHERE id IN (SELECT id FROM measure_channels AS t WHERE epoch < ? AND EXISTS (${settled}))`,
        epoch,
      );
      for (const table of ["measure_requests", "measure_bought", "measure_channels"]) {
        this.#run(`DELETE FROM ${table} AS t WHERE epoch < ? AND EXISTS (${settled})`, epoch);
      }
      // Plans stay: they say which accounts a provider knows. Private requests have no epoch: the newest stay.
      this.#run(
        "DELETE FROM measure_private WHERE rowid <= (SELECT max(rowid) FROM measure_private) - ?",
        PRIVATE_REQUESTS,
      );
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #channelRows(epoch: number, provider: string): StoredChannel[] {
    return this.#all(
      "SELECT id, state FROM measure_channels WHERE epoch = ? AND provider = ? ORDER BY rowid",
      ...[epoch, provider],
    ).map((row) => ({ id: row["id"] as string, state: row["state"] as StoredChannel["state"] }));
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #get(sql: string, ...values: (string | number)[]): Row | undefined {
    return this.#database.prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }
}

const planOf = (row: Row): Plan => fromText(row["plan"] as string) as Plan;
const requestOf = (row: Row): StoredRequest => fromText(row["request"] as string) as StoredRequest;

/** Those of which sums and searches are made; the rest is read as a whole. */
function columnsOf(request: StoredRequest) {
  const { token, limit, cost, jobId } = request;
  return [token, limit.toString(), cost === null ? null : cost.toString(), jobId, toText(request)] as const;
}
