import { decodeReceipt } from "@athanor/sdk/channels";
import { expect } from "chai";
import { asOwner, openChannel, prepareChannels, readAnswer } from "../testing/channel.ts";
import { movableClock, type MovableClock } from "../testing/clock.ts";
import { eventually } from "../testing/eventually.ts";
import { setUpWorld } from "../testing/world.ts";

describe("settleChannels", function () {
  this.timeout(120_000);
  const world = setUpWorld();
  const DAY = 86_400;

  beforeEach(() => prepareChannels(world));

  it("settles a receipt that grew old while the daemon was down", async () => {
    const { chain, start, database } = world;
    const file = database();
    const clock = movableClock();
    const first = await start({ channels: {}, database: file, clock });
    const channel = await openChannel(world, first);
    const price = await readAnswer(first, channel.id, await channel.ask());
    expect(await channel.paid()).to.equal(0n);
    await first.stop();
    // Half of the receipt's life is over: the escrow takes it no more.
    await chain.pass((DAY * 3) / 5);
    clock.skip(((DAY * 3) / 5) * 1_000);
    const second = await start({ channels: {}, database: file, clock });
    await eventually(async () => (await channel.paid()) === price, "the receipt is paid");
    const { book } = second.storage.channel(channel.id)!;
    const expiry = Number(decodeReceipt(book!.receipt!).message.expiry);
    const kept = second.storage.answer(channel.id, book!.nonce)!.expiry;
    expect(kept, "what defends the receipt is kept as long").to.be.at.least(expiry);
  });

  it("settles what is acknowledged when the receipt cannot be settled", async () => {
    const { start, operator } = world;
    const daemon = await start({ channels: {} });
    const channel = await openChannel(world, daemon);
    const request = await channel.ask();
    const price = await readAnswer(daemon, channel.id, request);
    const { book } = daemon.storage.channel(channel.id)!;
    const receipt = decodeReceipt(book!.receipt!);
    const { message } = receipt;
    await channel.client.acknowledge(receipt, {
      ...message,
      outputCount: Number(message.outputCount),
    });
    await readAnswer(daemon, channel.id, await channel.ask(5));
    const { channelEscrow } = asOwner(world);
    await (await channelEscrow.removeReceiptKey(operator.address)).wait();
    await channel.channels.startClosing(channel.terms);
    await eventually(async () => (await channel.paid()) === price, "the acknowledged part is paid");
  });

  it("closes a channel whose settlement ended while the daemon was down", async () => {
    const { chain, start, database } = world;
    const file = database();
    const clock = movableClock();
    const first = await start({ channels: {}, database: file, clock });
    const channel = await openChannel(world, first);
    await readAnswer(first, channel.id, await channel.ask());
    first.storage.changeChannel(channel.id, { stage: "closing", notBefore: clock.now() + 3_600_000 });
    await first.stop();
    await chain.pass(30 * DAY + 60);
    clock.skip((30 * DAY + 60) * 1_000);
    const second = await start({ channels: {}, database: file, clock });
    await eventually(() => second.storage.channel(channel.id)!.stage === "closed", "closed");
  });

  it("takes no new voucher while the chain is out of reach, and says so", async () => {
    const { chain, start } = world;
    const clock = movableClock();
    const daemon = await start({ channels: {}, clock });
    const channel = await openChannel(world, daemon);
    const desk = daemon.context.desk!;
    const first = await channel.ask();
    await readAnswer(daemon, channel.id, first);
    chain.rpc.fault = () => true;
    await eventually(() => daemon.log.of("chain.unreachable").length > 0, "an outage");
    clock.skip(301_000);
    expect(desk.seesChain).to.equal(false);
    const refusal: unknown = await desk
      .request(channel.id, await channel.ask())
      .catch((error: unknown) => error);
    expect(refusal).to.deep.include({ code: "ChainUnreachable", status: 503, retryAfter: 60 });
    await readAnswer(daemon, channel.id, first);
    chain.rpc.fault = () => false;
    await eventually(() => desk.seesChain, "the chain is back");
  });

  it("serves no channel whose opening a reorganisation removed", async () => {
    const { chain, start } = world;
    const daemon = await start({ channels: {} });
    const before = await chain.snapshot();
    const channel = await openChannel(world, daemon);
    await before();
    await chain.mine(8);
    await eventually(() => daemon.storage.channel(channel.id)!.stage === "gone", "gone");
    const asked = daemon.context.desk!.request(channel.id, await channel.ask());
    const refusal: unknown = await asked.catch((error: unknown) => error);
    expect(refusal).to.deep.include({ code: "ChannelNotOpen", status: 409 });
  });

  it("settles while prices cannot be read", async () => {
    const { start } = world;
    const daemon = await start({ channels: {}, clock: movableClock() });
    const channel = await openChannel(world, daemon);
    const price = await readAnswer(daemon, channel.id, await channel.ask());
    const { desk, clock } = daemon.context;
    desk!.setConditions = () => {
      throw new RangeError("the price is too large");
    };
    (clock as MovableClock).skip(16_000);
    await eventually(() => daemon.log.of("warning").length > 0, "the failure is said");
    await channel.channels.startClosing(channel.terms);
    await eventually(async () => (await channel.paid()) === price, "the receipt is paid");
  });
});
