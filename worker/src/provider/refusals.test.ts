import { expect } from "chai";
import { eventually } from "../testing/eventually.ts";
import { gate } from "../testing/slow-runner.ts";
import { movableClock } from "../testing/clock.ts";
import { setUpWorld } from "../testing/world.ts";

describe("jobs that are not answered", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  it("are declined when they ask for more tokens than configured", async () => {
    const { chain, request, start } = world;
    const { log } = await start({ limits: { maxTokensPerJob: 11 } });
    const id = await chain.createJob(request({ maxTokens: 12 }));
    await eventually(() => log.of("job.declined", id).length === 1, "declined");
    const reason = "12 tokens were asked for, this provider generates at most 11";
    expect(log.of("job.declined", id)[0]).to.deep.include({ reason });
    expect(await chain.status(id)).to.equal("Declined");
  });

  it("are declined when the deadline leaves too little time", async () => {
    const { chain, request, start } = world;
    const { log, storage } = await start({ limits: { minimumSecondsLeft: 120 } });
    const id = await chain.createJob(request({ seconds: 100 }));
    await eventually(() => log.of("job.declined", id).length === 1, "declined");
    expect(storage.job(id)!.reason).to.match(/^\d+ seconds are left, 121 are needed$/);
  });

  it("are declined when the model is not served here any more", async () => {
    const { chain, request, start } = world;
    const { log, storage } = await start({ runners: [] });
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.declined", id).length === 1, "declined");
    expect(storage.job(id)!.reason).to.equal(`the model ${world.modelRoot} is not served here any more`);
  });

  it("are declined when the queue is full, in the order of their deadlines", async () => {
    const { chain, request, start, runner } = world;
    const { log } = await start({
      runners: [gate(runner)],
      limits: { maxConcurrentJobs: 1, maxQueuedJobs: 1 },
    });
    const ids = [];
    for (let count = 0; count < 3; count++) {
      ids.push(await chain.createJob(request({ seconds: 3_000 + 10 * count })));
    }
    await eventually(() => log.of("job.declined").length === 1, "one declined");
    expect(log.of("job.declined")[0]).to.deep.include({
      jobId: ids[2],
      reason: "the queue is full: 1 jobs run, 1 wait",
    });
  });

  it("are left to expire when declining them all would drain the operator", async () => {
    const { chain, request, start, operator } = world;
    const { log, storage } = await start({ runners: [], limits: { declinesPerHour: 1 } });
    await chain.createJob(request());
    await eventually(() => log.of("job.declined").length === 1, "one declined");
    const id = await chain.createJob(request());
    await eventually(() => log.of("warning").length === 1, "the other one left");
    expect(storage.job(id)!.state).to.equal("seen");
    expect(log.of("warning")[0]!["message"]).to.contain("1 jobs were declined within the hour");
    expect(await chain.transactionsOf(operator.address)).to.equal(1);
  });

  it("are late when the generation takes too long; our stake is freed and the bounty ours", async () => {
    const { chain, request, start, runner, owner } = world;
    const { contracts } = chain;
    const clock = movableClock();
    const { log, storage } = await start({ runners: [gate(runner)], clock });
    const id = await chain.createJob(request({ seconds: 600 }));
    await eventually(() => log.of("job.running", id).length === 1, "running");
    await chain.pass(601);
    await eventually(() => log.of("job.late", id).length === 1, "late");
    expect(log.of("job.late", id)[0]).to.deep.include({ reason: "it was not finished in time" });
    expect(await chain.status(id), "left to the client at first").to.equal("Created");

    await eventually(() => storage.job(id)!.notBefore > 0, "looked at, and put off");
    await chain.pass(602);
    await eventually(() => {
      // A round that had read the chain before puts the job off once more.
      if (storage.job(id)!.notBefore > clock.now()) clock.skip(61_000);
      return storage.job(id)!.state === "missed";
    }, "expired");
    expect(await chain.status(id)).to.equal("Expired");
    const { openWork } = await contracts.vault.stakeOf(owner.address);
    expect(openWork, "open work").to.equal(0n);
    const { available } = await contracts.vault.accountOf(contracts.deployment.ath, owner.address);
    expect(available, "bounty").to.equal(storage.job(id)!.terms.exitBounty);
  });

  it("are missed without a transaction of ours when the client expires them", async () => {
    const { chain, request, start, runner, operator } = world;
    const { log, storage } = await start({ runners: [gate(runner)] });
    const id = await chain.createJob(request({ seconds: 60 }));
    await eventually(() => log.of("job.running", id).length === 1, "running");
    await chain.pass(61);
    await chain.contracts.jobEscrow.expire(storage.job(id)!.terms, storage.job(id)!.terms.client);
    await eventually(() => log.of("job.missed", id).length === 1, "missed");
    expect(await chain.transactionsOf(operator.address)).to.equal(0);
  });

  it("do not keep others from being answered, however large they are", async () => {
    const { chain, request, start } = world;
    const { log } = await start();
    const prompt = Array.from({ length: 95 }, (_, index) => 3 + (index % 40));
    const large = await chain.createJob(request({ prompt, maxTokens: 1 }));
    const small = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", large).length === 1, "the large one");
    await eventually(() => log.of("job.submitted", small).length === 1, "the small one");
  });
});
