import { DatabaseSync } from "node:sqlite";
import { WorkerError } from "../errors.ts";

/**
 * Takes the right to be the only daemon on a database. The operating system gives it back when the process ends, however it
 * ends; two daemons with one operator key would submit everything twice.
 *
 * @returns the function that gives it back
 * @throws WorkerError STORAGE_IN_USE
 */
export function lockStorage(file: string): () => void {
  const lock = new DatabaseSync(`${file}.lock`);
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
  } catch (cause) {
    lock.close();
    throw new WorkerError("STORAGE_IN_USE", `Another process works on ${file}.`, {
      remedy:
        "One database serves one daemon. Stop the other one, or give this one its own storage and operator key.",
      details: { file },
      cause,
    });
  }
  return () => lock.close();
}
