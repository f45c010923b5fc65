import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { ChannelState } from "../channels/store.ts";
import { Mutex } from "../internal/mutex.ts";
import type { SessionRecord, SessionStore } from "./session-store.ts";

/**
 * Keeps channels in a folder, two small files each, readable by their owner alone. One program at a time: a second one would sign with the same nonces.
 *
 * @param folder made if it is not there
 */
export function fileStore(folder: string): SessionStore {
  const mutex = new Mutex();
  const fileOf = (channel: string, kind: "book" | "session") => {
    if (!/^0x[0-9a-f]{64}$/.test(channel)) throw new RangeError(`${channel} is no id of a channel`);
    return join(folder, `${channel}.${kind}.json`);
  };
  const read = async (file: string): Promise<string | undefined> => {
    try {
      return await readFile(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };
  return {
    async load(channel) {
      const text = await read(fileOf(channel, "book"));
      return text === undefined ? undefined : (JSON.parse(text) as ChannelState);
    },
    save: (channel, state, expected) =>
      mutex.run(async () => {
        const file = fileOf(channel, "book");
        const stored = await read(file);
        if (stored !== (expected === undefined ? undefined : JSON.stringify(expected))) return false;
        if (expected !== undefined && expected.nonce > state.nonce) return false;
        await write(folder, file, JSON.stringify(state));
        return true;
      }),
    async readSession(channel) {
      const text = await read(fileOf(channel, "session"));
      return text === undefined ? undefined : (JSON.parse(text) as SessionRecord);
    },
    writeSession: (channel, record) =>
      mutex.run(() => write(folder, fileOf(channel, "session"), JSON.stringify(record))),
    async sessions() {
      const files = await readdir(folder).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      });
      return files.flatMap((file) => /^(0x[0-9a-f]{64})\.session\.json$/.exec(file)?.[1] ?? []);
    },
  };
}

/** A crash leaves the old file or the new one, never a part. */
async function write(folder: string, file: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  // Windows opens no folders; elsewhere the new name has to reach the disk, too.
  if (process.platform === "win32") return;
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
