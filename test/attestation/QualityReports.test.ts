// Who is measured, how reports are committed to, revealed and scored, and what bad ones and omitted ones cost.
// Longer than 400 lines: enrolment, reports, scores and omissions share the course of an epoch.
import { expect } from "chai";
import {
  absent,
  beginEpoch,
  chainOf,
  commitReports,
  commitSecrets,
  currentEpoch,
  drawSeed,
  examine,
  freshTeam,
  measure,
  OMITTED,
  playEpoch,
  REQUESTS,
  type Report,
  revealReports,
  revealSecrets,
  STAKE,
  type Team,
  toEpoch,
} from "../support/checkers.ts";
import { eventsOf, expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import { ATH, ethers, joinAsProvider, type Signer } from "../support/system.ts";

const FIVE = [{}, {}, {}, {}, {}];

/** A second provider, enrolled. */
async function withSecondProvider(system: Team): Promise<Signer> {
  const { newcomer, stranger, reports } = system;
  await joinAsProvider(system, newcomer, stranger);
  await reports.enroll(newcomer);
  return newcomer;
}

const byAddress = (a: Report, b: Report) => (BigInt(a.provider) < BigInt(b.provider) ? -1 : 1);

describe("QualityReports: who is measured", () => {
  it("a registered provider with an offer, from the epoch after it was enrolled on", async () => {
    const system = await freshTeam();
    const { reports, provider } = system;
    expect(await reports.isMeasured(0, provider)).to.equal(false);
    expect(await reports.isMeasured(1, provider)).to.equal(true);
    await expectRefusal("EnrolledAlready", {
      call: () => reports.enroll(provider),
      by: reports,
      values: [provider.address, 2n ** 32n - 1n],
    });
    await expectRefusal("NotMeasurable", {
      call: () => reports.enroll(system.stranger),
      by: reports,
      values: [system.stranger.address],
    });
  });

  it("not one that rests; it is measured again three epochs later at the earliest", async () => {
    const system = await freshTeam();
    const { reports, vault, provider } = system;
    await toEpoch(system, 2n);
    await expectRefusal("StillMeasurable", {
      call: () => reports.retire(provider),
      by: reports,
      values: [provider.address],
    });
    await vault.connect(provider).setResting(true);
    await expectOnlyEvent(reports, reports.retire(provider), "Retired", [provider.address, 2]);
    await expectRefusal("NotEnrolled", {
      call: () => reports.retire(provider),
      by: reports,
      values: [provider.address],
    });
    expect(await reports.isMeasured(1, provider)).to.equal(true);
    expect(await reports.isMeasured(2, provider)).to.equal(false);
    await vault.connect(provider).setResting(false);
    await expectRefusal("EnrolledAlready", {
      call: () => reports.enroll(provider),
      by: reports,
      values: [provider.address, 5],
    });
    await toEpoch(system, 5n);
    await reports.enroll(provider);
    expect([...(await reports.enrolmentOf(provider))]).to.deep.equal([5n, 0n, true]);
  });

  it("not one that was convicted, suspended by a module, or takes its last offer back", async () => {
    const system = await freshTeam();
    const { reports, providers, provider, addresses, modelRoot } = system;
    for (const token of [addresses.ath, addresses.stablecoin]) {
      await providers.connect(provider).removeOffer(modelRoot, token);
    }
    await reports.retire(provider);
    expect((await reports.enrolmentOf(provider)).enrolled).to.equal(false);
  });
});

describe("QualityReports: scores", () => {
  it("the lower medians count; whoever is near them earns a share each", async () => {
    const system = await freshTeam();
    const { reports, pay, provider, team } = system;
    const epoch = await playEpoch(system, [
      { latency: 1_000n, throughput: 1_000n, uptime: 10_000n },
      { latency: 1_200n, throughput: 1_100n, uptime: 9_500n },
      { latency: 1_100n, throughput: 1_200n, uptime: 9_900n },
      { latency: 1_300n, throughput: 900n, uptime: 9_800n },
      // Too slow for the others, and so paid nothing.
      { latency: 1_651n, throughput: 1_000n, uptime: 9_700n },
      { latency: 1_000n, throughput: 499n, uptime: 9_700n },
    ]);
    await toEpoch(system, epoch + 2n);
    const medians = { throughput: 1_000n, latency: 1_100n, uptime: 9_700n, reports: 6n, near: 4n };
    const score = { throughput: 1_000n, latency: 1_100n, uptime: 9_700n, epoch, badEpochs: 0n };
    await expectOnlyEvent(reports, reports.score(provider), "Scored", [
      epoch,
      provider.address,
      medians,
      score,
    ]);
    expect([...(await reports.mediansOf(epoch, provider))]).to.deep.equal(Object.values(medians));
    const shares = await Promise.all(team.map(({ owner }) => pay.sharesOf(epoch, owner)));
    expect(shares).to.deep.equal([1n, 1n, 1n, 1n, 0n, 0n]);
    expect(await pay.totalShares(epoch)).to.equal(4n);
    await expectRefusal("AlreadyScored", {
      call: () => reports.score(provider),
      by: reports,
      values: [provider.address, epoch],
    });
  });

  it("a checker on the other side of the Earth is near whatever answers at once", async () => {
    const system = await freshTeam();
    const { reports, pay, provider, team } = system;
    const latencies = [20n, 40n, 50n, 60n, 550n, 551n];
    const epoch = await playEpoch(
      system,
      latencies.map((latency) => ({ latency })),
    );
    await toEpoch(system, epoch + 2n);
    await reports.score(provider);
    expect((await reports.scoreOf(provider)).latency).to.equal(50n);
    const shares = await Promise.all(team.map(({ owner }) => pay.sharesOf(epoch, owner)));
    expect(shares).to.deep.equal([1n, 1n, 1n, 1n, 1n, 0n]);
  });

  it("outliers lose no stake", async () => {
    const system = await freshTeam();
    const epoch = await playEpoch(system, [{}, {}, {}, {}, { latency: 9_000n }]);
    await toEpoch(system, epoch + 2n);
    await system.reports.score(system.provider);
    expect((await system.checkers.checkerOf(system.team[4]!.owner)).locked).to.equal(STAKE);
  });

  it("whoever measured what the score did not foretell earns more than whoever repeated it", async () => {
    const system = await freshTeam();
    const { reports, pay, provider, team } = system;
    const usual = { throughput: 1_000n };
    const slow = { throughput: 700n };
    for (const [values, expected] of [
      [
        [usual, usual, usual, usual, usual],
        [1n, 1n, 1n, 1n, 1n],
      ],
      [
        [slow, slow, slow, slow, usual],
        [6n, 6n, 6n, 6n, 1n],
      ],
    ]) {
      const epoch = await playEpoch(system, values as (typeof usual)[]);
      await toEpoch(system, epoch + 2n);
      await reports.score(provider);
      const shares = await Promise.all(team.slice(0, 5).map(({ owner }) => pay.sharesOf(epoch, owner)));
      expect(shares).to.deep.equal(expected);
    }
  });

  it("a score moves a quarter of the way, and keeps its speed in an epoch without an answer", async () => {
    const system = await freshTeam();
    const { reports, provider } = system;
    const scores: bigint[][] = [];
    for (const value of [
      { latency: 100n, throughput: 1_000n },
      { latency: 203n, throughput: 600n, uptime: 9_000n },
      { uptime: 0n },
    ]) {
      const epoch = await playEpoch(system, [value, value, value, value, value]);
      await toEpoch(system, epoch + 2n);
      await reports.score(provider);
      const { latency, throughput, uptime } = await reports.scoreOf(provider);
      scores.push([latency, throughput, uptime]);
    }
    expect(scores).to.deep.equal([
      [100n, 1_000n, 10_000n],
      [125n, 900n, 9_750n],
      [125n, 900n, 7_313n],
    ]);
  });

  it("fewer than the quorum score nothing, and only two epochs later", async () => {
    const system = await freshTeam();
    const { reports, provider } = system;
    const epoch = await playEpoch(system, FIVE.slice(0, 4));
    await expectRefusal("NoQuorum", {
      call: () => reports.score(provider),
      by: reports,
      values: [provider.address, 0, 5],
    });
    await toEpoch(system, epoch + 2n);
    await expectRefusal("NoQuorum", {
      call: () => reports.score(provider),
      by: reports,
      values: [provider.address, 4, 5],
    });
  });

  it("a provider with three bad epochs in a row is announced to the court, and not before", async () => {
    const system = await freshTeam();
    const { reports, court, providers, provider } = system;
    const bad = { uptime: 8_999n };
    for (const [value, expected] of [
      [bad, 1n],
      [bad, 2n],
      [{ uptime: 9_000n }, 0n],
      [bad, 1n],
      [bad, 2n],
      [bad, 3n],
    ] as const) {
      const epoch = await playEpoch(system, [value, value, value, value, value]);
      await toEpoch(system, epoch + 2n);
      await reports.score(provider);
      expect((await reports.scoreOf(provider)).badEpochs).to.equal(expected);
      if (expected === 3n) break;
      await expectRefusal("NotBad", {
        call: () => reports.announce(provider),
        by: reports,
        values: [provider.address, expected, 3],
      });
    }
    const stake = await providers.hardwareLockOf(provider);
    const amount = stake / 10n;
    const [event] = await eventsOf(court, reports.connect(system.stranger).announce(provider));
    const caseId = await court.caseIdOf(provider, 1);
    const announced = await court.caseOf(caseId);
    expect(event).to.deep.equal({
      name: "CaseAnnounced",
      values: [
        caseId,
        provider.address,
        await reports.getAddress(),
        amount,
        ethers.ZeroHash,
        announced.appealUntil,
        announced.decideUntil,
        `median uptime below 9000 basis points in 3 scored epochs in a row up to ${(
          await reports.scoreOf(provider)
        ).epoch.toString()}`,
      ],
    });
    expect((await reports.scoreOf(provider)).badEpochs).to.equal(0n);
    // Nothing is taken before the court has heard the provider.
    expect(await system.vault.slashedOf(provider)).to.equal(0n);
  });
});

describe("QualityReports: reveals", () => {
  it("come in chunks, the last first", async () => {
    const system = await freshTeam();
    const { reports, provider, team } = system;
    const second = await withSecondProvider(system);
    const epoch = await beginEpoch(system, [team[0]!]);
    const all = [await measure(system, team[0]!), absent(second)].sort(byAddress);
    const hashes = chainOf(all);
    await commitReports(system, team[0]!, all);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [team[0]!]);
    const reveal = (previous: string, chunk: Report[]) =>
      reports.revealReports(team[0]!.owner, previous, chunk);
    await reveal(hashes[1]!, [all[1]!]);
    expect(await reports.tipOf(epoch, team[0]!.owner)).to.equal(hashes[1]);
    await reveal(hashes[0]!, [all[0]!]);
    for (const measured of [provider, second]) {
      expect(await reports.reportCount(epoch, measured)).to.equal(1n);
    }
    await expectRefusal("CommitmentMismatch", {
      call: () => reveal(hashes[0]!, [all[0]!]),
      by: reports,
      values: [team[0]!.owner.address, ethers.ZeroHash, hashes[1]],
    });
  });

  it("a report on a provider that was retired meanwhile is left out, without harm to the others", async () => {
    const system = await freshTeam();
    const { reports, provider, vault, team } = system;
    const second = await withSecondProvider(system);
    const epoch = await beginEpoch(system, [team[0]!]);
    const all = [await measure(system, team[0]!), absent(second)].sort(byAddress);
    await commitReports(system, team[0]!, all);
    await vault.connect(second).setResting(true);
    await reports.retire(second);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [team[0]!]);
    await revealReports(system, team[0]!, all);
    expect(await reports.reportCount(epoch, provider)).to.equal(1n);
    expect(await reports.reportCount(epoch, second)).to.equal(0n);
  });

  /** Refusals of one report in place of the one that would do. */
  async function refused(
    change: (report: Report, system: Team) => Report | Promise<Report>,
    error: string,
    values: (system: Team) => unknown[] = ({ provider }) => [provider.address],
  ) {
    const system = await freshTeam();
    const member = system.team[0]!;
    const epoch = await beginEpoch(system, [member]);
    const report = await change(await measure(system, member), system);
    await commitReports(system, member, [report]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [member]);
    await expectRefusal(error, {
      call: () => revealReports(system, member, [report]),
      by: system.reports,
      values: values(system),
    });
  }

  it("refuses evidence that proves nothing", async () => {
    await refused((report) => ({ ...report, evidence: "0x00" }), "InvalidEvidence");
  });

  it("refuses a receipt outside a channel when there is no exam", async () => {
    await refused(
      async (_, system) => examine(system, system.team[0]!, await currentEpoch(system), 1n),
      "InvalidEvidence",
    );
  });

  for (const [uptime, answers, required] of [
    [10_000n, REQUESTS - 1, REQUESTS],
    [9_001n, 9, 10],
    [5_001n, 5, 6],
    [1_001n, 1, 2],
  ] as const) {
    it(`refuses an uptime of ${uptime} basis points with ${answers} answers shown`, async () => {
      await refused(
        (_, system) => measure(system, system.team[0]!, { uptime, answers, label: "few" }),
        "TooFewRequests",
        ({ provider }) => [provider.address, answers, required],
      );
    });
  }

  it("take what a provider answered of any number of requests, at the uptime that was seen", async () => {
    const system = await freshTeam();
    const { reports, provider, team } = system;
    // Of 10: 10, 5, 1, none; 12 of 16; 3 of the 7 for which the money sufficed, and less than is shown.
    const seen = [
      { answers: 10, uptime: 10_000n },
      { answers: 5, uptime: 5_000n },
      { answers: 1, uptime: 1_000n },
      { uptime: 0n },
      { answers: 12, uptime: 7_500n },
      { answers: 3, uptime: 3_000n },
    ];
    const epoch = await playEpoch(system, seen);
    expect(await reports.reportCount(epoch, provider)).to.equal(BigInt(team.length));
  });

  for (const [name, change] of Object.entries<(report: Report) => Report>({
    "an answer without evidence": (report) => ({ ...report, evidence: "0x" }),
    "more than all of the time": (report) => ({ ...report, uptime: 10_001n }),
    "no answer, but a latency": (report) => ({ ...absent({ address: report.provider }), latency: 1n }),
    "no answer, but a throughput": (report) => ({ ...absent({ address: report.provider }), throughput: 1n }),
    "no answer, but evidence": (report) => ({ ...report, uptime: 0n, latency: 0n, throughput: 0n }),
  })) {
    it(`refuses ${name}`, () => refused(change, "InvalidReport"));
  }

  it("refuses reports before the secret, without reports, twice about one provider, and not committed to", async () => {
    const system = await freshTeam();
    const { reports, team, provider } = system;
    const member = team[0]!;
    const epoch = await beginEpoch(system, [member]);
    const report = await measure(system, member);
    await expectRefusal("ZeroCommitment", {
      call: () => reports.connect(member.operator).commitReports(epoch, ethers.ZeroHash),
      by: reports,
      values: [],
    });
    for (const wrong of [epoch - 1n, epoch + 1n]) {
      await expectRefusal("WrongEpoch", {
        call: () => reports.connect(member.operator).commitReports(wrong, ethers.id("tip")),
        by: reports,
        values: [wrong, epoch],
      });
    }
    await commitReports(system, member, [report, report]);
    await toEpoch(system, epoch + 1n);
    await expectRefusal("NotDrawn", {
      call: () => revealReports(system, member, [report]),
      by: reports,
      values: [member.owner.address, provider.address],
    });
    await revealSecrets(system, [member]);
    await expectRefusal("NoReports", {
      call: () => revealReports(system, member, []),
      by: reports,
      values: [],
    });
    await expectRefusal("NotAscending", {
      call: () => revealReports(system, member, [report, report]),
      by: reports,
      values: [provider.address, provider.address],
    });
    const hashes = chainOf([report, report]);
    await reports.revealReports(member.owner, hashes[1]!, [report]);
    // The same provider in the chunk before.
    await expectRefusal("NotAscending", {
      call: () => reports.revealReports(member.owner, hashes[0]!, [report]),
      by: reports,
      values: [provider.address, provider.address],
    });
  });

  it("what belongs to epochs before the first", async () => {
    const { reports, team, provider } = await freshTeam();
    for (const call of [
      () => reports.revealReports(team[0]!.owner, ethers.ZeroHash, [absent(provider)]),
      () => reports.score(provider),
      () => reports.punishOmission(team[0]!.owner, provider),
    ]) {
      await expectRefusal("WrongEpoch", { call, by: reports, values: [0, 0] });
    }
  });
});

describe("QualityReports: omissions", () => {
  it("cost a share of the stake, once an epoch, shown by anybody", async () => {
    const system = await freshTeam();
    const { reports, checkers, ath, provider, team, stranger } = system;
    const second = await withSecondProvider(system);
    const epoch = await beginEpoch(system);
    await commitReports(system, team[0]!, [absent(provider)]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, team.slice(0, 2));
    await revealReports(system, team[0]!, [absent(provider)]);
    await toEpoch(system, epoch + 2n);
    const punish = (checker: Signer, omitted: Signer) =>
      reports.connect(stranger).punishOmission(checker, omitted);
    const noFault = (checker: Signer, omitted: Signer) =>
      expectRefusal("NoFault", {
        call: () => punish(checker, omitted),
        by: reports,
        values: [checker.address, epoch],
      });
    const [first, other, silent] = team.map(({ owner }) => owner) as [Signer, Signer, Signer];
    await noFault(first, provider);
    await expectOnlyEvent(reports, punish(first, second), "Omitted", [
      epoch,
      first.address,
      second.address,
      stranger.address,
    ]);
    expect((await checkers.checkerOf(first)).locked).to.equal(STAKE - OMITTED);
    expect(await ath.balanceOf(stranger)).to.equal(OMITTED / 10n);
    await noFault(first, second);
    await punish(other, provider);
    await noFault(other, second);
    // Who revealed no secret pays for that.
    await noFault(silent, provider);
  });

  it("are none where the provider was enrolled in the epoch itself, or retired in it", async () => {
    const system = await freshTeam();
    const { reports, vault, provider, team } = system;
    const epoch = await beginEpoch(system, [team[0]!]);
    const late = await withSecondProvider(system);
    await vault.connect(provider).setResting(true);
    await reports.retire(provider);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [team[0]!]);
    await toEpoch(system, epoch + 2n);
    for (const measured of [late, provider]) {
      await expectRefusal("NoFault", {
        call: () => reports.punishOmission(team[0]!.owner, measured),
        by: reports,
        values: [team[0]!.owner.address, epoch],
      });
    }
  });

  it("are none in a void epoch", async () => {
    const system = await freshTeam();
    const { reports, checkers, provider, team } = system;
    const epoch = await commitSecrets(system, [team[0]!]);
    await toEpoch(system, epoch + 1n);
    await drawSeed(system);
    await revealSecrets(system, [team[0]!]);
    await toEpoch(system, epoch + 2n);
    await expectRefusal("NoFault", {
      call: () => reports.punishOmission(team[0]!.owner, provider),
      by: reports,
      values: [team[0]!.owner.address, epoch],
    });
    expect((await checkers.epochOf(epoch)).seed).to.equal(ethers.ZeroHash);
  });

  it("the contract of exams is set once, and is a contract", async () => {
    const { reports, exams, stranger, manager, checkers, pay, providers, court, asked } = await freshTeam();
    const set = await exams.getAddress();
    await expectRefusal("ExamsAlreadySet", {
      call: () => reports.setExams(set),
      by: reports,
      values: [set],
    });
    const fresh = await (
      await ethers.getContractFactory("QualityReports")
    ).deploy(manager, checkers, pay, providers, court, asked);
    await expectRefusal("ExamsWithoutCode", {
      call: () => fresh.getFunction("setExams")(stranger.address),
      by: reports,
      values: [stranger.address],
    });
    expect(await ethers.provider.getBalance(stranger)).to.be.greaterThan(ATH);
  });
});
