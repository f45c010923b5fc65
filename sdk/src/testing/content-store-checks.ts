import { expect } from "chai";
import { contentKey, type ContentStore } from "../contents/content-store.ts";
import type { AthanorError } from "../errors/athanor-error.ts";

export interface StoreUnderTest {
  readonly store: ContentStore;
  /** Puts other bytes where the key leads to. */
  readonly corrupt: (key: string, bytes: Uint8Array) => void | Promise<void>;
}

/** Most bytes of one content in `make`'s store. */
export const CHECKED_MAXIMUM_BYTES = 100_000;

/** By its name: a store of another package has the class of the SDK's bundle. */
async function refusalOf(promise: Promise<unknown>): Promise<AthanorError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.include({ name: "AthanorError" });
  return error as AthanorError;
}

/** What every store must do, as tests of a suite. */
export function checkContentStore(make: () => Promise<StoreUnderTest>): void {
  const content = (length: number, seed = 1) =>
    Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 255);
  const absent = contentKey(content(7, 99));
  let store: ContentStore;
  let corrupt: StoreUnderTest["corrupt"];

  beforeEach(async () => {
    ({ store, corrupt } = await make());
  });

  it("gives back what was put, from none to the most bytes, under keccak256 of it", async () => {
    for (const length of [0, 1, 135, 136, 4_096, CHECKED_MAXIMUM_BYTES]) {
      const bytes = content(length);
      const key = await store.put(bytes);
      expect(key).to.equal(contentKey(bytes));
      expect(await store.has(key), `${length} bytes`).to.equal(true);
      expect(Buffer.from(await store.get(key)).equals(bytes), `${length} bytes`).to.equal(true);
    }
    expect(await store.put(new Uint8Array())).to.equal(
      "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    );
  });

  it("keeps what it got, whatever becomes of the caller's array and of what it gave", async () => {
    const bytes = content(10);
    const key = await store.put(bytes);
    bytes.fill(0);
    (await store.get(key)).fill(7);
    expect(await store.get(key)).to.deep.equal(content(10));
  });

  it("takes the same content twice, and several at once", async () => {
    const keys = await Promise.all([1, 2, 1, 3, 1].map((seed) => store.put(content(500, seed))));
    expect(new Set(keys).size).to.equal(3);
    for (const [index, seed] of [1, 2, 1, 3, 1].entries()) {
      expect(await store.get(keys[index]!)).to.deep.equal(content(500, seed));
    }
  });

  it("says what is not there", async () => {
    expect(await store.has(absent)).to.equal(false);
    expect(await refusalOf(store.get(absent))).to.include({ code: "ContentNotFound" });
    const key = await store.put(content(20));
    await store.remove(key);
    expect(await store.has(key)).to.equal(false);
    expect(await refusalOf(store.get(key))).to.include({ code: "ContentNotFound" });
    await store.remove(key);
  });

  it("refuses what is no key, before it looks anywhere", async () => {
    for (const key of ["", "0x", absent.slice(2), absent.toUpperCase(), `${absent}/..`, "0x../../secret"]) {
      for (const act of [() => store.get(key), () => store.has(key), () => store.remove(key)]) {
        expect(await refusalOf(act()), key).to.include({ code: "InvalidArgument" });
      }
    }
  });

  it("refuses too many bytes, and keeps none of them", async () => {
    const bytes = content(CHECKED_MAXIMUM_BYTES + 1);
    const error = await refusalOf(store.put(bytes));
    expect(error).to.include({ code: "ContentTooLarge" });
    expect(error.values).to.include({ bytes: CHECKED_MAXIMUM_BYTES + 1, maximum: CHECKED_MAXIMUM_BYTES });
    expect(await store.has(contentKey(bytes))).to.equal(false);
  });

  it("gives nothing that hashes to something else, one bit or half of it, until it is put again", async () => {
    const bytes = content(1_000);
    const key = await store.put(bytes);
    const flipped = bytes.slice();
    flipped[500]! ^= 1;
    for (const wrong of [flipped, bytes.slice(0, 500), new Uint8Array()]) {
      await corrupt(key, wrong);
      const error = await refusalOf(store.get(key));
      expect(error).to.include({ code: "ContentCorrupt" });
      expect(error.values).to.include({ key, found: contentKey(wrong), bytes: wrong.length });
    }
    await store.remove(key);
    await store.put(bytes);
    expect(await store.get(key)).to.deep.equal(bytes);
  });
}
