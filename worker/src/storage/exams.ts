import type { DatabaseSync } from "node:sqlite";
import type { Row } from "./rows.ts";

/** What a checker had of this provider in an epoch's exam. */
export interface StoredExam {
  /** Times that the hardware was kept free for it. */
  readonly tries: number;
  /** Whether a receipt was signed for it. */
  readonly signed: boolean;
}

/** Created beside the other tables where it is missing. */
export const createExamTable = `
CREATE TABLE IF NOT EXISTS exams (
  epoch   INTEGER NOT NULL,
  checker TEXT NOT NULL,
  tries   INTEGER NOT NULL,
  signed  INTEGER NOT NULL,
  PRIMARY KEY (epoch, checker)
) STRICT;
`;

/** Who had its exam: of one epoch only, so never more rows than checkers that committed to it. */
export class ExamTable {
  private readonly database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  get(epoch: number, checker: string): StoredExam {
    const row = this.database
      .prepare("SELECT tries, signed FROM exams WHERE epoch = ? AND checker = ?")
      .get(epoch, checker) as Row | undefined;
    return { tries: (row?.["tries"] as number | undefined) ?? 0, signed: row?.["signed"] === 1 };
  }

  /** Forgets other epochs. */
  put(epoch: number, checker: string, { tries, signed }: StoredExam): void {
    this.database.prepare("DELETE FROM exams WHERE epoch <> ?").run(epoch);
    this.database
      .prepare("INSERT OR REPLACE INTO exams (epoch, checker, tries, signed) VALUES (?, ?, ?, ?)")
      .run(epoch, checker, tries, signed ? 1 : 0);
  }
}
