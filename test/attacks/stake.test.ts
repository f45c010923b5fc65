// Attacks on the stake that stands behind work.
import { expect } from "chai";
import { expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import {
  ATH,
  CONTEXT,
  STAKE_PER_JOB,
  createJob,
  freshSystem,
  fund,
  gpus,
  profileOf,
  registerModel,
  requestTo,
  submitResult,
  time,
  type System,
} from "../support/system.ts";

/** Opens as many jobs as the provider's free stake of 4,000 ATH backs: 40. */
async function useUpTheStake(system: System) {
  const jobs = [];
  for (let i = 0; i < 40; i += 1) jobs.push(await createJob(system, { maxTokens: 1 }));
  return jobs;
}

describe("attack: stake counted twice for two jobs", () => {
  it("each job locks its own part; the first one without a part is refused", async () => {
    const system = await freshSystem();
    const { escrow, vault, client, provider } = system;
    const [first] = await useUpTheStake(system);
    expect((await vault.stakeOf(provider)).locked).to.equal(10_000n * ATH);
    const request = await requestTo(system, { maxTokens: 1 });
    const values = [provider.address, 0n, STAKE_PER_JOB];
    const call = () => escrow.connect(client).create(request);
    await expectRefusal("InsufficientStake", { call, by: vault, values });

    await escrow.connect(system.operator).decline(first!.job);
    await call();
    expect((await vault.stakeOf(provider)).openWork).to.equal(40n);
  });

  it("hardware and jobs do not share stake either", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator } = system;
    await createJob(system);
    const grow = () => providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(5) });
    await expectRefusal("InsufficientStake", {
      call: grow,
      by: vault,
      values: [provider.address, 3_900n * ATH, 4_000n * ATH],
    });
  });
});

describe("attack: stake counted twice for two hardware entries", () => {
  /** With 16,000 ATH free. */
  async function withStake(): Promise<System> {
    const system = await freshSystem();
    await fund(system, system.provider, 12_000n * ATH);
    await system.vault.connect(system.provider).stake(12_000n * ATH);
    return system;
  }

  const grow = ({ providers, provider, operator }: System, ...counts: number[]) =>
    providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(...counts) });

  it("each class takes its own part; what is free for one is not free for the other", async () => {
    const system = await withStake();
    const { vault, provider } = system;
    // 16,000 ATH are free: enough for two of the second class or for one of the third, not for all of them.
    await grow(system, 1, 2);
    await expectRefusal("InsufficientStake", {
      call: () => grow(system, 1, 2, 1),
      by: vault,
      values: [provider.address, 0n, 19_250n * ATH],
    });
    await grow(system, 1, 0, 1);
    expect((await vault.stakeOf(provider)).locked).to.equal(22_000n * ATH);
  });

  it("a class named twice, in one profile or in two, is never counted at the price of once", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator } = system;
    const hardware = [...gpus(2), ...gpus(2)];
    await expectRefusal("HardwareNotAscending", {
      call: () => providers.connect(provider).update({ ...profileOf(operator), hardware }),
      by: providers,
      values: [0, 0],
    });
    for (let i = 0; i < 2; i++) await grow(system, 3);
    expect((await vault.stakeOf(provider)).locked, "the second time changes nothing").to.equal(8_000n * ATH);
    expect(await providers.throughputOf(provider)).to.equal(3n * 10n ** 9n);
  });

  it("hardware swapped for other hardware is not counted beside it", async () => {
    const system = await withStake();
    const { providers, vault, provider } = system;
    for (const [counts, locked, giga] of [
      [[5], 10_000n, 5n],
      [[0, 2], 21_000n, 460n],
      [[1], 6_000n, 1n],
    ] as const) {
      await grow(system, ...counts);
      expect((await vault.stakeOf(provider)).locked).to.equal(locked * ATH);
      expect(await providers.throughputOf(provider)).to.equal(giga * 10n ** 9n);
    }
  });

  it("hardware does not grow into what backs open work, nor work into hardware", async () => {
    const system = await withStake();
    const { escrow, vault, client, provider } = system;
    await createJob(system);
    await expectRefusal("InsufficientStake", {
      call: () => grow(system, 1, 2),
      by: vault,
      values: [provider.address, 15_900n * ATH, 16_000n * ATH],
    });
    await grow(system, 8, 1);
    for (let i = 0; i < 9; i++) await createJob(system, { maxTokens: 1 });
    const request = await requestTo(system, { maxTokens: 1 });
    await expectRefusal("InsufficientStake", {
      call: () => escrow.connect(client).create(request),
      by: vault,
      values: [provider.address, 0n, STAKE_PER_JOB],
    });
  });
});

describe("attack: stake withdrawn ahead of an obligation", () => {
  it("what backs hardware and open work cannot start to leave", async () => {
    const system = await freshSystem();
    const { vault, provider } = system;
    await createJob(system);
    const free = 10_000n * ATH - 6_100n * ATH;
    await expectRefusal("InsufficientStake", {
      call: () => vault.connect(provider).unbond(free + 1n),
      by: vault,
      values: [provider.address, free, free + 1n],
    });
    await vault.connect(provider).unbond(free);
    expect((await vault.stakeOf(provider)).staked).to.equal(6_100n * ATH);
  });

  it("what is unbonding backs no new work", async () => {
    const system = await freshSystem();
    const { escrow, vault, client, provider } = system;
    await vault.connect(provider).unbond(4_000n * ATH);
    const request = await requestTo(system);
    await expectRefusal("InsufficientStake", {
      call: () => escrow.connect(client).create(request),
      by: vault,
      values: [provider.address, 0n, STAKE_PER_JOB],
    });
  });

  it("unbonding outlasts the longest job there can be", async () => {
    const system = await freshSystem();
    const { escrow, providers, vault, provider, operator, addresses } = system;
    const longest = 259_200n;
    await escrow.setParameters({
      stakePerJob: STAKE_PER_JOB,
      challengeWindow: 86_400,
      minimumResponseTime: 10,
      maximumResponseTime: longest,
      workPerSecond: 1,
    });
    // A model whose thirty positions take exactly two days to recompute.
    const width = Number(longest - 86_400n) / 30 / 16;
    const modelRoot = await registerModel(system, { vocabulary: 16, context: CONTEXT, width });
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, 1, 1);
    const start = BigInt(await time.latest()) + 10n;
    await time.setNextBlockTimestamp(start);
    const opened = await createJob(system, { modelRoot, submitDeadline: start + longest });
    expect(opened.job.challengeWindow).to.equal(longest);
    await vault.connect(provider).unbond(ATH);
    const { releaseAt } = await vault.unbondingOf(provider);
    await time.setNextBlockTimestamp(BigInt(opened.job.submitDeadline));
    await submitResult(system, opened, [1], operator);
    expect(BigInt(await time.latest()) + longest < releaseAt, "final before the stake is out").to.equal(true);
  });

  it("a provider cannot leave the registry while a job is open", async () => {
    const system = await freshSystem();
    const { providers, provider, modelRoot, addresses } = system;
    await createJob(system);
    await providers.connect(provider).removeOffer(modelRoot, addresses.ath);
    await providers.connect(provider).removeOffer(modelRoot, addresses.stablecoin);
    await expectRefusal("WorkOpen", {
      call: () => providers.connect(provider).deregister(),
      by: providers,
      values: [provider.address, 1],
    });
  });
});

describe("attack: voting stake", () => {
  it("ATH loses its vote on its way into the vault and regains it on its way out", async () => {
    const system = await freshSystem();
    const { ath, vault, newcomer, administrator, addresses } = system;
    await ath.connect(newcomer).delegate(newcomer);
    await ath.connect(administrator).transfer(newcomer, 10n * ATH);
    expect(await ath.getVotes(newcomer)).to.equal(10n * ATH);
    await ath.connect(newcomer).approve(vault, 10n * ATH);
    await vault.connect(newcomer).deposit(addresses.ath, 10n * ATH, newcomer);
    await vault.connect(newcomer).stake(10n * ATH);
    expect(await ath.getVotes(newcomer), "staked").to.equal(0n);
    expect(await ath.getVotes(addresses.vault), "the vault does not vote").to.equal(0n);
    await vault.connect(newcomer).unbond(10n * ATH);
    expect(await ath.getVotes(newcomer), "unbonding").to.equal(0n);
    await time.increase(14 * 86_400);
    await vault.claimUnbonded(newcomer);
    await vault.connect(newcomer).withdraw(addresses.ath, 10n * ATH, newcomer);
    expect(await ath.getVotes(newcomer), "withdrawn").to.equal(10n * ATH);
  });
});

describe("attack: somebody else's unbonding delayed by dust", () => {
  it("a deposit for the owner and a claim by a stranger move no date", async () => {
    const system = await freshSystem();
    const { ath, vault, provider, stranger, addresses } = system;
    await vault.connect(provider).unbond(ATH);
    const before = (await vault.unbondingOf(provider)).releaseAt;
    await fund(system, stranger, 5n);
    await ath.connect(system.administrator).approve(vault, 1n);
    await vault.connect(system.administrator).deposit(addresses.ath, 1n, provider);
    expect((await vault.unbondingOf(provider)).releaseAt).to.equal(before);
    await time.setNextBlockTimestamp(before);
    await expectOnlyEvent(vault, vault.connect(stranger).claimUnbonded(provider), "UnbondingClaimed", [
      provider.address,
      ATH,
    ]);
  });
});
