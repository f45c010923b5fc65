import { generate, tokensRoot } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { expect } from "chai";
import { join } from "node:path";
import { withContent } from "../contents/job-contents.ts";
import { eventually } from "../testing/eventually.ts";
import { failFor, gate } from "../testing/slow-runner.ts";
import { setUpWorld } from "../testing/world.ts";

describe("runProvider", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  it("takes a job from its creation to its payment", async () => {
    const { chain, request, owner } = world;
    const { contracts } = chain;
    const { log, storage } = await world.start();
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(await chain.status(id)).to.equal("Submitted");
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");

    expect(await chain.status(id)).to.equal("Finalized");
    const names = log.events.map(({ event }) => event).filter((event) => event.startsWith("job."));
    expect(names.filter((name) => name !== "job.progress")).to.deep.equal([
      ...["job.seen", "job.running", "job.computed", "job.submitting", "job.submitted"],
      ...["job.collecting", "job.collected"],
    ]);
    expect(log.of("job.progress", id)[0]).to.deep.include({ tokens: 4, maxTokens: 12 });
    const job = storage.job(id)!;
    const { available } = await contracts.vault.accountOf(contracts.deployment.ath, owner.address);
    expect(job.earned! + job.terms.exitBounty, "earnings and bounty").to.equal(available);
    expect(storage.gasTotals().transactions).to.equal(2);
  });

  it("submits exactly what the model generates", async () => {
    const { chain, request, folder, start } = world;
    const { log } = await start();
    const id = await chain.createJob(request({ prompt: [9, 8, 7, 6], maxTokens: 40 }));
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    const model = await loadModel(join(folder.path, "model"));
    const { tokens } = await generate(model, { prompt: [9, 8, 7, 6], maxTokens: 40 });
    expect(await chain.outputOf(id)).to.deep.equal(tokens);
  });

  it("samples as the client asked, to its stop sequence", async () => {
    const { chain, request, folder, start } = world;
    const model = await loadModel(join(folder.path, "model"));
    const { log, storage } = await start();
    const sampled = {
      ...{
        minTokens: 12,
        temperature: 1_300,
        topK: 30,
        topP: 9_900,
        repetitionPenalty: 1_200,
        seed: 2n ** 64n - 5n,
      },
    };
    const asked = { prompt: [9, 8, 7, 6], maxTokens: 40, ...sampled };
    const { tokens: free } = await generate(model, asked);
    expect(free.length, "tokens without a stop sequence").to.be.greaterThan(16);
    const stopSequences = [[1, 1, 1], free.slice(13, 16)];
    const generation = { ...sampled, stopSequences };
    const id = await chain.createJob(request({ prompt: asked.prompt, maxTokens: 40, generation }));
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(storage.job(id)!.generation).to.deep.equal({ maxTokens: 40, ...generation });
    expect(await chain.outputOf(id)).to.deep.equal(free.slice(0, 16));
  });

  it("runs two jobs at once and collects both in one transaction", async () => {
    const { chain, request, start, runner } = world;
    const gated = gate(runner);
    const { log, context } = await start({ runners: [gated] });
    const ids = [await chain.createJob(request()), await chain.createJob(request({ prompt: [3, 4] }))];
    await eventually(() => gated.requests.length === 2, "both running");
    expect(context.running.size).to.equal(2);
    gated.allow(24);
    await eventually(() => log.of("job.submitted").length === 2, "both submitted");
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected").length === 2, "both collected");
    const transactions = new Set(log.of("job.collected").map(({ transactionHash }) => transactionHash));
    expect(transactions.size, "transactions").to.equal(1);
    expect(log.of("job.collected").map(({ jobId }) => jobId)).to.have.members(ids);
  });

  it("starts no more jobs than may run at once; the others wait", async () => {
    const { chain, request, start, runner } = world;
    const gated = gate(runner);
    const { log, storage } = await start({ runners: [gated], limits: { maxConcurrentJobs: 1 } });
    for (let count = 0; count < 3; count++) await chain.createJob(request());
    await eventually(() => log.of("job.seen").length === 3, "all seen");
    await eventually(() => gated.requests.length === 1, "one running");
    expect(storage.jobCount(["seen"])).to.equal(2);
    gated.allow(36);
    await eventually(() => log.of("job.submitted").length === 3, "all submitted");
  });

  it("lets one bad job fail alone, and gives it back", async () => {
    const { chain, request, start, runner } = world;
    const doomed = failFor(runner, ({ prompt }) => prompt[0] === 13);
    const { log, storage } = await start({ runners: [doomed] });
    const bad = await chain.createJob(request({ prompt: [13, 1] }));
    const good = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", good).length === 1, "the good one submitted");
    await eventually(() => log.of("job.declined", bad).length === 1, "the bad one declined");
    expect(log.of("job.failed", bad)).to.have.length(3);
    expect(log.of("job.failed", bad)[0]).to.deep.include({
      code: "MODEL_PROCESS_FAILED",
      remedy: "Add memory.",
    });
    expect(storage.job(bad)!.reason).to.equal("the model failed: MODEL_PROCESS_FAILED");
    expect(await chain.status(bad)).to.equal("Declined");
  });

  it("collects what somebody else finalised, without a transaction of its own", async () => {
    const { chain, request, start } = world;
    const { log, storage } = await start();
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    const { terms } = storage.job(id)!;
    const tokens = await chain.outputOf(id);
    chain.rpc.fault = () => true;
    await chain.pass(4_000);
    await chain.contracts.jobEscrow.finalize(
      terms,
      { count: tokens.length, tokensRoot: tokensRoot(tokens) },
      terms.provider,
    );
    chain.rpc.fault = () => false;
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    expect(storage.gasTotals().transactions, "transactions of its own").to.equal(1);
    expect(storage.job(id)!.earned! > 0n, "earned").to.equal(true);
  });

  it("takes jobs paid in the stablecoin", async () => {
    const { chain, request, start } = world;
    await chain.fundStablecoin(1_000);
    const { log, storage } = await start();
    const id = await chain.createJob(request({ token: chain.stablecoin }));
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    expect(log.of("job.collected", id)[0]!["earned"]).to.match(/ mUSD$/);
    expect(storage.job(id)!.earned! > 0n).to.equal(true);
  });

  it("outlives an outage of the RPC service", async () => {
    const { chain, request, start } = world;
    const { log } = await start();
    await eventually(() => log.of("ready").length === 1, "ready");
    chain.rpc.fault = (method) => (method === "eth_getBlockByNumber" ? "cut" : true);
    await eventually(() => log.of("chain.unreachable").length >= 2, "unreachable");
    expect(log.of("chain.unreachable")[0]).to.include.keys("code", "message", "retryInSeconds");
    const id = await chain.createJob(request());
    chain.rpc.fault = () => false;
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(log.of("chain.reachable")).to.have.length(1);
  });

  it("submits once although the answer to the submission got lost", async () => {
    const { chain, request, start, operator } = world;
    const { log } = await start();
    await eventually(() => log.of("ready").length === 1, "ready");
    chain.rpc.loseAnswerTo = "eth_sendRawTransaction";
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(await chain.count("ResultSubmitted", id)).to.equal(1);
    expect(await chain.transactionsOf(operator.address)).to.equal(1);
  });

  it("says what is missing when the operator cannot pay, and goes on when it can", async () => {
    const { chain, request, start, operator } = world;
    await chain.fund(operator.address, "0");
    const { log } = await start();
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.failed", id).length >= 1, "failed");
    expect(log.of("job.failed", id)[0]).to.deep.include({
      code: "OPERATOR_FUNDS_TOO_LOW",
      state: "computed",
    });
    await chain.fund(operator.address);
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
  });

  it("finds its open jobs on chain when the database is lost", async () => {
    const { chain, request, start } = world;
    const first = await start();
    const id = await chain.createJob(request());
    await eventually(() => first.log.of("job.submitted", id).length === 1, "submitted");
    const output = await chain.outputOf(id);
    await first.stop();
    const { context, log, storage } = await start();
    await eventually(() => log.of("job.submitted", id).length === 1, "found");
    expect((await withContent(context, storage.job(id)!)).tokens).to.deep.equal(output);
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    expect(await chain.count("ResultSubmitted", id)).to.equal(1);
  });
});
