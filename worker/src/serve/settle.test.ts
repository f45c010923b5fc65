import { decodeReceipt } from "@athanor/sdk/channels";
import { expect } from "chai";
import { asOwner, openChannel, prepareChannels, readAnswer } from "../testing/channel.ts";
import { movableClock } from "../testing/clock.ts";
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
});
