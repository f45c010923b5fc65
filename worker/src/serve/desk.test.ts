import {
  ClientChannel,
  channelIdOf,
  encodeRequestBytes,
  inputRootOf,
  memoryStore,
  tokensRoot,
  type ChannelTerms,
  type InferenceRequest,
  type NativeRequest,
  type Signed,
  type Voucher,
} from "@athanor/sdk/channels";
import { expect } from "chai";
import { encodeBase64, Wallet } from "ethers";
import { join } from "node:path";
import { ChainTime } from "../chain/time.ts";
import { systemClock } from "../clock.ts";
import { openModelProcess } from "../model/open-model-process.ts";
import type { ModelRunner } from "../model/runner.ts";
import { openSqlite } from "../storage/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { eventually } from "../testing/eventually.ts";
import { modelProcess, temporaryFolder, writeTinyModel, type TemporaryFolder } from "../testing/model.ts";
import { recordingLog, type RecordingLog } from "../testing/recording-log.ts";
import { answerStream } from "./answer-stream.ts";
import { priceKey } from "./conditions.ts";
import { Desk, type AnswerReader, type ChannelSettings, type DeskOptions } from "./desk.ts";
import { Refusal } from "./refusal.ts";

const contract = { chainId: 31_337n, escrow: Wallet.createRandom().address };
const prices = { inputPrice: 1_000_000n, outputPrice: 1_000_000n };
const DEPOSIT = 10_000n;
const DAY = 86_400n;
/** What the escrow says of a receipt key that was not removed. */
const inUse = () => Promise.resolve(2n ** 40n - 1n);

/** A desk with a real model, database and signatures; what the chain says is put in by hand. */
describe("Desk", function () {
  this.timeout(60_000);
  let folder: TemporaryFolder;
  let model: ModelRunner;
  let storage: Storage;
  let log: RecordingLog;
  let desk: Desk;
  let client: ClientChannel;
  let id: string;
  let terms: ChannelTerms;
  /** Runs wait for it. */
  let mayStart: Promise<void>;
  let start: () => void;
  let runs: number;
  const owner = Wallet.createRandom();
  const receiptKey = new Wallet(Wallet.createRandom().privateKey);
  const voucherKey = new Wallet(Wallet.createRandom().privateKey);
  const token = Wallet.createRandom().address;

  before(async () => {
    folder = await temporaryFolder();
    model = await openModelProcess(
      modelProcess,
      await writeTinyModel(join(folder.path, "model"), { context: 512 }),
    );
  });
  after(async () => {
    await model.close();
    await folder.remove();
  });

  const now = () => BigInt(Math.floor(Date.now() / 1_000));
  const termsOf = (salt: bigint): ChannelTerms => ({
    ...{ client: owner.address, salt, notice: DAY, provider: owner.address, receiptLife: DAY },
    ...{ feeBasisPoints: 100n, token, exitBounty: 10n, voucherKey: voucherKey.address },
    ...{ expiresAt: now() + 10n * DAY, stakeLock: 500n, workPerSecond: 1n },
  });

  beforeEach(async () => {
    storage = openSqlite(":memory:", systemClock);
    log = recordingLog();
    runs = 0;
    start = () => undefined;
    mayStart = Promise.resolve();
    const runner: ModelRunner = {
      ...model,
      run: async (request) => {
        runs++;
        await mayStart;
        return model.run(request);
      },
    };
    const time = new ChainTime(systemClock);
    const modelRoot = model.commitment.modelRoot;
    const context = {
      ...{ storage, log, time, clock: systemClock, owner: owner.address, wake: () => undefined },
      ...{ encryptionKeys: [], limits: { maxTokensPerJob: 400 } },
      chain: { chainId: contract.chainId, contracts: { deployment: { channelEscrow: contract.escrow } } },
      models: new Map([[modelRoot, { folder: "", runner, positionsPerSecond: 1 }]]),
    } as unknown as DeskOptions["context"];
    const settings = {
      ...{ longestDays: 30, maxOpen: 2, maxConcurrent: 2, maxQueued: 2 },
      ...{ keepGenerations: 60_000, bodyBytes: 1_048_576, chainSilence: 300_000 },
    } as ChannelSettings;
    desk = new Desk({
      ...{ context, settings, signer: receiptKey, tokens: [token] },
      ...{ minimumDeposits: new Map<string, bigint>(), settleAbove: new Map<string, bigint>() },
    });
    desk.noteRound();
    desk.setConditions({
      ...{ notice: DAY, receiptLife: DAY, workPerSecond: 1n, stakeLock: 500n },
      ...{ freeStake: 5_000n, isJailed: false, takesWork: true, pausedUntil: 0n },
      tokens: new Map([[token, { feeBasisPoints: 100n, exitBounty: 10n }]]),
      prices: new Map([[priceKey(modelRoot, token), prices]]),
    });
    terms = termsOf(1n);
    id = channelIdOf(terms, contract);
    storage.addChannel({
      ...{ id, stage: "open" as const, terms },
      chain: {
        ...{ deposit: DEPOSIT, paid: 0n, closesAt: terms.expiresAt },
        ...{ voucherKey: terms.voucherKey, previousKey: terms.voucherKey, previousUntil: 0n },
      },
    });
    await desk.books.of(storage.channel(id)!).noteDeposit(DEPOSIT);
    const store = memoryStore();
    client = new ClientChannel({
      terms,
      contract,
      store,
      signer: voucherKey,
      receiptKeyUntil: inUse,
    });
    await client.noteDeposit(DEPOSIT);
  });

  afterEach(async () => {
    start();
    await desk.stop();
    storage.close();
  });

  const hold = () => {
    mayStart = new Promise((resolve) => (start = resolve));
  };
  const request = (maxTokens = 12): NativeRequest => ({
    ...{ modelRoot: model.commitment.modelRoot, prompt: [5, 6, 7], maxTokens, minTokens: maxTokens },
    ...{ temperature: 0, seed: 1n },
  });
  const voucherFor = (asked: NativeRequest, limit = 1_000n) =>
    client.request({ modelRoot: asked.modelRoot, inputRoot: inputRootOf(asked), limit });
  const message = (asked: NativeRequest, voucher: Signed<Voucher>): InferenceRequest => ({
    ...{ voucher, encoding: "plain", prices, paidTokens: 0, from: 0 },
    request: encodeBase64(encodeRequestBytes(asked)),
  });
  const send = async (asked = request(), limit?: bigint) =>
    desk.request(id, message(asked, await voucherFor(asked, limit)));
  const atRest = ({ generation }: AnswerReader) =>
    eventually(() => generation.isAtRest, "the answer is computed");
  const receipt = async () => (await desk.books.of(storage.channel(id)!).unpaid())?.message;
  const codeOf = (action: Promise<unknown>) =>
    action.then(
      () => "done",
      (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
    );

  for (const [name, limit, count] of [
    ["is complete", 1_000n, 12n],
    ["is paused", 3n + 5n, 5n],
  ] as const) {
    it(`a client that hangs up when its answer ${name}, before it read it, owes it`, async () => {
      const reader = await send(request(), limit);
      await atRest(reader);
      await reader.leave();
      expect(await receipt()).to.include({ outputCount: count, price: 3n + count });
      expect(await codeOf(send(request(3)))).to.equal("VoucherRefused");
    });
  }

  it("a client that hangs up before the first token owes the prompt and a token", async () => {
    hold();
    const reader = await send(request(400));
    await eventually(() => runs === 1, "the model has begun");
    const left = reader.leave();
    start();
    await left;
    expect(await receipt())
      .to.have.property("outputCount")
      .that.is.greaterThan(0n);
    expect(await codeOf(send(request(3)))).to.equal("VoucherRefused");
  });

  it("an answer that its client left goes on without the prompt being computed again", async () => {
    const asked = request(400);
    const voucher = await voucherFor(asked);
    const first = await desk.request(id, message(asked, voucher));
    await eventually(() => first.generation.tokens.length > 0, "a token");
    await first.leave();
    const { length } = first.generation.tokens;
    const second = await desk.request(id, message(asked, voucher));
    await atRest(second);
    await second.leave();
    expect(second.generation.tokens).to.have.length(400);
    // On a fast machine the whole answer is there before its reader has left.
    expect(length).to.be.within(1, 400);
    expect(await receipt()).to.include({ outputCount: 400n, complete: true });
    expect(second.generation.tokens.slice(0, length)).to.deep.equal(first.generation.tokens.slice(0, length));
  });

  it("what a queued client left is not computed, and leaves nothing behind", async () => {
    hold();
    const store = memoryStore();
    const places = [1, 2].map((salt) => termsOf(BigInt(salt + 10)));
    const others: AnswerReader[] = [];
    for (const other of places) {
      const otherId = channelIdOf(other, contract);
      const { chain } = storage.channel(id)!;
      storage.addChannel({ id: otherId, stage: "open", terms: other, chain });
      await desk.books.of(storage.channel(otherId)!).noteDeposit(DEPOSIT);
      const mine = new ClientChannel({
        terms: other,
        contract,
        store,
        signer: voucherKey,
        receiptKeyUntil: inUse,
      });
      await mine.noteDeposit(DEPOSIT);
      const asked = request();
      const voucher = await mine.request({ ...asked, inputRoot: inputRootOf(asked), limit: 1_000n });
      others.push(await desk.request(otherId, message(asked, voucher)));
    }
    await eventually(() => runs === 2, "both places are taken");
    const reader = await send();
    await reader.leave();
    expect(await receipt()).to.equal(undefined);
    expect(desk.counts).to.deep.equal({ running: 2, waiting: 0 });
    start();
    for (const other of others) await atRest(other);
    const next = await send(request(3));
    await atRest(next);
    await next.finish();
    expect(storage.answer(id, 1)).to.equal(null);
    expect(storage.answer(id, 2)!.tokens).to.have.length(3);
  });

  it("a client that asks while its last answer is signed waits its turn; one that reads it to its end pays and goes on", async () => {
    const asked = request();
    const reader = await send(asked);
    await atRest(reader);
    const given = (await reader.finish())!;
    await reader.leave();
    await client.acknowledge(given, {
      ...{ modelRoot: asked.modelRoot, inputRoot: inputRootOf(asked), complete: true, price: 15n },
      ...{ outputTokensRoot: tokensRoot(reader.generation.tokens), outputCount: 12 },
    });
    const next = await send(request(3));
    await atRest(next);
    expect((await next.finish())!.message.nonce).to.equal(2n);
  });

  for (const stage of ["closed", "ended"] as const) {
    it(`a channel that is ${stage} cannot be brought back with another last voucher: its stake gets free`, async () => {
      const last = await client.settleUp();
      expect(await desk.close(id, last)).to.deep.equal({ channel: id, amount: 0n });
      expect(storage.channel(id)!.stage).to.equal("closing");
      storage.changeChannel(id, { stage });
      expect(await codeOf(desk.close(id, await client.settleUp()))).to.equal("ChannelNotOpen");
      expect(await codeOf(desk.close(id, last))).to.equal("done");
      expect(storage.channel(id)!.stage).to.equal(stage);
    });
  }

  it("an answer whose receipt cannot be stored is a line in the log, and not the end of the worker", async () => {
    const reader = await send();
    await atRest(reader);
    const { putAnswer } = storage;
    storage.putAnswer = () => {
      throw new Error("disk full");
    };
    await reader.leave();
    storage.putAnswer = putAnswer;
    expect(log.of("answer.failed")).to.deep.equal([{ channel: id, code: "Error", message: "disk full" }]);
    // The next request finds what is owed.
    expect(await codeOf(send(request(3)))).to.equal("VoucherRefused");
    expect(await receipt()).to.include({ outputCount: 12n });
  });

  for (const [name, change, code] of [
    ["pays less than the offer", { prices: { ...prices, outputPrice: 1n } }, "PriceTooLow"],
    ["claims to have paid tokens that it has not", { paidTokens: 3 }, "ContinuationMismatch"],
    ["asks to be sent what it does not pay", { from: 13 }, "BadRequest"],
  ] as const) {
    it(`a client that ${name} is refused: ${code}`, async () => {
      const asked = request();
      const sent = { ...message(asked, await voucherFor(asked)), ...change };
      expect(await codeOf(desk.request(id, sent))).to.equal(code);
      expect(runs).to.equal(0);
    });
  }

  it("a client whose limit pays for no token is refused: LimitTooLow", async () => {
    expect(await codeOf(send(request(), 3n))).to.equal("LimitTooLow");
  });

  it("whoever cannot sign for a channel holds up nobody in it", async () => {
    const asked = request();
    const voucher = await voucherFor(asked);
    const forged = { ...voucher, signature: `0x${"11".repeat(64)}1b` };
    const attempt = desk.request(id, message(asked, forged));
    const closing = desk.close(id, {
      message: { ...(await client.settleUp()).message },
      signature: forged.signature,
    });
    const served = desk.request(id, message(asked, voucher));
    expect(await Promise.all([attempt, closing].map(codeOf))).to.deep.equal([
      "VoucherRefused",
      "VoucherRefused",
    ]);
    await atRest(await served);
  });

  for (const stage of ["closing", "closed", "ended"] as const) {
    it(`a voucher sent again has nothing computed in a channel that is ${stage}; what is there is sent`, async () => {
      const asked = request();
      const voucher = await voucherFor(asked);
      hold();
      const reader = await desk.request(id, message(asked, voucher));
      await eventually(() => runs === 1, "the model has begun");
      // As a worker that is killed: there is no receipt.
      storage.changeChannel(id, { stage });
      expect(await codeOf(desk.request(id, message(asked, voucher)))).to.equal("ChannelNotOpen");
      start();
      await atRest(reader);
      await reader.leave();
      const again = await desk.request(id, message(asked, voucher));
      expect(again.generation.isAtRest).to.equal(true);
      expect((await again.finish())!.message.outputCount).to.equal(12n);
      expect(runs).to.equal(1);
    });
  }

  it("acceptances count as open channels while they can open one, each once", async () => {
    const terms = termsOf(2n);
    // One is open, and two are the most.
    for (const proposed of [terms, terms]) expect(await codeOf(desk.accept(proposed))).to.equal("done");
    expect(await codeOf(desk.accept(termsOf(3n)))).to.equal("ProviderBusy");
  });

  it("acceptances count against the stake that is free", async () => {
    storage.changeChannel(id, { stage: "closed" });
    desk.setConditions({ ...desk.conditions!, freeStake: 900n });
    expect(await codeOf(desk.accept(termsOf(2n)))).to.equal("done");
    expect(await codeOf(desk.accept(termsOf(3n)))).to.equal("ProviderBusy");
  });

  it("no channel is accepted while the provider takes no work or channels are paused, and the open one is served", async () => {
    const now = BigInt(Math.floor(Date.now() / 1_000));
    for (const change of [{ takesWork: false }, { pausedUntil: now + 3_600n }]) {
      const before = desk.conditions!;
      desk.setConditions({ ...before, ...change });
      expect(await codeOf(desk.accept(termsOf(2n)))).to.equal("ProviderBusy");
      desk.setConditions(before);
    }
    desk.setConditions({ ...desk.conditions!, takesWork: false, pausedUntil: now + 3_600n });
    expect(await codeOf(send())).to.equal("done");
    desk.setConditions({ ...desk.conditions!, takesWork: true, pausedUntil: now - 60n });
    expect(await codeOf(desk.accept(termsOf(2n)))).to.equal("done");
  });

  it("a client is told that the model failed, and the log why", async () => {
    mayStart = Promise.reject(new Error("/secret/path of the model"));
    mayStart.catch(() => undefined);
    const text = await new Response(answerStream(await send())).text();
    expect(text).to.contain("The model failed.").and.not.contain("secret");
    expect(log.of("answer.failed")[0]).to.have.property("message").that.contains("secret");
  });

  it("closing while a request arrives is refused, and takes nothing away from it", async () => {
    const asked = request();
    const arriving = desk.request(id, message(asked, await voucherFor(asked)));
    expect(await codeOf(desk.close(id, await client.settleUp()))).to.equal("ChannelBusy");
    const reader = await arriving;
    await atRest(reader);
    expect((await reader.finish())!.message.outputCount).to.equal(12n);
  });

  it("a request that arrives while its channel closes is refused", async () => {
    const asked = request();
    const last = await client.settleUp();
    const later = await voucherFor(asked);
    const closing = desk.close(id, last);
    expect(await codeOf(desk.request(id, message(asked, later)))).to.equal("ChannelBusy");
    await closing;
    expect(storage.channel(id)!.stage).to.equal("closing");
  });
});
