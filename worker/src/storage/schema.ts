/** Stored in the database's user_version; another number is another program's file, or a newer worker's. */
export const SCHEMA = 3;

/** Amounts and gas are decimal text: SQLite's integers end at 2^63. */
export const createTables = `
CREATE TABLE facts (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE jobs (
  id            TEXT PRIMARY KEY,
  state         TEXT NOT NULL,
  terms         TEXT NOT NULL,
  deadline      INTEGER NOT NULL,
  token         TEXT NOT NULL,
  prompt        BLOB NOT NULL,
  generation    TEXT NOT NULL,
  hidden        TEXT,
  created_block INTEGER NOT NULL,
  tokens        BLOB NOT NULL,
  complete      INTEGER NOT NULL,
  submitted_at  INTEGER,
  earned        TEXT,
  reason        TEXT,
  failures      INTEGER NOT NULL,
  not_before    INTEGER NOT NULL,
  changed_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, deadline);

-- Earnings of jobs that were pruned.
CREATE TABLE pruned (
  state  TEXT NOT NULL,
  token  TEXT NOT NULL,
  jobs   INTEGER NOT NULL,
  earned TEXT NOT NULL,
  PRIMARY KEY (state, token)
) STRICT;

CREATE TABLE transactions (
  id        INTEGER PRIMARY KEY,
  nonce     INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  job_ids   TEXT NOT NULL,
  recipient TEXT NOT NULL,
  data      TEXT NOT NULL,
  gas_limit TEXT NOT NULL,
  attempts  TEXT NOT NULL,
  status    TEXT NOT NULL,
  sent_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX transactions_by_status ON transactions (status, nonce);
PRAGMA user_version = ${SCHEMA};
`;
