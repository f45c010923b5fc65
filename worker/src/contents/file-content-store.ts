import {
  contentKey,
  contentNotFound,
  DEFAULT_MAXIMUM_BYTES,
  requireContent,
  requireKey,
  requireSize,
  type ContentStore,
} from "@athanor/sdk/contents";
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Milliseconds after which a file that nobody finished is of a process that died. */
const ABANDONED_AFTER = 3_600_000;

/**
 * Keeps contents as files of one folder, which others on the machine cannot read. A file is written beside its place, flushed to disk
 * and renamed: what stands in its place is whole, whenever the process or the machine dies.
 */
export class FileContentStore implements ContentStore {
  private readonly folder: string;
  private readonly maximumBytes: number;

  private constructor(folder: string, maximumBytes: number) {
    this.folder = folder;
    this.maximumBytes = maximumBytes;
  }

  /**
   * Makes the folder if it is not there, and removes what processes that died left half written.
   *
   * @param now milliseconds since 1970
   * @throws the file system's errors, with their codes
   */
  static async open(
    folder: string,
    { maximumBytes = DEFAULT_MAXIMUM_BYTES, now = Date.now() } = {},
  ): Promise<FileContentStore> {
    const store = new FileContentStore(folder, maximumBytes);
    await mkdir(store.unfinished, { recursive: true, mode: 0o700 });
    for (const name of await readdir(store.unfinished)) {
      const file = join(store.unfinished, name);
      // Another process may be at work on a young one; a file that is gone was renamed just now.
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: now }));
      if (now - mtimeMs > ABANDONED_AFTER) await rm(file, { force: true });
    }
    return store;
  }

  async put(bytes: Uint8Array): Promise<string> {
    requireSize(bytes.length, this.maximumBytes, this.folder);
    const content = bytes.slice();
    const key = contentKey(content);
    const unfinished = join(this.unfinished, randomUUID());
    try {
      const file = await open(unfinished, "wx", 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await mkdir(this.folderOf(key), { recursive: true, mode: 0o700 });
      // Whole or not at all; in place of what may be damaged there.
      await rename(unfinished, this.fileOf(key));
      await syncFolder(this.folderOf(key));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    return key;
  }

  async get(key: string): Promise<Uint8Array> {
    requireKey(key);
    let file;
    try {
      file = await open(this.fileOf(key), "r");
    } catch (error) {
      if (!isAbsent(error)) throw error;
      throw contentNotFound(key, this.folder, error);
    }
    try {
      requireSize((await file.stat()).size, this.maximumBytes, this.folder);
      return requireContent(key, new Uint8Array(await file.readFile()), this.folder);
    } finally {
      await file.close();
    }
  }

  async has(key: string): Promise<boolean> {
    requireKey(key);
    return stat(this.fileOf(key)).then(
      () => true,
      (error: unknown) => {
        if (isAbsent(error)) return false;
        throw error;
      },
    );
  }

  async remove(key: string): Promise<void> {
    requireKey(key);
    await rm(this.fileOf(key), { force: true });
  }

  private get unfinished(): string {
    return join(this.folder, "unfinished");
  }

  /** By its first digits: 256 folders, so that none of them grows large. */
  private folderOf(key: string): string {
    return join(this.folder, key.slice(2, 4));
  }

  private fileOf(key: string): string {
    return join(this.folderOf(key), key.slice(2));
  }
}

/** A renamed file is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  // Windows has no such thing.
  const folder = await open(path, "r").catch(() => undefined);
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
}

function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}
