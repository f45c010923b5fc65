import { expect } from "chai";
import { concat, keccak256, toBeHex, Wallet, ZeroHash } from "ethers";
import { ClientChannel } from "./client-channel.ts";
import { ProviderChannel } from "./provider-channel.ts";
import { ReceiptTree } from "./receipt-tree.ts";
import { memoryStore, type ChannelStore } from "./store.ts";
import { isSignedBy, receiptDigest, signReceipt, signVoucher, voucherDigest } from "./typed-data.ts";
import type { ChannelTerms, Receipt, Signed } from "./types.ts";
import { inUse } from "../testing/receipt-keys.ts";

const hash = (name: string) => keccak256(Buffer.from(name));
const client = new Wallet(hash("client"));
const operator = new Wallet(hash("operator"));
const contract = { chainId: 31337n, escrow: new Wallet(hash("escrow")).address };
const NOW = 2_000_000_000;
const terms: ChannelTerms = {
  client: client.address,
  salt: 1n,
  notice: 86_400n,
  provider: new Wallet(hash("provider")).address,
  receiptLife: 86_400n,
  feeBasisPoints: 100n,
  token: new Wallet(hash("token")).address,
  exitBounty: 10n,
  voucherKey: client.address,
  expiresAt: 2_100_000_000n,
  stakeLock: 500n,
  workPerSecond: 1n,
};
const request = { modelRoot: hash("model"), inputRoot: hash("input"), limit: 20n };
const answer = {
  modelRoot: request.modelRoot,
  inputRoot: request.inputRoot,
  outputTokensRoot: hash("tokens"),
  outputCount: 3,
  complete: true,
  price: 7n,
};

async function pair(stores: { client?: ChannelStore; provider?: ChannelStore } = {}) {
  const shared = { terms, contract, now: () => NOW };
  const mine = new ClientChannel({
    ...shared,
    store: stores.client ?? memoryStore(),
    signer: client,
    receiptKeyUntil: inUse(operator.address),
  });
  const theirs = new ProviderChannel({
    ...shared,
    store: stores.provider ?? memoryStore(),
    signer: operator,
  });
  for (const side of [mine, theirs]) await side.noteDeposit(100n);
  return { mine, theirs };
}

async function rejection(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { code, values } = error as { code: string; values: Record<string, unknown> };
  return { code, field: values["field"] };
}

describe("receipt tree", () => {
  /** The definition: all leaves, filled up to a power of two, level by level. */
  function rootOf(digests: readonly string[]): string {
    let level = digests.map((digest) => keccak256(concat(["0x00", digest])));
    if (level.length === 0) level = [keccak256("0x02")];
    while (Math.log2(level.length) % 1 !== 0) level.push(keccak256("0x02"));
    for (let height = 1; level.length > 1; height++) {
      level = level
        .filter((_, index) => index % 2 === 0)
        .map((left, index) => keccak256(concat(["0x01", toBeHex(height, 1), left, level[2 * index + 1]!])));
    }
    return level[0]!;
  }

  it("has the root of its definition after every receipt, and after having been saved and loaded", () => {
    let tree = ReceiptTree.empty();
    const digests: string[] = [];
    for (let count = 0; count <= 40; count++) {
      expect(tree.count).to.equal(count);
      expect(tree.root, String(count)).to.equal(rootOf(digests));
      digests.push(hash(`receipt ${count}`));
      tree.append(digests.at(-1)!);
      tree = ReceiptTree.load(JSON.parse(JSON.stringify(tree.save())) as ReturnType<typeof tree.save>);
    }
  });

  it("differs when a receipt is omitted, duplicated or swapped", () => {
    const roots = [
      ["a", "b", "c"],
      ["a", "c"],
      ["a", "b", "b", "c"],
      ["b", "a", "c"],
      ["a", "b", "c", "c"],
    ].map((names) => {
      const tree = ReceiptTree.empty();
      for (const name of names) tree.append(hash(name));
      return `${tree.count} ${tree.root}`;
    });
    expect(new Set(roots).size).to.equal(roots.length);
  });

  it("refuses to load peaks that do not fit the count", () => {
    for (const saved of [
      { count: 1, peaks: [] },
      { count: 0, peaks: [ZeroHash] },
      { count: 2, peaks: [ZeroHash, ""] },
      { count: -1, peaks: [] },
      { count: 1.5, peaks: [ZeroHash] },
    ]) {
      expect(() => ReceiptTree.load(saved), JSON.stringify(saved)).to.throw(RangeError, "no tree");
    }
  });
});

describe("channel: both sides", () => {
  it("go through request, receipt and acknowledgement, and end with the same books", async () => {
    const { mine, theirs } = await pair();
    for (let index = 1; index <= 5; index++) {
      await theirs.take(await mine.request(request));
      const receipt = await theirs.sign({ ...answer, outputTokensRoot: hash(`tokens ${index}`) });
      await mine.acknowledge(receipt, { ...answer, outputTokensRoot: hash(`tokens ${index}`) });
    }
    await theirs.take(await mine.settleUp());
    const settlement = (await theirs.settlement())!;
    expect(settlement.receipt).to.equal(undefined);
    expect(settlement.voucher.message).to.deep.include({
      nonce: 6n,
      amount: 35n,
      limit: 0n,
      receiptCount: 5n,
    });
    const digest = voucherDigest(contract, mine.id, settlement.voucher.message);
    expect(isSignedBy(client.address, digest, settlement.voucher.signature)).to.equal(true);
    expect((await mine.state()).receipts).to.deep.equal((await theirs.state()).receipts);
  });

  it("stream: each step acknowledged and paid for before the next; an aborted stream is paid for what arrived", async () => {
    const { mine, theirs } = await pair();
    for (const [step, outputCount] of [4, 8, 12].entries()) {
      await theirs.take(await mine.request({ ...request, limit: 4n }));
      const part = {
        ...answer,
        outputCount,
        complete: false,
        price: 4n,
        outputTokensRoot: hash(`first ${outputCount}`),
      };
      await mine.acknowledge(await theirs.sign(part), part);
      expect((await mine.state()).amount).to.equal(String(4 * (step + 1)));
    }
    await theirs.take(await mine.settleUp());
    expect((await theirs.settlement())!.voucher.message.amount).to.equal(12n);
  });

  it("lose at most the last request: the provider settles its receipt, the client its limit", async () => {
    const { mine, theirs } = await pair();
    await theirs.take(await mine.request(request));
    const receipt = await theirs.sign(answer);
    const settlement = (await theirs.settlement())!;
    expect(settlement.receipt).to.deep.equal(receipt);
    const { amount, limit } = settlement.voucher.message;
    expect(amount + settlement.receipt!.message.price).to.equal(7n);
    expect(amount + limit).to.equal(20n);
  });

  it("go on from their stores after a crash, and sign the same receipt again", async () => {
    const stores = { client: memoryStore(), provider: memoryStore() };
    const before = await pair(stores);
    const voucher = await before.mine.request(request);
    await before.theirs.take(voucher);
    const receipt = await before.theirs.sign(answer);
    const { mine, theirs } = await pair(stores);
    expect(await mine.lastVoucher()).to.deep.equal(voucher);
    expect(await theirs.sign(answer)).to.deep.equal(receipt);
    await mine.acknowledge(receipt, answer);
    await theirs.take(await mine.request(request));
    expect((await theirs.state()).amount).to.equal("7");
  });
});

describe("channel: the client", () => {
  it("refuses to sign an older voucher: a copy of its store that fell behind signs nothing", async () => {
    const store = memoryStore();
    const { mine } = await pair({ client: store });
    const copy = await store.load(mine.id);
    await mine.request(request);
    const stale: ChannelStore = { load: () => Promise.resolve(copy), save: store.save };
    const other = new ClientChannel({
      terms,
      contract,
      store: stale,
      signer: client,
      receiptKeyUntil: inUse(),
    });
    expect((await rejection(other.request(request))).code).to.equal("ChannelStateMoved");
    expect((await store.load(mine.id))!.nonce).to.equal(1);
  });

  it("gives every request a nonce of its own, also at the same time", async () => {
    const { mine } = await pair();
    const vouchers = await Promise.all([mine.request(request), mine.request(request), mine.request(request)]);
    expect(vouchers.map(({ message }) => message.nonce)).to.deep.equal([1n, 2n, 3n]);
  });

  it("promises no more than the deposit without the exit bounty", async () => {
    const { mine } = await pair();
    expect((await rejection(mine.request({ ...request, limit: 91n }))).code).to.equal("ChannelOverspent");
    expect((await mine.request({ ...request, limit: 90n })).message.nonce).to.equal(1n);
  });

  const EXPIRY = "expiry in time to challenge it, and of a receipt signed before now";
  const forged: Record<string, [Partial<Receipt>, string]> = {
    "another channel": [{ channel: hash("other") }, "channel"],
    "another nonce": [{ nonce: 2n }, "nonce"],
    "another model": [{ modelRoot: hash("smaller") }, "requestHash"],
    "another request": [{ inputRoot: hash("other") }, "requestHash"],
    "other tokens": [{ outputTokensRoot: hash("other") }, "outputTokensRoot"],
    "another length": [{ outputCount: 4n }, "outputCount"],
    "an answer that claims to be complete": [{ complete: false }, "complete"],
    "a higher price": [{ price: 8n }, "price"],
    "an expiry too near": [{ expiry: BigInt(NOW) + 43_199n }, EXPIRY],
    "an expiry too far": [{ expiry: BigInt(NOW) + 86_461n }, EXPIRY],
  };
  for (const [name, [change, field]] of Object.entries(forged)) {
    it(`takes no receipt for ${name}, and changes nothing`, async () => {
      const { mine, theirs } = await pair();
      await theirs.take(await mine.request(request));
      const { message } = await theirs.sign(answer);
      const before = await mine.state();
      const receipt = await signReceipt(operator, contract, { ...message, ...change });
      expect(await rejection(mine.acknowledge(receipt, answer))).to.deep.equal({
        code: "ReceiptRefused",
        field,
      });
      expect(await mine.state()).to.deep.equal(before);
    });
  }

  it("takes no receipt without a token, though nothing arrived", async () => {
    const { mine, theirs } = await pair();
    await theirs.take(await mine.request(request));
    const { message } = await theirs.sign(answer);
    const receipt = await signReceipt(operator, contract, { ...message, outputCount: 0n });
    const refused = await rejection(mine.acknowledge(receipt, { ...answer, outputCount: 0 }));
    expect(refused).to.deep.equal({ code: "ReceiptRefused", field: "at least one token" });
  });

  it("takes no receipt of a key that is not the provider's, and none twice", async () => {
    const { mine, theirs } = await pair();
    await theirs.take(await mine.request(request));
    const receipt = await theirs.sign(answer);
    const forgery = await signReceipt(client, contract, receipt.message);
    expect(await rejection(mine.acknowledge(forgery, answer))).to.deep.equal({
      code: "ReceiptRefused",
      field: "signature of a receipt key that the provider answers for until it expires",
    });
    await mine.acknowledge(receipt, answer);
    expect((await rejection(mine.acknowledge(receipt, answer))).field).to.equal("acknowledged before");
  });
});

describe("channel: the provider", () => {
  async function given() {
    const sides = await pair();
    await sides.theirs.take(await sides.mine.request(request));
    const receipt = await sides.theirs.sign(answer);
    await sides.mine.acknowledge(receipt, answer);
    return { ...sides, receipt, voucher: await sides.mine.request(request) };
  }

  it("takes no voucher that omits, duplicates, swaps or underpays receipts, goes back or promises too much", async () => {
    const { theirs, voucher, receipt } = await given();
    const twice = ReceiptTree.empty();
    for (let i = 0; i < 2; i++) twice.append(receiptDigest(contract, receipt.message));
    const swapped = ReceiptTree.empty();
    swapped.append(hash("another receipt"));
    const before = await theirs.state();
    for (const [change, field] of [
      [{ nonce: 1n }, "nonce"],
      [{ nonce: 2n ** 60n }, "nonce"],
      [{ receiptCount: 0n, receiptsRoot: ReceiptTree.empty().root, amount: 0n }, "receiptCount"],
      [{ receiptCount: 2n, receiptsRoot: twice.root }, "receiptCount"],
      [{ receiptsRoot: swapped.root }, "receiptsRoot"],
      [{ amount: 6n }, "amount"],
      [{ limit: 84n }, "covered by the deposit"],
    ] as const) {
      const changed = await signVoucher(client, contract, theirs.id, { ...voucher.message, ...change });
      expect(await rejection(theirs.take(changed))).to.deep.equal({ code: "VoucherRefused", field });
    }
    const stranger: Signed<typeof voucher.message> = await signVoucher(
      operator,
      contract,
      theirs.id,
      voucher.message,
    );
    expect((await rejection(theirs.take(stranger))).field).to.equal("signature of the voucher key");
    expect(await theirs.state()).to.deep.equal(before);
    await theirs.take(voucher);
  });

  it("signs nothing that was not asked for, and nothing that contradicts what it signed: it cannot equivocate", async () => {
    const { mine, theirs } = await pair();
    expect((await rejection(theirs.sign(answer))).code).to.equal("AnswerRefused");
    await theirs.take(await mine.request(request));
    for (const [change, field] of [
      [{ modelRoot: hash("smaller") }, "requestHash"],
      [{ price: 21n }, "price within the limit"],
      [{ outputCount: 0 }, "at least one token"],
    ] as const) {
      expect((await rejection(theirs.sign({ ...answer, ...change }))).field).to.equal(field);
    }
    const part = { ...answer, complete: false };
    await theirs.sign(part);
    const contradiction = { ...part, outputTokensRoot: hash("other") };
    expect((await rejection(theirs.sign(contradiction))).field).to.equal("longer than the last receipt");
    const longer = { ...answer, outputCount: 4, outputTokensRoot: hash("four") };
    expect((await theirs.sign(longer)).message.outputCount).to.equal(4n);
    const more = { ...longer, outputCount: 5 };
    expect((await rejection(theirs.sign(more))).field).to.equal("complete answer given before");
  });
});
