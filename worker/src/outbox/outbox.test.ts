import { expect } from "chai";
import { Transaction } from "ethers";
import { eventually } from "../testing/eventually.ts";
import { movableClock } from "../testing/clock.ts";
import { setUpWorld } from "../testing/world.ts";

describe("the outbox", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  afterEach(() => world.chain.automine(true));

  it("raises the fee of a stuck transaction; one of the two is mined", async () => {
    const { chain, request, start, operator } = world;
    const clock = movableClock();
    const { log, storage } = await start({ clock });
    await eventually(() => log.of("ready").length === 1, "ready");
    const id = await chain.createJob(request());
    await chain.automine(false);
    await eventually(() => log.of("transaction.sent").length === 1, "sent");
    clock.skip(61_000);
    await eventually(() => log.of("transaction.sent").length === 2, "bumped and sent");
    expect(log.of("transaction.bumped")).to.have.length(1);
    const [first, second] = storage
      .pendingTransactions()[0]!
      .attempts.map(({ raw }) => Transaction.from(raw));
    expect(second!.nonce).to.equal(first!.nonce);
    expect(second!.maxFeePerGas! * 100n >= first!.maxFeePerGas! * 110n, "a tenth more").to.equal(true);
    expect(second!.maxPriorityFeePerGas! * 100n >= first!.maxPriorityFeePerGas! * 110n).to.equal(true);
    await chain.mine(1);
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(await chain.transactionsOf(operator.address)).to.equal(1);
    expect(log.of("job.submitted", id)[0]!["transactionHash"]).to.equal(second!.hash);
  });

  it("sends again what the node has forgotten", async () => {
    const { chain, request, start, operator } = world;
    const clock = movableClock();
    const { log, storage } = await start({ clock });
    await eventually(() => log.of("ready").length === 1, "ready");
    const id = await chain.createJob(request());
    await chain.automine(false);
    await eventually(() => log.of("transaction.sent").length === 1, "sent");
    await chain.drop(storage.pendingTransactions()[0]!.attempts[0]!.hash);
    clock.skip(6_000);
    await eventually(() => log.of("transaction.sent").length === 2, "sent again");
    expect(storage.pendingTransactions()[0]!.attempts).to.have.length(1);
    await chain.mine(1);
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(await chain.transactionsOf(operator.address)).to.equal(1);
  });

  it("begins anew when somebody else used its nonce", async () => {
    const { chain, request, start, operator } = world;
    const { log, storage } = await start();
    await eventually(() => log.of("ready").length === 1, "ready");
    const id = await chain.createJob(request());
    await chain.automine(false);
    await eventually(() => log.of("transaction.sent").length === 1, "sent");
    await chain.drop(storage.pendingTransactions()[0]!.attempts[0]!.hash);
    const other = operator.connect(chain.connection.ethers.provider);
    await other.sendTransaction({ to: operator.address, value: 1n, nonce: 0, gasLimit: 21_000n });
    await chain.mine(1);
    await chain.automine(true);
    await eventually(() => log.of("transaction.lost").length === 1, "lost");
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(await chain.count("ResultSubmitted", id)).to.equal(1);
  });

  it("has several transactions under way at once, each with its own nonce", async () => {
    const { chain, request, start, operator } = world;
    const { log, storage } = await start();
    await eventually(() => log.of("ready").length === 1, "ready");
    const ids = [await chain.createJob(request()), await chain.createJob(request({ prompt: [8] }))];
    await chain.automine(false);
    await eventually(() => log.of("transaction.sent").length === 2, "both sent");
    expect(storage.pendingTransactions().map(({ nonce }) => nonce)).to.deep.equal([0, 1]);
    await chain.mine(1);
    await eventually(() => log.of("job.submitted").length === 2, "both submitted");
    for (const id of ids) expect(await chain.count("ResultSubmitted", id)).to.equal(1);
    expect(await chain.transactionsOf(operator.address)).to.equal(2);
  });
});
