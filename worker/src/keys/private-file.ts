import { open, readFile, stat } from "node:fs/promises";
import { WorkerError } from "../errors.ts";

/**
 * Reads a keystore's text, if nobody but its owner can.
 *
 * @param creator the command that makes such a file
 * @throws WorkerError KEYSTORE_MISSING, KEYSTORE_PERMISSIONS
 */
export async function readPrivateFile(file: string, creator: string): Promise<string> {
  try {
    await requirePrivate(file);
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof WorkerError) throw cause;
    throw new WorkerError("KEYSTORE_MISSING", `The keystore ${file} cannot be read.`, {
      remedy: `Create it with "${creator} --out ${file}", or correct the path in the configuration.`,
      details: { file },
      cause,
    });
  }
}

/**
 * Writes a new file that only its owner can read; a line's end follows the text.
 *
 * @throws WorkerError KEYSTORE_EXISTS: a keystore is never overwritten
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  try {
    const handle = await open(file, "wx", 0o600);
    await handle.writeFile(`${text}\n`);
    await handle.sync();
    await handle.close();
  } catch (cause) {
    throw new WorkerError(
      "KEYSTORE_EXISTS",
      `${file} cannot be created: it exists, or its folder does not.`,
      {
        remedy: "Choose another file; a keystore is never overwritten.",
        details: { file },
        cause,
      },
    );
  }
}

/** Refuses a file that others can read. @throws WorkerError KEYSTORE_PERMISSIONS */
async function requirePrivate(file: string): Promise<void> {
  const { mode } = await stat(file);
  // Windows has no such bits; there the folder's access list decides.
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const permissions = (mode & 0o777).toString(8).padStart(4, "0");
  throw new WorkerError(
    "KEYSTORE_PERMISSIONS",
    `Others than its owner can read ${file} (mode ${permissions}).`,
    {
      remedy: `Run: chmod 600 ${file}`,
      details: { file, permissions },
    },
  );
}
