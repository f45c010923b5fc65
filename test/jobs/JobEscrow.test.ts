// Longer than 400 lines: a job from its creation to each of its ends, in one place.
import { expect } from "chai";
import { concat, keccak256, solidityPackedKeccak256 } from "ethers";
import { JobStatus } from "../../sdk/src/generated/enums.ts";
import { eventsOf, expectOnlyEvent } from "../support/expect.ts";
import { accountOf } from "../support/ledger.ts";
import {
  ATH,
  ATH_BOUNTY,
  ATH_PRICES,
  type Job,
  type Output,
  STAKE_PER_JOB,
  USD,
  USD_PRICES,
  VOCABULARY,
  WINDOW,
  createJob,
  ethers,
  freshSystem,
  jobsCreatedBy,
  passWindow,
  profileOf,
  requestTo,
  submitResult,
  time,
} from "../support/system.ts";
import { packTokens, tokensRoot } from "../support/tokens.ts";

const ceilDiv = (dividend: bigint, divisor: bigint) => (dividend + divisor - 1n) / divisor;
const priceOf = (prices: typeof ATH_PRICES, prompt: bigint, output: bigint) =>
  ceilDiv(prompt * prices.input + output * prices.output, 1_000_000n);
const statusOf = (state: bigint) => Number(state & 0xffn);

describe("JobEscrow.create", () => {
  it("publishes all terms of the job, its seed and prompt, and escrows price and bounty", async () => {
    const system = await freshSystem();
    const { escrow, client, provider, addresses, vault } = system;
    const request = await requestTo(system);
    const created = await escrow.connect(client).create(request);
    const [opened] = await jobsCreatedBy(system, created);
    const { id, job } = opened!;

    const prompt = request.promptTokens as string;
    const inputRoot = solidityPackedKeccak256(
      ["uint8", "uint32", "uint32", "uint64", "uint256", "bytes32", "bytes32"],
      [4, 10, 0, 7, 20, keccak256("0x07"), tokensRoot(prompt)],
    );
    expect(job).to.deep.equal({
      client: client.address,
      salt: request.salt,
      submitDeadline: request.submitDeadline,
      provider: provider.address,
      // 30 positions of 10 million multiply-adds at a billion a second, rounded up.
      challengeWindow: WINDOW + 1n,
      feeBasisPoints: 100n,
      token: addresses.ath,
      exitBounty: ATH_BOUNTY,
      stakeLock: STAKE_PER_JOB,
      inputPrice: ATH_PRICES.input,
      outputPrice: ATH_PRICES.output,
      minimumCharge: ATH / 20n,
      promptTokens: 10n,
      maxTokens: 20n,
      vocabularySize: BigInt(VOCABULARY),
      modelRoot: system.modelRoot,
      inputRoot,
    });
    await expectOnlyEvent(escrow, created, "JobCreated", [
      id,
      client.address,
      provider.address,
      Object.values(job),
      request.seed,
      request.generation,
      prompt,
      request.stopSequences,
    ]);

    const cost = priceOf(ATH_PRICES, 10n, 20n);
    expect(await accountOf(system, addresses.ath, client.address)).to.deep.equal({
      available: 1_000n * ATH - cost - ATH_BOUNTY,
      escrowed: cost + ATH_BOUNTY,
      modules: 2n,
    });
    const stake = await vault.stakeOf(provider);
    expect([stake.staked, stake.locked, stake.openWork]).to.deep.equal([10_000n * ATH, 6_100n * ATH, 1n]);
    expect(statusOf(await escrow.jobState(id))).to.equal(JobStatus.Created);
  });

  it("names a job by the hash of its type, chain, escrow and all its terms", async () => {
    const system = await freshSystem();
    const { escrow, addresses } = system;
    const { id, job } = await createJob(system);
    const head = new ethers.AbiCoder().encode(
      ["bytes32", "uint256", "address"],
      [ethers.id("Athanor.Job"), 31_337, addresses.escrow],
    );
    const terms = escrow.interface.encodeFunctionData("jobIdOf", [job]).slice(10);
    expect(keccak256(concat([head, `0x${terms}`]))).to.equal(id);
    expect(await escrow.jobIdOf(job)).to.equal(id);
  });

  it("gives equal requests with other salts other ids", async () => {
    const system = await freshSystem();
    const [one, two] = [await createJob(system), await createJob(system)];
    expect(one.id).not.to.equal(two.id);
    expect((await system.vault.stakeOf(system.provider)).openWork).to.equal(2n);
  });

  it("takes a request that costs exactly the limit and fills the context exactly", async () => {
    const system = await freshSystem();
    const maxCost = priceOf(ATH_PRICES, 10n, 118n) + ATH_BOUNTY;
    const { job } = await createJob(system, { maxCost, maxTokens: 118 });
    expect(BigInt(job.promptTokens) + BigInt(job.maxTokens)).to.equal(128n);
  });

  it("takes the first and the last deadline that the parameters allow", async () => {
    const system = await freshSystem();
    for (const distance of [30, 86_400]) {
      const now = (await time.latest()) + 10;
      await time.setNextBlockTimestamp(now);
      const { job } = await createJob(system, { submitDeadline: now + distance });
      expect(job.submitDeadline).to.equal(BigInt(now + distance));
    }
  });
});

describe("JobEscrow.submit", () => {
  it("publishes the output with the root that follows from it, in the deadline's last second", async () => {
    const system = await freshSystem();
    const { escrow, operator, provider } = system;
    const opened = await createJob(system);
    const tokens = packTokens([11, 0, VOCABULARY - 1]);
    const deadline = BigInt(opened.job.submitDeadline);
    await time.setNextBlockTimestamp(deadline);
    const root = solidityPackedKeccak256(
      ["uint8", "uint32", "bool", "bytes32"],
      [3, 3, true, tokensRoot(tokens)],
    );
    await expectOnlyEvent(escrow, escrow.connect(operator).submit(opened.job, tokens), "ResultSubmitted", [
      opened.id,
      provider.address,
      root,
      deadline + WINDOW + 1n,
      tokens,
    ]);
    const state = await escrow.jobState(opened.id);
    expect(statusOf(state), "status").to.equal(JobStatus.Submitted);
    expect((state >> 8n) & 0xffffffffffn, "submittedAt").to.equal(deadline);
    expect((state >> 48n) & 0xffffn, "liveChallenges").to.equal(0n);
    expect(state >> 64n, "outputRoot").to.equal(BigInt(root) >> 64n);
  });

  it("moves no money", async () => {
    const system = await freshSystem();
    const opened = await createJob(system);
    const before = await accountOf(system, system.addresses.ath, system.client.address);
    await submitResult(system, opened);
    expect(await accountOf(system, system.addresses.ath, system.client.address)).to.deep.equal(before);
    expect((await accountOf(system, system.addresses.ath, system.provider.address)).available).to.equal(0n);
  });

  it("follows the operator: a new key answers, the old one no more", async () => {
    const system = await freshSystem();
    const { escrow, providers, provider, operator, newcomer } = system;
    const opened = await createJob(system);
    await providers.connect(provider).update(profileOf(newcomer));
    await expect(escrow.connect(operator).submit(opened.job, packTokens([1])))
      .to.be.revertedWithCustomError(escrow, "NotOperator")
      .withArgs(operator.address, newcomer.address);
    await submitResult(system, opened, [1], newcomer);
    expect(statusOf(await escrow.jobState(opened.id))).to.equal(JobStatus.Submitted);
  });
});

for (const [name, prices, limit, fee] of [
  ["ath", ATH_PRICES, 100n * ATH, 100n],
  ["stablecoin", USD_PRICES, 100n * USD, 300n],
] as const) {
  describe(`JobEscrow.finalize, paid in ${name}`, () => {
    it("charges what was produced, rounded up once, and refunds the rest to the last unit", async () => {
      const system = await freshSystem();
      const { escrow, vault, stranger, client, provider, addresses } = system;
      const token = addresses[name];
      const bounty = (await escrow.tokenTermsOf(token)).exitBounty;
      const before = await accountOf(system, token, client.address);
      const opened = await createJob(system, { token, maxCost: limit });
      const output = await submitResult(system, opened);
      await passWindow(opened);
      const finalized = escrow.connect(stranger).finalize(opened.job, output, stranger);

      const charge = priceOf(prices, 10n, 3n);
      const protocolFee = ceilDiv(charge * fee, 10_000n);
      const refund = priceOf(prices, 10n, 20n) - charge;
      await expectOnlyEvent(escrow, finalized, "JobFinalized", [
        opened.id,
        client.address,
        provider.address,
        charge - protocolFee,
        protocolFee,
        refund,
        bounty,
        stranger.address,
      ]);
      expect(await accountOf(system, token, client.address)).to.deep.equal({
        ...before,
        available: before.available - charge - bounty,
      });
      expect((await accountOf(system, token, provider.address)).available, "earned").to.equal(
        charge - protocolFee,
      );
      expect((await accountOf(system, token, addresses.escrow)).available, "fee").to.equal(protocolFee);
      expect((await accountOf(system, token, stranger.address)).available, "bounty").to.equal(bounty);
      const stake = await vault.stakeOf(provider);
      expect([stake.locked, stake.openWork], "stake is free again").to.deep.equal([6_000n * ATH, 0n]);
      expect(statusOf(await escrow.jobState(opened.id))).to.equal(JobStatus.Finalized);
    });

    it("pays the provider the whole price for a full answer", async () => {
      const system = await freshSystem();
      const { escrow, addresses, stranger } = system;
      const opened = await createJob(system, { token: addresses[name], maxCost: limit, maxTokens: 3 });
      const output = await submitResult(system, opened);
      await passWindow(opened);
      const [event] = await eventsOf(escrow, escrow.finalize(opened.job, output, stranger));
      const [earned, protocolFee, refund] = event!.values.slice(3) as [bigint, bigint, bigint];
      expect(earned + protocolFee).to.equal(priceOf(prices, 10n, 3n));
      expect(refund).to.equal(0n);
    });
  });
}

describe("JobEscrow.finalizeBatch", () => {
  it("finalises what can be, skips everything else, and says how many", async () => {
    const system = await freshSystem();
    const { escrow, operator, stranger } = system;
    const [good, alsoGood, declined, unanswered, wrong] = [
      await createJob(system),
      await createJob(system),
      await createJob(system),
      await createJob(system),
      await createJob(system),
    ];
    const outputs = [await submitResult(system, good), await submitResult(system, alsoGood)];
    await escrow.connect(operator).decline(declined.job);
    const wrongOutput = { ...(await submitResult(system, wrong)), count: 4 };
    await passWindow(wrong);
    const young = await createJob(system);
    const youngOutput = await submitResult(system, young);
    const forged = { ...good.job, stakeLock: 0n };

    const jobs = [good, declined, unanswered, wrong, young, alsoGood, good].map(({ job }) => job);
    const all = [outputs[0]!, outputs[0]!, outputs[0]!, wrongOutput, youngOutput, outputs[1]!, outputs[0]!];
    const call: [Job[], Output[], string] = [[...jobs, forged], [...all, outputs[0]!], stranger.address];
    expect(await escrow.finalizeBatch.staticCall(...call)).to.equal(2n);
    const events = await eventsOf(escrow, escrow.finalizeBatch(...call));
    expect(events.map(({ name, values }) => [name, values[0]])).to.deep.equal([
      ["JobFinalized", good.id],
      ["JobFinalized", alsoGood.id],
    ]);
    const states = await Promise.all(
      [good, alsoGood, declined, unanswered, wrong, young].map(async ({ id }) =>
        statusOf(await escrow.jobState(id)),
      ),
    );
    const { Finalized, Declined, Created, Submitted } = JobStatus;
    expect(states).to.deep.equal([Finalized, Finalized, Declined, Created, Submitted, Submitted]);
  });

  it("does nothing for no jobs", async () => {
    const system = await freshSystem();
    expect(await system.escrow.finalizeBatch.staticCall([], [], system.stranger)).to.equal(0n);
  });
});

describe("JobEscrow.expire", () => {
  for (const [when, seconds, bounty] of [
    ["in the first second after the deadline: everything goes back to the client", 1n, 0n],
    ["in the last second of the grace: everything goes back to the client", 600n, 0n],
    ["after the grace: the bounty goes to whom the caller names", 601n, ATH_BOUNTY],
  ] as const) {
    it(`refunds the job ${when}`, async () => {
      const system = await freshSystem();
      const { escrow, vault, client, provider, stranger, newcomer, addresses } = system;
      const opened = await createJob(system);
      await time.setNextBlockTimestamp(BigInt(opened.job.submitDeadline) + seconds);
      const refund = priceOf(ATH_PRICES, 10n, 20n) + ATH_BOUNTY - bounty;
      await expectOnlyEvent(escrow, escrow.connect(stranger).expire(opened.job, newcomer), "JobExpired", [
        opened.id,
        client.address,
        provider.address,
        refund,
        bounty,
        newcomer.address,
      ]);
      const { available, escrowed } = await accountOf(system, addresses.ath, client.address);
      expect([available, escrowed]).to.deep.equal([1_000n * ATH - bounty, 0n]);
      expect((await accountOf(system, addresses.ath, newcomer.address)).available).to.equal(bounty);
      expect((await vault.stakeOf(provider)).openWork).to.equal(0n);
      expect(statusOf(await escrow.jobState(opened.id))).to.equal(JobStatus.Expired);
    });
  }
});

describe("JobEscrow.decline", () => {
  it("refunds everything, bounty included, until the last second of the deadline", async () => {
    const system = await freshSystem();
    const { escrow, vault, client, provider, operator, addresses } = system;
    const opened = await createJob(system);
    await time.setNextBlockTimestamp(BigInt(opened.job.submitDeadline));
    await expectOnlyEvent(escrow, escrow.connect(operator).decline(opened.job), "JobDeclined", [
      opened.id,
      client.address,
      provider.address,
      priceOf(ATH_PRICES, 10n, 20n) + ATH_BOUNTY,
    ]);
    const { available, escrowed } = await accountOf(system, addresses.ath, client.address);
    expect([available, escrowed]).to.deep.equal([1_000n * ATH, 0n]);
    expect((await vault.stakeOf(provider)).locked).to.equal(6_000n * ATH);
    expect(statusOf(await escrow.jobState(opened.id))).to.equal(JobStatus.Declined);
  });
});

describe("JobEscrow: the minimum charge", () => {
  it("is escrowed and paid where the tokens cost less", async () => {
    const system = await freshSystem();
    const { escrow, providers, provider, stranger, modelRoot, addresses } = system;
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, 0, 0);
    const opened = await createJob(system, { maxCost: ATH / 20n + ATH_BOUNTY });
    expect((await accountOf(system, addresses.ath, opened.job.client)).escrowed).to.equal(
      ATH / 20n + ATH_BOUNTY,
    );
    const output = await submitResult(system, opened);
    await passWindow(opened);
    const [event] = await eventsOf(escrow, escrow.finalize(opened.job, output, stranger));
    const [earned, fee, refund] = event!.values.slice(3) as [bigint, bigint, bigint];
    expect([earned + fee, fee, refund]).to.deep.equal([ATH / 20n, ATH / 2_000n, 0n]);
  });
});

describe("JobEscrow.costOf", () => {
  it("rounds up to the next unit, and nothing costs nothing", async () => {
    const { escrow } = await freshSystem();
    for (const [prompt, output, input, price, cost] of [
      [0n, 0n, 5n, 5n, 0n],
      [1n, 0n, 1n, 0n, 1n],
      [1_000_000n, 0n, 1n, 7n, 1n],
      [1_000_001n, 0n, 1n, 7n, 2n],
      [3n, 4n, 333_333n, 250_000n, 2n],
      [3n, 4n, 333_334n, 250_000n, 3n],
    ] as const) {
      expect(await escrow.costOf(prompt, output, input, price), `${prompt} + ${output}`).to.equal(cost);
    }
  });
});

describe("JobEscrow: governance", () => {
  it("setParameters publishes and stores what it is given", async () => {
    const { escrow } = await freshSystem();
    const next = [5n * ATH, 600n, 10n, 259_200n, 10n ** 13n] as const;
    const [stakePerJob, challengeWindow, minimumResponseTime, maximumResponseTime, workPerSecond] = next;
    await expectOnlyEvent(
      escrow,
      escrow.setParameters({
        stakePerJob,
        challengeWindow,
        minimumResponseTime,
        maximumResponseTime,
        workPerSecond,
      }),
      "ParametersSet",
      [[...next]],
    );
    expect([...(await escrow.parameters())]).to.deep.equal([...next]);
  });

  it("setTokenTerms publishes and stores what it is given", async () => {
    const { escrow, addresses } = await freshSystem();
    const terms = { accepted: true, feeBasisPoints: 2_000n, exitBounty: 3n, minimumCharge: 4n };
    await expectOnlyEvent(escrow, escrow.setTokenTerms(addresses.ath, terms), "TokenTermsSet", [
      addresses.ath,
      terms,
    ]);
    expect([...(await escrow.tokenTermsOf(addresses.ath))]).to.deep.equal(Object.values(terms));
  });

  it("collectFees, by anybody, has what was collected distributed, and not one unit more", async () => {
    const system = await freshSystem();
    const { escrow, ath, addresses, newcomer, stranger } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await passWindow(opened);
    await escrow.finalize(opened.job, output, stranger);
    const { available: fees } = await accountOf(system, addresses.ath, addresses.escrow);
    expect(fees).to.equal(ceilDiv(priceOf(ATH_PRICES, 10n, 3n), 100n));
    const supply = await ath.totalSupply();
    await expectOnlyEvent(escrow, escrow.connect(newcomer).collectFees(addresses.ath), "FeesCollected", [
      addresses.ath,
      fees,
    ]);
    const burned = supply - (await ath.totalSupply());
    expect((await ath.balanceOf(addresses.fees)) + burned).to.equal(fees);
    const again = await escrow.connect(newcomer).collectFees.staticCall(addresses.ath);
    expect([...again]).to.deep.equal([addresses.fees, 0n]);
    expect((await (await escrow.connect(newcomer).collectFees(addresses.ath)).wait())?.logs).to.deep.equal(
      [],
    );
  });
});
