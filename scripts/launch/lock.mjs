import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";

const pollMilliseconds = 250;

/**
 * Runs an action while holding a lock file, so that two launches do not install or build at once. The file names its
 * owner; a lock whose owner is gone is taken over.
 * @template T
 * @param {string} file
 * @param {(ownerPid: number) => void} onWait called once if another process holds the lock
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withLock(file, onWait, action) {
  let waiting = false;
  while (!acquire(file)) {
    const owner = readOwner(file);
    if (owner === undefined) continue;
    if (!isAlive(owner)) {
      removeStale(file, owner);
      continue;
    }
    if (!waiting) onWait(owner.pid);
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }

  // A process that exits in the middle (Ctrl-C) must not leave the others to find out that it is gone.
  const release = () => ignoreMissing(() => unlinkSync(file));
  process.once("exit", release);
  try {
    return await action();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

/** @typedef {{ pid: number, started: string }} Owner a process; `started` tells it from a later one with its number */

/** Creates the lock with its content in one step (a hard link), so nobody ever reads a half-written one.
 * @param {string} file */
function acquire(file) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** @param {string} file
 * @returns {Owner | undefined} */
function readOwner(file) {
  return ignoreMissing(() => /** @type {Owner} */ (JSON.parse(readFileSync(file, "utf8"))));
}

/** @param {Owner} owner */
function isAlive({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPERM") return false;
  }
  return startOf(pid) === started;
}

/**
 * Moves the stale lock away before deleting it: of several waiters only one moves it. Should the file have changed
 * hands in between, the lock that was moved is a live one and is put back.
 * @param {string} file
 * @param {Owner} stale
 */
function removeStale(file, stale) {
  const aside = `${file}.${process.pid}.stale`;
  ignoreMissing(() => {
    renameSync(file, aside);
    const moved = /** @type {Owner} */ (JSON.parse(readFileSync(aside, "utf8")));
    if (moved.pid !== stale.pid || moved.started !== stale.started) linkSync(aside, file);
    unlinkSync(aside);
  });
}

/** When a process started, in the kernel's own unit; empty where there is no /proc, then the number alone counts.
 * @param {number} pid */
function startOf(pid) {
  const stat = ignoreMissing(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in parentheses and may hold spaces; the start time is field 22.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** @template T
 * @param {() => T} action
 * @returns {T | undefined} undefined if the file is not there */
function ignoreMissing(action) {
  try {
    return action();
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
