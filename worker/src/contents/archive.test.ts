import { expect } from "chai";
import { contentKey, MemoryContentStore, type ContentStore } from "@athanor/sdk/contents";
import { systemClock } from "../clock.ts";
import { openSqlite } from "../storage/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { Archive } from "./archive.ts";

const bytes = Uint8Array.of(1, 2, 3);
const other = Uint8Array.of(4);

/** Dies at a call: nothing of it, or all of it, has happened. */
function dying(store: ContentStore, method: "put" | "remove", when: "before" | "after"): ContentStore {
  const die = () => Promise.reject(new Error("killed"));
  return {
    put: async (content) => {
      if (method === "put" && when === "before") return die();
      const key = await store.put(content);
      return method === "put" ? die() : key;
    },
    remove: async (key) => {
      if (method === "remove" && when === "before") return die();
      await store.remove(key);
      if (method === "remove") return die();
    },
    get: (key) => store.get(key),
    has: (key) => store.has(key),
  };
}

describe("Archive", () => {
  let store: MemoryContentStore;
  let storage: Storage;
  let archive: Archive;

  beforeEach(() => {
    store = new MemoryContentStore();
    storage = openSqlite(":memory:", systemClock);
    archive = new Archive(store, storage);
  });
  afterEach(() => storage.close());

  const stillThere = async (...contents: Uint8Array[]) =>
    Promise.all(contents.map((content) => store.has(contentKey(content))));

  it("keeps a content until its time is over, and no longer", async () => {
    const key = await archive.keep("receipt 1", bytes, 1_000);
    expect(key).to.equal(contentKey(bytes));
    expect(await archive.read("receipt 1")).to.deep.equal(bytes);
    expect(await archive.read("receipt 2")).to.equal(undefined);
    expect(await archive.sweep(999, 0)).to.equal(0);
    expect(await archive.read("receipt 1")).to.deep.equal(bytes);
    expect(await archive.sweep(1_000, 0)).to.equal(1);
    expect(await archive.read("receipt 1")).to.equal(undefined);
    expect(await stillThere(bytes)).to.deep.equal([false]);
  });

  it("keeps what two have until both have done with it", async () => {
    await Promise.all([archive.keep("receipt 1", bytes, 1_000), archive.keep("receipt 2", bytes, 2_000)]);
    expect(await archive.sweep(1_500, 0)).to.equal(1);
    expect(await archive.read("receipt 2")).to.deep.equal(bytes);
    expect(await archive.sweep(2_500, 0)).to.equal(1);
    expect(await stillThere(bytes)).to.deep.equal([false]);
  });

  it("leaves nothing of what an owner had before", async () => {
    await archive.keep("receipt 1", bytes, 1_000);
    await archive.keep("receipt 1", other, 1_000);
    expect(await archive.read("receipt 1")).to.deep.equal(other);
    expect(await stillThere(bytes, other)).to.deep.equal([false, true]);
  });

  for (const when of ["before", "after"] as const) {
    it(`that dies just ${when} a content is written does not claim to keep it, and leaves nothing behind`, async () => {
      let noted = false;
      const crashed = new Archive(dying(store, "put", when), storage);
      const failure = await crashed.keep("receipt 1", bytes, 1_000, () => (noted = true)).catch(String);
      expect(failure).to.equal("Error: killed");
      expect(noted).to.equal(false);
      expect(await archive.read("receipt 1"), "after a restart").to.equal(undefined);
      await archive.keep("receipt 1", bytes, 1_000);
      expect(await archive.read("receipt 1"), "kept again").to.deep.equal(bytes);
      await crashed.keep("receipt 2", other, 1_000).catch(String);
      expect(await archive.sweep(1_000, 0)).to.equal(2);
      expect(await stillThere(bytes, other)).to.deep.equal([false, false]);
    });

    it(`that dies just ${when} a content is removed removes it after a restart`, async () => {
      await archive.keep("receipt 1", bytes, 1_000);
      const crashed = new Archive(dying(store, "remove", when), storage);
      expect(await crashed.sweep(1_000, 0).catch(String)).to.equal("Error: killed");
      expect(await archive.sweep(1_000, 0)).to.equal(1);
      expect(await stillThere(bytes)).to.deep.equal([false]);
      expect(await archive.sweep(1_000, 0)).to.equal(0);
    });
  }
});
