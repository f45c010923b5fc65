import { contentKey, type ContentStore } from "@athanor/sdk/contents";
import type { Storage } from "../storage/storage.ts";

/**
 * What this worker keeps in a content store, and for whom. The database knows each key before anything is written, so that nothing is
 * left over that nobody removes, whenever the worker dies.
 */
export class Archive {
  private readonly store: ContentStore;
  private readonly storage: Storage;
  private last: Promise<unknown> = Promise.resolve();

  constructor(store: ContentStore, storage: Storage) {
    this.store = store;
    this.storage = storage;
  }

  /**
   * Keeps bytes for an owner, in place of what it had.
   *
   * @param owner a job's id, or any name that nobody else uses
   * @param until milliseconds since 1970, local clock, at which it may be removed; null for as long as the job of that id
   * @param onKept is called once they are kept, in the same transaction as the note about it
   * @returns the key
   * @throws AthanorError as `ContentStore.put`
   */
  keep(
    owner: string,
    bytes: Uint8Array,
    until: number | null,
    onKept: () => void = () => undefined,
  ): Promise<string> {
    return this.inTurn(async () => {
      const { storage, store } = this;
      const key = contentKey(bytes);
      const before = storage.content(owner);
      if (before !== null && before.key !== key) await this.drop(owner, before.key);
      storage.setContent({ owner, key, isKept: false, until });
      await store.put(bytes);
      storage.atomically(() => {
        storage.setContent({ owner, key, isKept: true, until });
        onKept();
      });
      return key;
    });
  }

  /**
   * What was kept for an owner, or undefined.
   *
   * @throws AthanorError as `ContentStore.get`
   */
  async read(owner: string): Promise<Uint8Array | undefined> {
    const content = this.storage.content(owner);
    return content?.isKept ? this.store.get(content.key) : undefined;
  }

  /**
   * Removes what nobody needs any more.
   *
   * @param now milliseconds since 1970, local clock
   * @param endedBefore contents of jobs that ended before this time are removed
   * @returns how many owners lost their content
   */
  sweep(now: number, endedBefore: number): Promise<number> {
    return this.inTurn(async () => {
      const due = this.storage.dueContents(now, endedBefore);
      for (const { owner, key } of due) await this.drop(owner, key);
      return due.length;
    });
  }

  /** First the content, then the note: a crash in between repeats it. */
  private async drop(owner: string, key: string): Promise<void> {
    if (!this.storage.isContentShared(key, owner)) await this.store.remove(key);
    this.storage.dropContent(owner);
  }

  /** One after another: what is removed for one owner is not put for another at the same time. */
  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.last.then(act, act);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
