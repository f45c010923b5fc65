// New hardware takes no work before its measured throughput reached the claim; chains with few checkers examine nobody.
import { expect } from "chai";
import {
  beginEpoch,
  commitReports,
  commitSecrets,
  drawSeed,
  examine,
  freshCrowd,
  freshTeam,
  playExam,
  revealReports,
  revealSecrets,
  type Team,
  toEpoch,
} from "../support/checkers.ts";
import { rulesOf } from "../support/checker-rules.ts";
import { expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import { createJob, ethers } from "../support/system.ts";

const MILLION = 1_000_000n;

/** Epoch 3, in which exams are held, with the provider waiting for one. */
async function waiting(): Promise<Team> {
  const system = await freshCrowd();
  await toEpoch(system, 2n);
  await beginEpoch(system);
  await system.exams.enter(system.provider);
  return system;
}

const claimOf = async ({ providers, provider }: Team): Promise<bigint> => providers.throughputOf(provider);

/** Millions of multiply-adds a second that are this many basis points of the claim, rounded up. */
const partOfClaim = async (system: Team, basisPoints: bigint): Promise<bigint> =>
  ((await claimOf(system)) * basisPoints + 10_000n * MILLION - 1n) / (10_000n * MILLION);

describe("HardwareExams", () => {
  it("a new provider takes no work until its median reaches the tolerance, and then does", async () => {
    const system = await waiting();
    const { exams, reports, vault, provider, client } = system;
    const claim = await claimOf(system);
    expect((await vault.stakeOf(provider)).suspended).to.equal(true);
    expect((await reports.enrolmentOf(provider)).enrolled).to.equal(true);
    await expectRefusal("ProviderTakesNoWork", {
      call: () => createJob(system, {}, client),
      by: vault,
      values: [provider.address],
    });
    const throughput = await partOfClaim(system, 8_000n);
    const epoch = await playExam(system, throughput);
    await expectOnlyEvent(exams, exams.judge(epoch, provider), "ExamPassed", [
      provider.address,
      epoch,
      throughput * MILLION,
      claim,
    ]);
    expect((await vault.stakeOf(provider)).suspended).to.equal(false);
    expect((await exams.standingOf(provider)).passed).to.equal(claim);
    await createJob(system, {}, client);
    for (const call of [() => exams.judge(epoch, provider), () => exams.judge(epoch + 1n, provider)]) {
      await expect(call()).to.be.revertedWithCustomError(exams, "NoExam");
    }
    await expectRefusal("NothingToExamine", {
      call: () => exams.enter(provider),
      by: exams,
      values: [provider.address],
    });
  });

  it("one below the tolerance stays suspended, is examined again, and loses no stake", async () => {
    const system = await waiting();
    const { exams, vault, provider } = system;
    const claim = await claimOf(system);
    const before = (await vault.stakeOf(provider)).staked;
    const throughput = (await partOfClaim(system, 8_000n)) - 1n;
    const epoch = await playExam(system, throughput);
    await expectOnlyEvent(exams, exams.judge(epoch, provider), "ExamFailed", [
      provider.address,
      epoch,
      throughput * MILLION,
      claim,
    ]);
    expect((await vault.stakeOf(provider)).suspended).to.equal(true);
    expect((await vault.stakeOf(provider)).staked).to.equal(before);
    const again = await playExam(system, await partOfClaim(system, 10_000n));
    await exams.judge(again, provider);
    expect((await vault.stakeOf(provider)).suspended).to.equal(false);
  });

  it("an exam's throughput is no part of the score", async () => {
    const system = await waiting();
    await playExam(system, 123_456n);
    const { throughput, latency } = await system.reports.scoreOf(system.provider);
    expect([throughput, latency]).to.deep.equal([0n, 300n]);
  });

  it("nobody waits longer than six epochs for checkers that do not come", async () => {
    const system = await waiting();
    const { exams, vault, provider } = system;
    for (let i = 0; i < 6; i += 1) await beginEpoch(system);
    await expectRefusal("StillExamined", {
      call: () => exams.lift(provider),
      by: exams,
      values: [provider.address, 10],
    });
    await beginEpoch(system);
    await exams.lift(provider);
    expect((await vault.stakeOf(provider)).suspended).to.equal(false);
    await expectRefusal("NothingToExamine", {
      call: () => exams.lift(provider),
      by: exams,
      values: [provider.address],
    });
  });

  it("nobody waits at all when there are too few checkers", async () => {
    const system = await waiting();
    const { exams, vault, provider } = system;
    await toEpoch(system, 4n);
    expect(await exams.isActive()).to.equal(false);
    await expectOnlyEvent(exams, exams.lift(provider), "ExamLifted", [
      provider.address,
      await claimOf(system),
    ]);
    expect((await vault.stakeOf(provider)).suspended).to.equal(false);
    await expectRefusal("ExamsInactive", {
      call: () => exams.enter(provider),
      by: exams,
      values: [0, 16],
    });
  });

  it("is off with fewer checkers than it takes", async () => {
    const system = await freshTeam();
    const { exams, provider } = system;
    await beginEpoch(system);
    await expectRefusal("ExamsInactive", {
      call: () => exams.enter(provider),
      by: exams,
      values: [6, 32],
    });
    expect(await exams.isExamined(1, provider)).to.equal(false);
  });

  it("whoever served before exams began is not stopped by their beginning, but examined at random", async () => {
    const system = await freshCrowd();
    const { exams, checkers, reports, provider, newcomer, vault } = system;
    await reports.enroll(provider);
    await toEpoch(system, 2n);
    await beginEpoch(system);
    await expectRefusal("NothingToExamine", {
      call: () => exams.enter(provider),
      by: exams,
      values: [provider.address],
    });
    await toEpoch(system, 6n);
    await checkers.setParameters({ ...(await rulesOf(system, 6n)), examRate: 5_000 });
    await toEpoch(system, 8n);
    // Half of the providers, in every epoch others.
    for (;;) {
      const epoch = await beginEpoch(system);
      const seed = (await checkers.epochOf(epoch)).seed;
      const words = ethers.AbiCoder.defaultAbiCoder().encode(
        ["bytes32", "address", "string"],
        [seed, provider.address, "exam"],
      );
      const expected = BigInt(ethers.keccak256(words)) < ((2n ** 256n - 1n) / 10_000n) * 5_000n;
      expect(await exams.isExamined(epoch, provider)).to.equal(expected);
      expect(await exams.isExamined(epoch, newcomer)).to.be.a("boolean");
      if (!expected) continue;
      const member = system.team[0]!;
      const report = await examine(system, member, epoch, 1n);
      await commitReports(system, member, [report]);
      await toEpoch(system, epoch + 1n);
      await revealSecrets(system, [member]);
      await revealReports(system, member, [report]);
      expect(await reports.reportCount(epoch, provider)).to.equal(1n);
      expect((await vault.stakeOf(provider)).suspended).to.equal(false);
      return;
    }
  });

  it("what was an exam stays one while it is revealed, whatever an earlier one brings meanwhile", async () => {
    const system = await waiting();
    const { exams, provider, team } = system;
    const member = team[5]!;
    const throughput = await partOfClaim(system, 10_000n);
    const epoch = await beginEpoch(system);
    const five = team.slice(0, 5);
    const all = [];
    for (const checker of five) {
      const report = await examine(system, checker, epoch, throughput);
      all.push(report);
      await commitReports(system, checker, [report]);
    }
    await commitSecrets(system);
    await toEpoch(system, epoch + 1n);
    await drawSeed(system);
    const late = await examine(system, member, epoch + 1n, throughput);
    await commitReports(system, member, [late]);
    await revealSecrets(system, five);
    for (const [index, checker] of five.entries()) await revealReports(system, checker, [all[index]!]);
    await toEpoch(system, epoch + 2n);
    await system.reports.score(provider);
    await exams.judge(epoch, provider);
    expect(await exams.isPending(provider)).to.equal(false);
    expect(await exams.isExamined(epoch + 1n, provider)).to.equal(true);
    await revealSecrets(system, [member]);
    await revealReports(system, member, [late]);
    expect(await system.reports.reportCount(epoch + 1n, provider)).to.equal(1n);
    expect(await exams.isExamined(epoch + 3n, provider)).to.equal(false);
  });
});
