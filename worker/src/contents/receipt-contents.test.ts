import { expect } from "chai";
import { MemoryContentStore } from "@athanor/sdk/contents";
import { systemClock } from "../clock.ts";
import type { StoredAnswer } from "../storage/channels.ts";
import { openSqlite } from "../storage/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { Archive } from "./archive.ts";
import { moveReceiptContents, receiptContentsOf, receiptOwner } from "./receipt-contents.ts";

const channel = `0x${"ab".repeat(32)}`;
const EXPIRY = 1_800_000_000;
const DAY = 86_400;

const answer = (nonce: number, changes: Partial<StoredAnswer> = {}): StoredAnswer => ({
  ...{
    channel,
    nonce,
    encoding: "plain",
    request: Uint8Array.of(1, 2, nonce),
    inputPrice: 1n,
    outputPrice: 2n,
  },
  ...{ paidTokens: 0, tokens: [5, 6, nonce], complete: true, expiry: EXPIRY + nonce },
  ...changes,
});

describe("requests and answers of channels", () => {
  let store: MemoryContentStore;
  let storage: Storage;
  let archive: Archive;

  beforeEach(() => {
    store = new MemoryContentStore();
    storage = openSqlite(":memory:", systemClock);
    archive = new Archive(store, storage);
    const terms = {} as Parameters<Storage["addChannel"]>[0]["terms"];
    const chain = {} as Parameters<Storage["addChannel"]>[0]["chain"];
    storage.addChannel({ id: channel, stage: "open", terms, chain });
  });
  afterEach(() => storage.close());

  it("leave the database but for the last two, and are kept until their receipts cannot be disputed", async () => {
    for (const nonce of [1, 2, 3, 4]) storage.putAnswer(answer(nonce));
    await moveReceiptContents({ archive, storage });
    const inDatabase = [1, 2, 3, 4].map((nonce) => storage.answer(channel, nonce) !== null);
    expect(inDatabase).to.deep.equal([false, false, true, true]);
    const kept = await archive.read(receiptOwner({ channel, nonce: 2 }));
    expect(JSON.parse(new TextDecoder().decode(kept))).to.deep.equal({
      ...{ channel, nonce: 2, encoding: "plain", request: "0x010202", tokens: [5, 6, 2], complete: true },
      expiry: EXPIRY + 2,
    });
    const over = 1_000 * (EXPIRY + 52 * DAY);
    expect(await archive.sweep(over, 0)).to.equal(0);
    expect(await archive.sweep(over + 1_000, 0)).to.equal(1);
    expect(await archive.read(receiptOwner({ channel, nonce: 1 }))).to.equal(undefined);
    expect(await archive.read(receiptOwner({ channel, nonce: 2 }))).not.to.equal(undefined);
  });

  it("are found with a receipt only, and whatever became of others", async () => {
    for (const nonce of [1, 2, 3, 4, 5]) storage.putAnswer(answer(nonce, nonce === 4 ? { expiry: 0 } : {}));
    await moveReceiptContents({ archive, storage });
    await store.remove(storage.content(receiptOwner({ channel, nonce: 1 }))!.key);
    const lost: string[] = [];
    const found: number[] = [];
    const onFailure = (owner: string) => lost.push(owner);
    for await (const { nonce, request } of receiptContentsOf({ archive, storage }, channel, onFailure)) {
      expect([...request]).to.deep.equal([1, 2, nonce]);
      found.push(nonce);
    }
    expect(found).to.deep.equal([5, 2, 3]);
    expect(lost).to.deep.equal([receiptOwner({ channel, nonce: 1 })]);
  });

  it("stay while there is no receipt, and while the store takes nothing", async () => {
    for (const nonce of [1, 2, 3, 4]) storage.putAnswer(answer(nonce, nonce === 1 ? { expiry: 0 } : {}));
    store.put = () => Promise.reject(new Error("gone"));
    expect(await moveReceiptContents({ archive, storage }).catch(String)).to.equal("Error: gone");
    expect(storage.answer(channel, 2)).to.deep.equal(answer(2));
    expect(storage.answer(channel, 1)).to.deep.equal(answer(1, { expiry: 0 }));
  });

  it("are not dropped with their channel, but moved, the last ones too", async () => {
    for (const nonce of [1, 2]) storage.putAnswer(answer(nonce));
    storage.putAnswer(answer(3, { expiry: 0 }));
    storage.changeChannel(channel, { stage: "ended" });
    storage.pruneChannels(Date.now() + DAY);
    expect(storage.channel(channel)).to.equal(null);
    await moveReceiptContents({ archive, storage });
    expect([1, 2, 3].map((nonce) => storage.answer(channel, nonce))).to.deep.equal([null, null, null]);
    for (const nonce of [1, 2]) {
      expect(await archive.read(receiptOwner({ channel, nonce }))).not.to.equal(undefined);
    }
    expect(await archive.read(receiptOwner({ channel, nonce: 3 })), "without a receipt").to.equal(undefined);
  });
});
