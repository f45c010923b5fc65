import {
  burstHash,
  burstRequest,
  ExamClient,
  encodeRequest,
  inputRootOf,
  receiptDigest,
  ReceiptTree,
  requestHashOf,
  signReceipt,
  signVoucher,
  tokensRoot,
  type Burst,
  type ExamLine,
  type ExamRequest,
  type Receipt,
} from "@athanor/sdk/channels";
import { encodeExamEvidence } from "@athanor/sdk/checkers";
import { AthanorError, toAthanorError } from "@athanor/sdk/protocol";
import { decodeTokens } from "@athanor/engine/commitments";
import { expect } from "chai";
import { decodeBase64, id, recoverAddress, Wallet, ZeroHash } from "ethers";
import { systemClock } from "../clock.ts";
import { openChannel, prepareChannels, readAnswer, type TestChannel } from "../testing/channel.ts";
import { gatherCrowd, type Crowd, type Member } from "../testing/checkers.ts";
import type { TestDaemon, TestDaemonOptions } from "../testing/daemon.ts";
import { eventually } from "../testing/eventually.ts";
import { gate } from "../testing/slow-runner.ts";
import { setUpWorld } from "../testing/world.ts";
import { ExamDesk, type ExamDeskOptions } from "./exam-desk.ts";
import { ExamRules } from "./exam-rules.ts";
import { routes } from "./routes.ts";
import { listen } from "./server.ts";

const burstOf = (modelRoot: string, changes: Partial<Burst> = {}): Burst => ({
  ...{ seed: id("seed"), modelRoot, count: 9, promptTokens: 6, outputTokens: 5 },
  ...changes,
});

/** A provider daemon behind HTTP, in an epoch in which the chain examines it, and checkers that committed to the epoch. */
describe("exams of a provider's hardware", function () {
  this.timeout(120_000);
  const world = setUpWorld();
  let crowd: Crowd;
  let epoch: number;
  let daemon: TestDaemon;
  let exams: ExamDesk;
  let url: string;
  /** Opened before the provider had to wait for its exam, and the database that knows them. */
  let channel: TestChannel;
  let second: TestChannel;
  let database: string;
  const closers: (() => unknown)[] = [];

  before(async function () {
    this.timeout(120_000);
    await prepareChannels(world);
    crowd = await gatherCrowd(world.chain, 17);
    database = world.database();
    const before = await world.start({ channels: {}, database });
    channel = await openChannel(world, before);
    second = await openChannel(world, before);
    await before.stop();
    await crowd.toEpoch(2);
    await crowd.nextEpoch();
    await crowd.contracts.hardwareExams.enter(world.owner.address);
    epoch = await crowd.nextEpoch();
  });

  beforeEach(async () => serve());
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function serve(
    options: Partial<TestDaemonOptions> = {},
    limits: Pick<ExamDeskOptions, "longestBurst" | "startWithin"> = {},
  ): Promise<void> {
    daemon = await world.start({ channels: {}, ...options });
    const { context, storage, log } = daemon;
    const desk = context.desk!;
    await eventually(() => desk.seesChain && desk.conditions !== undefined, "it serves");
    const rules = (await ExamRules.connect(context.chain, context.owner, systemClock))!;
    exams = new ExamDesk({ context, desk, signer: context.operator, rules, ...limits });
    const app = routes({ desk, exams, storage, log, clock: systemClock, isHealthy: () => true });
    const server = await listen(app, { ...desk.settings, port: 0 });
    url = server.url;
    closers.push(server.close, () => exams.stop());
  }

  const contract = () => ({
    chainId: BigInt(world.chain.chainId),
    escrow: world.chain.contracts.deployment.channelEscrow,
  });
  const clientOf = ({ operator }: Member, provider = world.owner.address) =>
    new ExamClient({
      ...{ provider, endpoint: url, contract: contract(), signer: operator },
      allowInsecureEndpoints: true,
    });
  const examOf = ({ owner }: Member, burst: Burst, changes: Partial<ExamRequest["exam"]> = {}) => ({
    ...{ checker: owner.address, epoch, blinding: id(owner.address), burst: burstHash(burst) },
    ...changes,
  });
  const enter = (member: Member, burst: Burst, changes: Partial<ExamRequest["exam"]> = {}) =>
    clientOf(member).enter(examOf(member, burst, changes));

  async function linesOf(member: Member, exam: string, burst: Burst): Promise<ExamLine[]> {
    const lines: ExamLine[] = [];
    for await (const line of clientOf(member).burst(exam, burst)) lines.push(line);
    return lines;
  }

  /** A whole exam: its receipts, and the tokens by request. */
  async function take(member: Member, burst = burstOf(world.modelRoot)) {
    const { exam } = await enter(member, burst);
    const lines = await linesOf(member, exam, burst);
    const tokens = Array.from({ length: burst.count }, () => [] as number[]);
    for (const line of lines) {
      if (line.type !== "tokens") continue;
      expect(line.first).to.equal(tokens[line.request]!.length);
      tokens[line.request]!.push(...decodeTokens(decodeBase64(line.chunk)));
    }
    expect(lines.at(-1)).to.deep.equal({ type: "end" });
    const receipts = lines.flatMap((line) => (line.type === "receipt" ? [line.receipt] : []));
    return { exam, receipts, tokens };
  }

  const codeOf = (action: Promise<unknown>): Promise<unknown> =>
    action.then(
      () => "done",
      (error: unknown) =>
        error instanceof AthanorError ? (error.values["providerCode"] ?? error.code) : String(error),
    );
  const proven = (member: Member, evidence: string, of = epoch) =>
    crowd.contracts.askedEvidence.countOf(of, member.owner, world.owner.address, true, evidence);

  it("a checker's burst is answered for nothing, and its receipts prove that to the chain, for this checker and epoch alone", async () => {
    const [member, other] = crowd.members as [Member, Member];
    const burst = burstOf(world.modelRoot);
    const { exam, receipts, tokens } = await take(member, burst);
    expect(tokens.map(({ length }) => length)).to.deep.equal(Array(9).fill(5));
    expect(receipts).to.have.length(9);
    for (const [index, { message, signature }] of receipts.entries()) {
      const { vocabularySize } = world.runner.commitment;
      expect(message).to.include({
        ...{ channel: exam, nonce: BigInt(index + 1), modelRoot: world.modelRoot, price: 0n, complete: true },
        inputRoot: inputRootOf(burstRequest(burst, index, vocabularySize)),
        ...{ outputTokensRoot: tokensRoot(tokens[index]!), outputCount: 5n },
      });
      const signer = recoverAddress(receiptDigest(contract(), message), signature);
      expect(signer).to.equal(world.operator.address);
    }
    const evidence = encodeExamEvidence({
      blinding: id(member.owner.address),
      receipts: receipts.map(({ message }) => message),
      signatures: receipts.map(({ signature }) => signature),
    });
    expect(await proven(member, evidence)).to.equal(9n);
    expect(await proven(other, evidence)).to.equal(0n);
    expect(await proven(member, evidence, epoch + 1)).to.equal(0n);
    expect(daemon.log.of("exam.receipts")[0]).to.include({ answered: 9, asked: 9 });
  });

  it("a burst gets no more receipts than a report can show", async () => {
    const burst = burstOf(world.modelRoot, { count: 70, promptTokens: 1, outputTokens: 1 });
    const { receipts, tokens } = await take(crowd.members[0]!, burst);
    expect(receipts).to.have.length(64);
    expect(tokens.every(({ length }) => length === 1)).to.equal(true);
  });

  it("what the time does not suffice for has no receipt, and nobody waits for it", async () => {
    const runner = gate(world.runner);
    await serve({ runners: [runner], channels: { maxConcurrent: 3 } }, { longestBurst: 700 });
    const [member] = crowd.members as [Member];
    const burst = burstOf(world.modelRoot);
    const { exam } = await enter(member, burst);
    const lines = linesOf(member, exam, burst);
    runner.allow(3 * 5);
    const types = (await lines).map(({ type }) => type);
    expect(types.filter((type) => type === "receipt").length).to.be.within(1, 3);
    expect(types.at(-1)).to.equal("end");
    expect(daemon.context.desk!.gate.isOpen).to.equal(true);
  });

  it("a stranger, a checker that did not commit, and one whose key somebody else uses get nothing", async () => {
    const [member] = crowd.members as [Member];
    const idle = crowd.members[16]!;
    const stranger = new Wallet(Wallet.createRandom().privateKey);
    const burst = burstOf(world.modelRoot);
    const codes = [
      codeOf(enter({ ...member, operator: stranger }, burst)),
      codeOf(enter(idle, burst)),
      codeOf(enter({ ...member, operator: crowd.members[1]!.operator }, burst)),
      codeOf(enter(member, burst, { checker: crowd.members[1]!.owner.address })),
      codeOf(clientOf(member, crowd.members[1]!.owner.address).enter(examOf(member, burst))),
    ];
    for (const code of codes) expect(await code).to.equal("AccessDenied");
    expect(daemon.log.of("exam.entered")).to.deep.equal([]);
  });

  it("an exam of another epoch is none", async () => {
    const [member] = crowd.members as [Member];
    for (const other of [epoch - 1, epoch + 1]) {
      expect(await codeOf(enter(member, burstOf(world.modelRoot), { epoch: other }))).to.equal("NotExamined");
    }
  });

  it("a provider that the chain does not examine answers no burst", async () => {
    const [member] = crowd.members as [Member];
    // Nobody commits, so that exams are not held and the wait can be ended; exams of the epoch in which that happens go on.
    await crowd.toEpoch(epoch + 1);
    await crowd.contracts.hardwareExams.lift(world.owner.address);
    const next = await crowd.nextEpoch();
    await eventually(
      async () => (await codeOf(enter(member, burstOf(world.modelRoot), { epoch: next }))) === "NotExamined",
      "the provider sees the epoch",
    );
    expect(await crowd.contracts.hardwareExams.isExamined(next, world.owner.address)).to.equal(false);
    expect(await codeOf(enter(member, burstOf(world.modelRoot), { epoch: next }))).to.equal("NotExamined");
  });

  it("a request that is sent again, after its receipts or with another blinding, gets nothing more", async () => {
    const [member] = crowd.members as [Member];
    const burst = burstOf(world.modelRoot);
    const { exam } = await take(member, burst);
    expect(await codeOf(enter(member, burst))).to.equal("ExamOver");
    expect(await codeOf(enter(member, burst, { blinding: id("another") }))).to.equal("ExamOver");
    expect(await codeOf(linesOf(member, exam, burst))).to.equal("ExamOver");
  });

  it("a restart does not give a checker another exam", async () => {
    const file = world.database();
    await serve({ database: file });
    const [member] = crowd.members as [Member];
    await take(member);
    await daemon.stop();
    await serve({ database: file });
    expect(await codeOf(enter(member, burstOf(world.modelRoot)))).to.equal("ExamOver");
  });

  it("a burst that is not the signed one, or too large, is refused and uses up a try; there are three", async () => {
    const [member, other] = crowd.members as [Member, Member];
    const burst = burstOf(world.modelRoot);
    const large = burstOf(world.modelRoot, { promptTokens: 100_000 });
    const many = burstOf(world.modelRoot, { count: 4_096, promptTokens: 1_000 });
    for (const [signed, sent] of [
      [burst, { ...burst, count: 10 }],
      [large, large],
      [many, many],
    ] as const) {
      const { exam } = await enter(member, signed);
      expect(await codeOf(linesOf(member, exam, sent))).to.equal("RequestRefused");
    }
    expect(await codeOf(enter(member, burst))).to.equal("ExamOver");
    const unknown = burstOf(id("model"));
    const { exam } = await enter(other, unknown);
    expect(await codeOf(linesOf(other, exam, unknown))).to.equal("ModelNotServed");
    await take(other);
  });

  it("one checker at a time has the hardware, and one that hangs up has nothing computed further", async () => {
    const runner = gate(world.runner);
    await serve({ runners: [runner] });
    const [member, other] = crowd.members as [Member, Member];
    const burst = burstOf(world.modelRoot);
    const { exam } = await enter(member, burst);
    expect(await codeOf(enter(other, burst))).to.equal("ProviderBusy");
    runner.allow(1);
    for await (const line of clientOf(member).burst(exam, burst)) {
      expect(line.type).to.equal("tokens");
      break;
    }
    await eventually(() => daemon.context.desk!.gate.isOpen, "the hardware is free again");
    expect(runner.requests.every(({ signal }) => signal.aborted)).to.equal(true);
    runner.allow(1_000);
    await take(other);
  });

  it("a checker that sends no burst keeps the hardware for some seconds only", async () => {
    await serve({}, { startWithin: 1 });
    const [member, other] = crowd.members as [Member, Member];
    const burst = burstOf(world.modelRoot);
    const { startWithin } = await enter(member, burst);
    expect(startWithin).to.equal(1);
    await eventually(async () => (await codeOf(enter(other, burst))) === "done", "the place has lapsed");
  });

  it("a client's answer that is under way ends before the burst begins", async () => {
    const runner = gate(world.runner);
    await serve({ runners: [runner], database });
    const { desk } = daemon.context;
    const first = readAnswer(daemon, channel.id, await channel.ask(2));
    await eventually(() => runner.requests.length === 1, "the answer is under way");
    const entering = enter(crowd.members[0]!, burstOf(world.modelRoot));
    await eventually(() => !desk!.gate.isOpen, "the exam waits");
    expect(desk!.counts.running).to.equal(1);
    runner.allow(2);
    await first;
    await entering;
    expect(desk!.counts.running).to.equal(0);
  });

  it("a client that asks during an exam waits for its end, and then is answered", async () => {
    const runner = gate(world.runner);
    await serve({ runners: [runner], database });
    const { desk } = daemon.context;
    const [member] = crowd.members as [Member];
    const burst = burstOf(world.modelRoot);
    const { exam } = await enter(member, burst);
    const lines = linesOf(member, exam, burst);
    await eventually(() => runner.requests.length > 0, "the burst is under way");
    const answer = readAnswer(daemon, second.id, await second.ask(2));
    await eventually(() => desk!.counts.waiting === 1, "the client waits");
    runner.allow(9 * 5);
    expect((await lines).at(-1)).to.deep.equal({ type: "end" });
    runner.allow(2);
    expect(await answer).to.equal(7n * 10n ** 12n);
  });

  it("a provider that takes work lets clients have three quarters of the time", async () => {
    const { desk } = daemon.context;
    const [member, other] = crowd.members as [Member, Member];
    desk!.setConditions({ ...desk!.conditions!, takesWork: true });
    const burst = burstOf(world.modelRoot);
    await take(member, burst);
    expect(await codeOf(enter(other, burst))).to.equal("ProviderBusy");
    await eventually(async () => (await codeOf(enter(other, burst))) === "done", "their turn is over");
  });

  it("nobody is let in while the node does not answer", async () => {
    world.chain.rpc.fault = () => true;
    const entering = codeOf(enter(crowd.members[0]!, burstOf(world.modelRoot)));
    expect(await entering).to.equal("ChainUnreachable");
    world.chain.rpc.fault = () => false;
    await eventually(
      async () => (await codeOf(enter(crowd.members[0]!, burstOf(world.modelRoot)))) === "done",
      "the node answers again",
    );
  });

  it("no address has more than two requests for exams looked into at a time", async () => {
    const [member] = crowd.members as [Member];
    const burst = burstOf(world.modelRoot);
    const options = { provider: world.owner.address, endpoint: url, contract: contract() };
    const client = new ExamClient({
      ...{ ...options, signer: new Wallet(Wallet.createRandom().privateKey), allowInsecureEndpoints: true },
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          headers: { "content-type": "application/json", "x-forwarded-for": "192.0.2.1" },
        }),
    });
    const codes = await Promise.all(
      Array.from({ length: 12 }, () => codeOf(client.enter(examOf(member, burst)))),
    );
    expect(codes).to.include("TooManyRequests");
    expect(codes).to.include("AccessDenied");
  });

  it("a receipt of an exam settles nothing, is no result to challenge and convicts nobody, where one of a channel does", async () => {
    const { channelEscrow, receiptResults } = world.chain.contracts;
    const { exam, receipts } = await take(crowd.members[0]!);
    expect((await channelEscrow.channelState(exam)).status).to.equal(0n);
    const request = burstRequest(burstOf(world.modelRoot), 0, world.runner.commitment.vocabularySize);
    // At worst: with a price, and the life of a channel's. The provider itself can sign that.
    const expiry = BigInt(await world.chain.now()) + channel.terms.receiptLife - 60n;
    const signed = (id: string, change: Partial<Receipt> = {}) => {
      const receipt = { ...receipts[0]!.message, channel: id, price: 10n, expiry, ...change };
      return signReceipt(world.operator, contract(), receipt);
    };
    const found = async (id: string) => {
      const { message, signature } = await signed(id);
      const voucher = {
        ...{ nonce: message.nonce, amount: 0n, limit: 10n, receiptCount: 0n },
        ...{ requestHash: requestHashOf(message), receiptsRoot: ReceiptTree.empty().root },
      };
      const promise = await signVoucher(channel.voucherKey, contract(), channel.id, voucher);
      const other = await signed(id, { outputTokensRoot: ZeroHash });
      return Promise.all(
        [
          channelEscrow.settleWithReceipt.staticCall(
            ...([channel.terms, voucher, promise.signature, message, signature] as const),
          ),
          receiptResults.present.staticCall(channel.terms, message, signature, encodeRequest(request)),
          receiptResults.reportEquivocation.staticCall(
            ...([channel.terms, message, signature, other.message, other.signature] as const),
            ...([world.owner.address, ZeroHash] as const),
          ),
        ].map((call: Promise<unknown>) =>
          call.then(
            () => "done",
            (error: unknown) => toAthanorError(error).code,
          ),
        ),
      );
    };
    expect(await found(exam)).to.deep.equal(Array(3).fill("ReceiptMismatch"));
    expect(await found(channel.id)).to.deep.equal(["done", "done", "ReportNotCommitted"]);
  });
});
