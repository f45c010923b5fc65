// What lets a channel go on after lost, late and partial messages, without anybody losing more than the last request.
import { expect } from "chai";
import { keccak256, Wallet, ZeroHash } from "ethers";
import { rejection } from "../testing/rejection.ts";
import { ClientChannel } from "./client-channel.ts";
import { RECEIPT_KEY_IN_USE } from "./liable-keys.ts";
import { ProviderChannel } from "./provider-channel.ts";
import { memoryStore } from "./store.ts";
import { isSignedBy, receiptDigest, signReceipt } from "./typed-data.ts";
import type { ChannelTerms, Receipt, Signed } from "./types.ts";
import { inUse } from "../testing/receipt-keys.ts";

const hash = (name: string) => keccak256(Buffer.from(name));
const key = new Wallet(hash("client"));
const operator = new Wallet(hash("operator"));
const contract = { chainId: 31337n, escrow: new Wallet(hash("escrow")).address };
const LIFE = 86_400;
/** Seconds by which a receipt is signed to expire earlier, for a chain whose clock is behind. */
const MARGIN = 60;
const terms: ChannelTerms = {
  client: key.address,
  salt: 1n,
  notice: 86_400n,
  provider: new Wallet(hash("provider")).address,
  receiptLife: BigInt(LIFE),
  feeBasisPoints: 100n,
  token: new Wallet(hash("token")).address,
  exitBounty: 10n,
  voucherKey: key.address,
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
const part = { ...answer, outputTokensRoot: hash("part"), outputCount: 1, complete: false, price: 3n };

describe("channel: going on", () => {
  let now: number;
  let client: ClientChannel;
  let provider: ProviderChannel;

  beforeEach(async () => {
    now = 2_000_000_000;
    const shared = { terms, contract, now: () => now };
    const receiptKeyUntil = inUse(operator.address);
    client = new ClientChannel({ ...shared, store: memoryStore(), signer: key, receiptKeyUntil });
    provider = new ProviderChannel({ ...shared, store: memoryStore(), signer: operator });
    for (const side of [client, provider]) await side.noteDeposit(100n);
  });

  const digestOf = ({ message }: Signed<Receipt>) => receiptDigest(contract, message);
  const codeOf = async (promise: Promise<unknown>) => {
    const { code, values } = await rejection(promise);
    return [code, values["field"]];
  };
  /** One request more, and the books agree. */
  async function expectGoingOn(paid: bigint, receipts: number) {
    await provider.take(await client.request(request));
    expect(await provider.state()).to.deep.include({ amount: String(paid) });
    expect((await provider.state()).receipts.count).to.equal(receipts);
    expect((await client.state()).receipts).to.deep.equal((await provider.state()).receipts);
  }

  it("a receipt is taken hours late, while half of its life is left", async () => {
    await provider.take(await client.request(request));
    const receipt = await provider.sign(answer);
    now += LIFE / 2 - MARGIN + 1;
    expect((await codeOf(client.acknowledge(receipt, answer)))[0]).to.equal("ReceiptRefused");
    now -= 1;
    await client.acknowledge(receipt, answer);
    await expectGoingOn(7n, 1);
  });

  it("an old receipt is signed again: the same answer with a fresh expiry, which can be settled and taken", async () => {
    await provider.take(await client.request(request));
    const first = await provider.sign(answer);
    now += LIFE / 4 - MARGIN;
    expect(await provider.sign(answer), "young").to.deep.equal(first);
    now += 10 * LIFE;
    const second = (await provider.settlement())!.receipt!;
    const { expiry, ...rest } = second.message;
    expect({ ...rest, expiry: first.message.expiry }).to.deep.equal(first.message);
    expect(expiry).to.equal(BigInt(now + LIFE - MARGIN));
    expect(isSignedBy(operator.address, digestOf(second), second.signature)).to.equal(true);
    expect(await provider.unpaid()).to.deep.equal(second);
    await client.acknowledge(second, answer);
    await expectGoingOn(7n, 1);
    expect(await provider.unpaid()).to.equal(undefined);
  });

  it("any expiry that a receipt was signed with can be acknowledged, once", async () => {
    await provider.take(await client.request(request));
    const first = await provider.sign(answer);
    await client.acknowledge(first, answer);
    now += LIFE;
    const second = await provider.sign(answer);
    expect(second.message.expiry > first.message.expiry).to.equal(true);
    expect(await codeOf(client.acknowledge(second, answer))).to.deep.equal([
      "ReceiptRefused",
      "acknowledged before",
    ]);
    await expectGoingOn(7n, 1);
  });

  it("an unpaid receipt of a removed key is signed again with the new one, as it was", async () => {
    const store = memoryStore();
    const shared = { terms, contract, now: () => now, store };
    const before = new ProviderChannel({ ...shared, signer: operator });
    await before.noteDeposit(100n);
    await before.take(await client.request(request));
    const { message } = await before.sign(answer);
    const other = new Wallet(hash("another receipt key"));
    const again = (await new ProviderChannel({ ...shared, signer: other }).unpaid())!;
    expect(again.message).to.deep.equal(message);
    expect(isSignedBy(other.address, digestOf(again), again.signature)).to.equal(true);
  });

  it("a key that is removed while its channel is open is noticed within five minutes: its receipts are refused, those of the new one taken", async () => {
    const other = new Wallet(hash("another receipt key"));
    const until = new Map([[operator.address, RECEIPT_KEY_IN_USE]]);
    let asked = 0;
    const receiptKeyUntil = (address: string) => (asked++, Promise.resolve(until.get(address) ?? 0n));
    const shared = { terms, contract, now: () => now, receiptKeyUntil };
    const careful = new ClientChannel({ ...shared, store: memoryStore(), signer: key });
    await careful.noteDeposit(100n);
    for (let nonce = 1; nonce <= 2; nonce++) {
      await provider.take(await careful.request(request));
      await careful.acknowledge(await provider.sign(answer), answer);
    }
    expect(asked).to.equal(1);
    until.set(operator.address, BigInt(now + LIFE)).set(other.address, RECEIPT_KEY_IN_USE);
    now += 300;
    await provider.take(await careful.request(request));
    const receipt = await provider.sign(answer);
    expect(await codeOf(careful.acknowledge(receipt, answer))).to.deep.equal([
      "ReceiptRefused",
      "signature of a receipt key that the provider answers for until it expires",
    ]);
    await careful.acknowledge(await signReceipt(other, contract, receipt.message), answer);
  });

  it("vouchers may be lost: the provider takes a later one, and none that is older", async () => {
    const lost = await client.request(request);
    await expectGoingOn(0n, 0);
    expect(await codeOf(provider.take(lost))).to.deep.equal(["VoucherRefused", "nonce"]);
  });

  it("an answer that comes after the next voucher was signed is taken, and paid by the one after it", async () => {
    await provider.take(await client.request(request));
    const receipt = await provider.sign(answer);
    const impatient = await client.request({ ...request, inputRoot: hash("other input") });
    expect(await codeOf(provider.take(impatient))).to.deep.equal(["VoucherRefused", "receiptCount"]);
    await client.acknowledge((await provider.unpaid())!, answer);
    expect(await codeOf(client.acknowledge(receipt, answer))).to.deep.equal([
      "ReceiptRefused",
      "acknowledged before",
    ]);
    await expectGoingOn(7n, 1);
  });

  it("a longer receipt takes the place of one that was taken, also when the next voucher is signed", async () => {
    await provider.take(await client.request(request));
    await client.acknowledge(await provider.sign(part), part);
    const whole = await provider.sign(answer);
    const early = await client.request(request);
    expect(await codeOf(provider.take(early))).to.deep.equal(["VoucherRefused", "receiptsRoot"]);
    await client.acknowledge(whole, answer);
    expect(await client.state()).to.deep.include({ amount: "7" });
    await expectGoingOn(7n, 1);
  });

  it("a receipt that was settled on chain is paid: the client acknowledges it without having seen it", async () => {
    await provider.take(await client.request(request));
    await provider.sign(answer);
    const { voucher, receipt } = (await provider.settlement())!;
    const settled = { nonce: voucher.message.nonce, paid: 7n, lastReceipt: digestOf(receipt!) };
    await client.noteSettled(settled);
    await client.noteSettled(settled);
    await expectGoingOn(7n, 1);
  });

  it("a settlement changes nothing that the client acknowledged, whichever expiry was settled", async () => {
    await provider.take(await client.request(request));
    await client.acknowledge(await provider.sign(answer), answer);
    const before = await client.state();
    now += LIFE;
    const { voucher, receipt } = (await provider.settlement())!;
    await client.noteSettled({ nonce: 1n, paid: 7n, lastReceipt: digestOf(receipt!) });
    await client.noteSettled({ nonce: 1n, paid: 0n, lastReceipt: ZeroHash });
    await client.noteSettled({ nonce: 9n, paid: 90n, lastReceipt: hash("of nobody") });
    expect(await client.state()).to.deep.equal(before);
    expect(voucher.message.nonce).to.equal(1n);
    await expectGoingOn(7n, 1);
  });

  it("a longer receipt that was settled takes the place of the one that was taken", async () => {
    await provider.take(await client.request(request));
    await client.acknowledge(await provider.sign(part), part);
    const whole = await provider.sign(answer);
    await client.request(request);
    await client.noteSettled({ nonce: 1n, paid: 7n, lastReceipt: digestOf(whole) });
    await expectGoingOn(7n, 1);
  });

  it("a provider that answers nothing is left: ChannelUnanswered, but the client can still settle up", async () => {
    for (let index = 0; index < 64; index++) await client.request(request);
    const error = await rejection(client.request(request));
    expect([error.code, error.values["count"]]).to.deep.equal(["ChannelUnanswered", 64]);
    await provider.take(await client.settleUp());
  });
});
