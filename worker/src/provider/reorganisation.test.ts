import { expect } from "chai";
import { withContent } from "../contents/job-contents.ts";
import { eventually } from "../testing/eventually.ts";
import { gate } from "../testing/slow-runner.ts";
import { setUpWorld } from "../testing/world.ts";

describe("a reorganisation", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  it("of a job's creation ends the job", async () => {
    const { chain, request, start, runner, operator } = world;
    const { log, storage } = await start({ runners: [gate(runner)] });
    await eventually(() => log.of("ready").length === 1, "ready");
    const undo = await chain.snapshot();
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.running", id).length === 1, "running");
    chain.rpc.fault = () => true;
    await undo();
    await chain.mine(3);
    chain.rpc.fault = () => false;
    await eventually(() => log.of("job.missed", id).length === 1, "missed");
    expect(log.of("chain.reorganised")).to.have.length(1);
    expect(storage.job(id)!.reason).to.equal("its creation is no longer on chain");
    expect(await chain.transactionsOf(operator.address)).to.equal(0);
  });

  it("of a submission submits the same output again", async () => {
    const { chain, request, start, operator } = world;
    const { log, storage, context } = await start();
    await eventually(() => log.of("ready").length === 1, "ready");
    const id = await chain.createJob(request());
    const undo = await chain.snapshot();
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    const { tokens: output } = await withContent(context, storage.job(id)!);
    chain.rpc.fault = () => true;
    await undo();
    await chain.mine(3);
    expect(await chain.status(id), "as the reorganised chain has it").to.equal("Created");
    chain.rpc.fault = () => false;
    await eventually(() => log.of("job.submitted", id).length === 2, "submitted again");
    expect(log.of("job.reopened", id).length + log.of("job.computed", id).length, "reopened").to.equal(2);
    expect((await withContent(context, storage.job(id)!)).tokens).to.deep.equal(output);
    expect(await chain.transactionsOf(operator.address), "on the chain that counts").to.equal(1);
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    expect(context.running.size).to.equal(0);
  });

  it("of a payment collects it again", async () => {
    const { chain, request, start, owner } = world;
    const { log, storage } = await start();
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    const undo = await chain.snapshot();
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    chain.rpc.fault = () => true;
    await undo();
    await chain.mine(5);
    chain.rpc.fault = () => false;
    await eventually(() => storage.job(id)!.state === "submitted", "reopened");
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 2, "collected again");
    const { deployment, vault } = chain.contracts;
    const { available } = await vault.accountOf(deployment.ath, owner.address);
    const { earned, terms } = storage.job(id)!;
    expect(available, "paid once").to.equal(earned! + terms.exitBounty);
  });

  it("shallower than the confirmations goes unnoticed", async () => {
    const { chain, request, start } = world;
    const { log } = await start({ confirmations: 4 });
    await eventually(() => log.of("ready").length === 1, "ready");
    const undo = await chain.snapshot();
    const dropped = await chain.createJob(request());
    await new Promise((resolve) => setTimeout(resolve, 300));
    await undo();
    const id = await chain.createJob(request({ prompt: [4, 4] }));
    await chain.mine(4);
    await eventually(() => log.of("job.seen", id).length === 1, "seen");
    expect(log.of("job.seen", dropped)).to.have.length(0);
    expect(log.of("chain.reorganised")).to.have.length(0);
    await eventually(() => log.of("transaction.sent").length === 1, "sent");
    expect(log.of("job.submitted", id)).to.have.length(0);
    await chain.mine(4);
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
  });
});
