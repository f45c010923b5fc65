import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** A test that failed. */
export interface Failure {
  /** Its full name. */
  readonly test: string;
  /** What went wrong, with the beginning of where. */
  readonly reason: string;
}

/** What one test process counted. It is written by the process that ran the tests and read by the one that adds up. */
export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Absolute paths of the files in which at least one test stood. */
  readonly files: readonly string[];
  /** The first failures, at most 20; a runner that tells only their number gives none. */
  readonly failures: readonly Failure[];
}

/** Names the file into which a test process writes its report. */
export const reportVariable = "ATHANOR_TEST_REPORT";

/** Writes a report to the file named by the environment; without one (a run by hand) nothing is written. */
export function writeReport(report: Report): void {
  const file = process.env[reportVariable];
  if (file !== undefined) writeFileSync(file, JSON.stringify(report));
}

/** Reads a report; undefined if the process ended before it wrote one. */
export function readReport(file: string): Report | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined;
}
