import type { DatabaseSync } from "node:sqlite";

/**
 * Where an audit stands: the result was seen; it was recomputed, and is right or wrong; nothing is left to do. Whether it is this checker's to audit, and what
 * it said of it, is the chain's to know.
 */
export type AuditStage = "seen" | "right" | "wrong" | "over";

/** A public result of a model that this checker has. Times in seconds since 1970. */
export interface SeenResult {
  readonly jobId: string;
  /** Block of the request. */
  readonly createdBlock: number;
  readonly modelRoot: string;
  /** Prompt and output together. */
  readonly positions: number;
  /** What was answered: another root is another result. */
  readonly outputRoot: string;
  readonly submittedAt: number;
  /** From here on it cannot be challenged. */
  readonly windowEnd: number;
}

export interface StoredAudit extends SeenResult {
  readonly stage: AuditStage;
  /** Of the trace that was computed here; null before. */
  readonly positionsRoot: string | null;
}

/** A result that a step of the dispute game proved wrong, and the block that says so. */
export interface ProvenWrong {
  readonly jobId: string;
  readonly block: number;
}

/**
 * What audits know and the chain does not, or only after long reading: which results were seen, and what was computed. Every method is one atomic
 * write or one read.
 */
export interface AuditStorage {
  /** The first block whose events are not stored; null before the first. */
  nextBlock(): number | null;
  setNextBlock(block: number): void;
  audit(jobId: string): StoredAudit | null;
  /** Those that are not over, the window that ends first before the others. */
  audits(): StoredAudit[];
  /** Stores a result, unless it is known. One that a reorganisation changed begins anew; one that it moved keeps what was computed. */
  addResult(result: SeenResult): void;
  /** Changes nothing if the result was replaced meanwhile. */
  setVerdict(
    result: Pick<SeenResult, "jobId" | "outputRoot">,
    verdict: { readonly stage: "right" | "wrong"; readonly positionsRoot: string },
  ): void;
  end(jobId: string): void;
  /** Removes what is no longer on chain. */
  forget(jobId: string): void;
  /** Forgets results that nobody can challenge or attest to any more, and of which nothing is left to do. */
  prune(now: number): void;
  provenWrong(): ProvenWrong[];
  addProvenWrong(proven: ProvenWrong): void;
  dropProvenWrong(jobId: string): void;
}

const createTables = `
CREATE TABLE IF NOT EXISTS audits (
  jobId         TEXT PRIMARY KEY,
  createdBlock  INTEGER NOT NULL,
  modelRoot     TEXT NOT NULL,
  positions     INTEGER NOT NULL,
  outputRoot    TEXT NOT NULL,
  submittedAt   INTEGER NOT NULL,
  windowEnd     INTEGER NOT NULL,
  stage         TEXT NOT NULL,
  positionsRoot TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS audits_by_window ON audits (windowEnd);
CREATE TABLE IF NOT EXISTS provenWrong (
  jobId TEXT PRIMARY KEY,
  block INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS auditEvents (
  only      INTEGER PRIMARY KEY CHECK (only = 0),
  nextBlock INTEGER NOT NULL
) STRICT;
`;

/** Keeps audits in tables of their own, created where they are missing. */
export function openAuditStorage(database: DatabaseSync): AuditStorage {
  database.exec(createTables);
  return {
    nextBlock() {
      const row = database.prepare("SELECT nextBlock FROM auditEvents").get();
      return row === undefined ? null : Number(row["nextBlock"]);
    },
    setNextBlock: (block) =>
      void database.prepare("INSERT OR REPLACE INTO auditEvents VALUES (0, ?)").run(block),
    audit(jobId) {
      const row = database.prepare("SELECT * FROM audits WHERE jobId = ?").get(jobId);
      return row === undefined ? null : ({ ...row } as unknown as StoredAudit);
    },
    audits: () =>
      database
        .prepare("SELECT * FROM audits WHERE stage <> 'over' ORDER BY windowEnd, jobId")
        .all()
        .map((row) => ({ ...row }) as unknown as StoredAudit),
    addResult: (result) =>
      void database
        .prepare(
          `INSERT INTO audits VALUES (?, ?, ?, ?, ?, ?, ?, 'seen', NULL)
           ON CONFLICT (jobId) DO UPDATE SET
             stage = CASE WHEN outputRoot = excluded.outputRoot THEN stage ELSE 'seen' END,
             positionsRoot = CASE WHEN outputRoot = excluded.outputRoot THEN positionsRoot END,
             createdBlock = excluded.createdBlock, positions = excluded.positions, outputRoot = excluded.outputRoot,
             submittedAt = excluded.submittedAt, windowEnd = excluded.windowEnd`,
        )
        .run(
          ...[result.jobId, result.createdBlock, result.modelRoot, result.positions],
          ...[result.outputRoot, result.submittedAt, result.windowEnd],
        ),
    setVerdict: ({ jobId, outputRoot }, { stage, positionsRoot }) =>
      void database
        .prepare("UPDATE audits SET stage = ?, positionsRoot = ? WHERE jobId = ? AND outputRoot = ?")
        .run(stage, positionsRoot, jobId, outputRoot),
    end: (jobId) => void database.prepare("UPDATE audits SET stage = 'over' WHERE jobId = ?").run(jobId),
    forget: (jobId) => void database.prepare("DELETE FROM audits WHERE jobId = ?").run(jobId),
    prune: (now) =>
      void database.prepare("DELETE FROM audits WHERE stage IN ('seen', 'over') AND windowEnd <= ?").run(now),
    provenWrong: () =>
      database
        .prepare("SELECT * FROM provenWrong ORDER BY block, jobId")
        .all()
        .map((row) => ({ ...row }) as unknown as ProvenWrong),
    addProvenWrong: ({ jobId, block }) =>
      void database.prepare("INSERT OR REPLACE INTO provenWrong VALUES (?, ?)").run(jobId, block),
    dropProvenWrong: (jobId) => void database.prepare("DELETE FROM provenWrong WHERE jobId = ?").run(jobId),
  };
}
