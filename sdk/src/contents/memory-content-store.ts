import {
  contentKey,
  contentNotFound,
  DEFAULT_MAXIMUM_BYTES,
  requireContent,
  requireKey,
  requireSize,
  type ContentStore,
} from "./content-store.ts";

export interface MemoryContentStoreOptions {
  /** Most bytes of one content. Default 16 MiB. */
  readonly maximumBytes?: number;
  /** Most bytes of all contents together. Default: no limit. */
  readonly maximumTotalBytes?: number;
}

/** Forgets when the process or the page ends: for browsers and tests. */
export class MemoryContentStore implements ContentStore {
  private readonly contents = new Map<string, Uint8Array>();
  private readonly maximumBytes: number;
  private readonly maximumTotalBytes: number;
  private totalBytes = 0;

  constructor({
    maximumBytes = DEFAULT_MAXIMUM_BYTES,
    maximumTotalBytes = Infinity,
  }: MemoryContentStoreOptions = {}) {
    this.maximumBytes = maximumBytes;
    this.maximumTotalBytes = maximumTotalBytes;
  }

  put(bytes: Uint8Array): Promise<string> {
    return settle(() => {
      requireSize(bytes.length, this.maximumBytes, NAME);
      const key = contentKey(bytes);
      if (this.contents.has(key)) return key;
      requireSize(this.totalBytes + bytes.length, this.maximumTotalBytes, NAME);
      this.contents.set(key, bytes.slice());
      this.totalBytes += bytes.length;
      return key;
    });
  }

  get(key: string): Promise<Uint8Array> {
    return settle(() => {
      requireKey(key);
      const bytes = this.contents.get(key);
      if (bytes === undefined) throw contentNotFound(key, NAME);
      return requireContent(key, bytes.slice(), NAME);
    });
  }

  has(key: string): Promise<boolean> {
    return settle(() => {
      requireKey(key);
      return this.contents.has(key);
    });
  }

  remove(key: string): Promise<void> {
    return settle(() => {
      requireKey(key);
      this.totalBytes -= this.contents.get(key)?.length ?? 0;
      this.contents.delete(key);
    });
  }
}

const NAME = "the memory of this process";

/** What is thrown rejects, as from any store. */
function settle<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}
