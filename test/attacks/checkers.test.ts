// Attacks on the checkers and by them; docs/checkers.md, section 9, names them.
// Longer than 400 lines: one test for each attack that the page names.
import { expect } from "chai";
import {
  absent,
  answersIn,
  askByJobs,
  askingChannel,
  beginEpoch,
  blindingOf,
  chainOf,
  receiptEvidence,
  commitReports,
  commitSecrets,
  drawSeed,
  examine,
  freshCrowd,
  freshTeam,
  jobEvidence,
  joinAsChecker,
  measure,
  type Member,
  MISSING,
  nextRound,
  playEpoch,
  playExam,
  type Report,
  REQUESTS,
  revealReports,
  revealSecrets,
  secretOf,
  STAKE,
  stakeFor,
  type Team,
  toEpoch,
  upTo,
} from "../support/checkers.ts";
import { rulesOf } from "../support/checker-rules.ts";
import type { OpenChannel } from "../support/channels.ts";
import { expectRefusal } from "../support/expect.ts";
import { ATH, ethers, networkHelpers, type Signer, time } from "../support/system.ts";

describe("attack: predictable draw", () => {
  it("a value that was known when commitments were open decides nothing", async () => {
    const system = await freshTeam();
    const { beacon, checkers } = system;
    const epoch = await commitSecrets(system);
    const known = await nextRound(system);
    await toEpoch(system, epoch);
    await expectRefusal("WrongRound", {
      call: () => checkers.draw(known),
      by: checkers,
      values: [known, await checkers.startOf(epoch)],
    });
    // Nor does a request that was open when the epoch began.
    await toEpoch(system, epoch + 1n, -5n);
    await beacon.request();
    await toEpoch(system, epoch + 1n);
    await beacon.fix();
    const open = await beacon.latest();
    await expectRefusal("WrongRound", {
      call: () => checkers.draw(open),
      by: checkers,
      values: [open, await checkers.startOf(epoch + 1n)],
    });
  });

  it("a second value cannot be tried", async () => {
    const system = await freshTeam();
    const { checkers } = system;
    const epoch = await commitSecrets(system);
    await toEpoch(system, epoch);
    const first = await nextRound(system);
    const second = await nextRound(system);
    await expectRefusal("WrongRound", {
      call: () => checkers.draw(second),
      by: checkers,
      values: [second, await checkers.startOf(epoch)],
    });
    await checkers.draw(first);
  });
});

describe("attack: a secret chosen for a seed", () => {
  it("a secret is chosen before the seed, and stays", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    const epoch = await beginEpoch(system);
    await toEpoch(system, epoch + 1n);
    const better = ethers.id("a secret that is drawn for a friend");
    await expectRefusal("SecretMismatch", {
      call: () => checkers.reveal(team[0]!.owner, better),
      by: checkers,
      values: [team[0]!.owner.address, epoch],
    });
  });

  it("a commitment that was copied opens nothing: it names its checker", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    const [victim, copier] = team as [Member, Member];
    const epoch = await commitSecrets(system, [victim]);
    const commitment = await checkers.committedTo(epoch, victim.owner);
    await checkers.connect(copier.operator).commit(epoch, commitment);
    await toEpoch(system, epoch + 1n);
    await checkers.reveal(victim.owner, secretOf(victim, epoch));
    await expectRefusal("SecretMismatch", {
      call: () => checkers.reveal(copier.owner, secretOf(victim, epoch)),
      by: checkers,
      values: [copier.owner.address, epoch],
    });
  });
});

describe("attack: last revealer", () => {
  it("decides before the value is named, and pays for what it withholds", async () => {
    const system = await freshTeam();
    const { beacon, checkers, ath, team, stranger } = system;
    const [last] = team as [Member];
    const epoch = await beginEpoch(system);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, team.slice(1));
    // All that the seed of `epoch + 2` will be made of is known but this secret and the round, which nobody can ask for in time.
    const round = await nextRound(system);
    await toEpoch(system, epoch + 2n);
    expect(await beacon.isFirstSince(round, await checkers.startOf(epoch + 2n))).to.equal(false);
    await drawSeed(system);
    const supply = await ath.totalSupply();
    await checkers.connect(stranger).punishMissing(last.owner, epoch);
    // Shown by an account of its own, it gets back a tenth.
    expect(await ath.totalSupply()).to.equal(supply - (MISSING * 9n) / 10n);
  });

  it("does not withhold a secret by denouncing itself: that mixes it in", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    const [last] = team as [Member];
    const epoch = await beginEpoch(system);
    await checkers.connect(last.operator).denounce(last.owner, epoch, secretOf(last, epoch));
    const expected = ethers.keccak256(secretOf(last, epoch));
    expect((await checkers.epochOf(epoch)).mix).to.equal(expected);
  });

  it("decides nothing by the order of reveals", async () => {
    const mixes = [];
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
    ]) {
      const system = await freshTeam();
      const epoch = await beginEpoch(system);
      await toEpoch(system, epoch + 1n);
      await revealSecrets(
        system,
        order.map((index) => system.team[index]!),
      );
      mixes.push((await system.checkers.epochOf(epoch)).mix);
    }
    expect(mixes[0]).to.equal(mixes[1]);
  });
});

describe("attack: a block whose value is lost", () => {
  it("names another block, and the epoch is drawn all the same", async () => {
    const system = await freshTeam();
    const { beacon, checkers } = system;
    const epoch = await commitSecrets(system);
    await toEpoch(system, epoch);
    await beacon.request();
    await networkHelpers.mine(300);
    await beacon.request();
    await networkHelpers.mine(1);
    await beacon.fix();
    await checkers.draw(1);
    expect((await checkers.epochOf(epoch)).seed).not.to.equal(ethers.ZeroHash);
  });

  it("an epoch that nobody draws is void: nothing is owed, the next one goes on", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    const epoch = await commitSecrets(system);
    await toEpoch(system, epoch + 2n);
    await expectRefusal("NoFault", {
      call: () => checkers.punishMissing(team[0]!.owner, epoch),
      by: checkers,
      values: [team[0]!.owner.address, epoch],
    });
    const next = await beginEpoch(system);
    expect((await checkers.epochOf(next)).seed).not.to.equal(ethers.ZeroHash);
  });
});

describe("attack: lazy checker copying", () => {
  it("what others reveal comes too late to be committed to", async () => {
    const system = await freshTeam();
    const { reports, team } = system;
    const [worker, copier] = team as [Member, Member];
    const epoch = await beginEpoch(system);
    const report = await measure(system, worker);
    await commitReports(system, worker, [report]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system);
    await revealReports(system, worker, [report]);
    // It counts for the current epoch, not for the one in which the report was made.
    await commitReports(system, copier, [report]);
    await expectRefusal("CommitmentMismatch", {
      call: () => revealReports(system, copier, [absent(system.provider)]),
      by: reports,
      values: [copier.owner.address, ethers.ZeroHash, chainOf([absent(system.provider)])[1]],
    });
  });

  it("a commitment that is copied cannot be revealed: its evidence is another's", async () => {
    const system = await freshTeam();
    const { reports, provider, team } = system;
    const [worker, copier] = team as [Member, Member];
    const epoch = await beginEpoch(system);
    const report = await measure(system, worker);
    await commitReports(system, worker, [report]);
    await reports.connect(copier.operator).commitReports(epoch, await reports.tipOf(epoch, worker.owner));
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system);
    await expectRefusal("InvalidEvidence", {
      call: () => revealReports(system, copier, [report]),
      by: reports,
      values: [provider.address],
    });
  });
});

/** What the first checker shows of the system's provider, and reveals an epoch later. */
async function revealed(
  report: (system: Team, member: Member, epoch: bigint) => Promise<Report>,
  before: (system: Team, member: Member) => Promise<void> = async () => {},
) {
  const system = await freshTeam();
  const member = system.team[0]!;
  await before(system, member);
  const epoch = await beginEpoch(system, [member]);
  const shown = await report(system, member, epoch);
  await commitReports(system, member, [shown]);
  await toEpoch(system, epoch + 1n);
  await revealSecrets(system, [member]);
  return { system, reveal: () => revealReports(system, member, [shown]) };
}

describe("attack: a count made by skipping nonces", () => {
  it("one answer of a high nonce is one, so a report of fewer requests than it claims is refused", async () => {
    const { system, reveal } = await revealed(async (system, member, epoch) => {
      const blinding = blindingOf(member);
      const channel = await askingChannel(system, member, epoch, blinding);
      const evidence = receiptEvidence(
        system,
        blinding,
        channel,
        await answersIn(system, channel, [REQUESTS]),
      );
      return { ...absent(system.provider), latency: 1n, throughput: 1n, uptime: 10_000n, evidence };
    });
    await expectRefusal("TooFewRequests", {
      call: reveal,
      by: system.reports,
      values: [system.provider.address, 1, REQUESTS],
    });
  });

  it("nor are there more of a burst in an exam than receipts", async () => {
    const system = await freshCrowd();
    const { exams, reports, provider, team } = system;
    await toEpoch(system, 2n);
    await beginEpoch(system);
    await exams.enter(provider);
    const epoch = await beginEpoch(system);
    const report = await examine(system, team[0]!, epoch, 1n, { nonces: [REQUESTS] });
    await commitReports(system, team[0]!, [report]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [team[0]!]);
    await expectRefusal("TooFewRequests", {
      call: () => revealReports(system, team[0]!, [report]),
      by: reports,
      values: [provider.address, 1, REQUESTS],
    });
  });
});

describe("attack: a channel of an earlier epoch counted again", () => {
  it("proves nothing, although its provider answers in it in this epoch too", async () => {
    const blinding = ethers.id("kept");
    let channel: OpenChannel | undefined;
    const { system, reveal } = await revealed(
      async (system) => {
        const receipts = await answersIn(system, channel!, upTo(REQUESTS, REQUESTS + 1));
        const evidence = receiptEvidence(system, blinding, channel, receipts);
        return { ...absent(system.provider), latency: 1n, throughput: 1n, uptime: 10_000n, evidence };
      },
      async (system, member) => {
        const epoch = await beginEpoch(system, [member]);
        channel = await askingChannel(system, member, epoch, blinding);
      },
    );
    await expectRefusal("InvalidEvidence", {
      call: reveal,
      by: system.reports,
      values: [system.provider.address],
    });
  });
});

describe("attack: jobs counted twice", () => {
  it("one answered job is one, however often it is shown", async () => {
    const { system, reveal } = await revealed(async (system, member, epoch) => {
      const blinding = blindingOf(member);
      const [job] = await askByJobs(system, member, epoch, [0]);
      const evidence = jobEvidence(
        system,
        Array.from({ length: REQUESTS }, () => job!),
        blinding,
      );
      return { ...absent(system.provider), latency: 1n, throughput: 1n, uptime: 10_000n, evidence };
    });
    await expectRefusal("InvalidEvidence", {
      call: reveal,
      by: system.reports,
      values: [system.provider.address],
    });
  });

  it("jobs that were answered count at the uptime that was seen, whichever they are", async () => {
    const { system, reveal } = await revealed(async (system, member, epoch) => {
      const jobs = await askByJobs(system, member, epoch, [1, 2, 5, 6, 7]);
      const evidence = jobEvidence(system, jobs, blindingOf(member));
      return { ...absent(system.provider), latency: 1n, throughput: 1n, uptime: 5_000n, evidence };
    });
    await reveal();
    expect(await system.reports.reportCount(1, system.provider)).to.equal(1n);
  });
});

describe("attack: an assignment sold", () => {
  it("whoever got the secret can take a part of the stake, and ends the assignment", async () => {
    const system = await freshTeam();
    const { checkers, ath, provider, team, stranger } = system;
    const [seller] = team as [Member];
    const epoch = await beginEpoch(system);
    await checkers.connect(stranger).denounce(seller.owner, epoch, secretOf(seller, epoch));
    expect(await ath.balanceOf(stranger)).to.equal(MISSING / 2n);
    await toEpoch(system, epoch + 1n);
    expect(await checkers.isDrawn(epoch, seller.owner, BigInt(provider.address), 9)).to.equal(false);
  });
});

describe("attack: a provider that registers to show an omission", () => {
  it("a provider enrolled after the draw cannot be omitted", async () => {
    const system = await freshTeam();
    const { reports, vault, provider, team } = system;
    await vault.connect(provider).setResting(true);
    await reports.retire(provider);
    const epoch = await beginEpoch(system);
    await vault.connect(provider).setResting(false);
    await reports.enroll(provider);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system);
    await toEpoch(system, epoch + 2n);
    await expectRefusal("NoFault", {
      call: () => reports.punishOmission(team[0]!.owner, provider),
      by: reports,
      values: [team[0]!.owner.address, epoch],
    });
  });
});

describe("attack: outlier", () => {
  it("a lone liar moves no median by more than its neighbours' values, and earns nothing", async () => {
    const system = await freshTeam();
    const { reports, pay, provider, team } = system;
    const epoch = await playEpoch(system, [
      { latency: 100n },
      { latency: 101n },
      { latency: 102n },
      { latency: 103n },
      { latency: 2n ** 32n - 1n, throughput: 2n ** 48n - 1n },
    ]);
    await toEpoch(system, epoch + 2n);
    await reports.score(provider);
    expect((await reports.scoreOf(provider)).latency).to.equal(102n);
    expect(await pay.sharesOf(epoch, team[4]!.owner)).to.equal(0n);
  });
});

describe("attack: colluding majority", () => {
  it("decides an epoch's score and the shares, and no more: no stake is lost in it", async () => {
    const system = await freshTeam();
    const { reports, pay, checkers, vault, provider, team } = system;
    const lie = { latency: 9_000n, throughput: 1n, uptime: 1n };
    const epoch = await playEpoch(system, [lie, lie, lie, {}, {}]);
    await toEpoch(system, epoch + 2n);
    await reports.score(provider);
    const shares = await Promise.all(team.slice(0, 5).map(({ owner }) => pay.sharesOf(epoch, owner)));
    expect(shares).to.deep.equal([1n, 1n, 1n, 0n, 0n]);
    for (const { owner } of team) expect((await checkers.checkerOf(owner)).locked).to.equal(STAKE);
    await expectRefusal("NotBad", {
      call: () => reports.announce(provider),
      by: reports,
      values: [provider.address, 1, 3],
    });
    expect(await vault.slashedOf(provider)).to.equal(0n);
  });
});

describe("attack: epochs without checkers, seeds or reveals", () => {
  it("end by themselves: nobody is penalised, and the pot passes on", async () => {
    const system = await freshTeam();
    const { checkers, pay, reports, fees, ath, addresses, administrator, provider } = system;
    await toEpoch(system, 1n);
    await drawSeed(system);
    await ath.connect(administrator).transfer(fees, 100n * ATH);
    await pay.collect(addresses.ath);
    await toEpoch(system, 3n);
    await expectRefusal("NoQuorum", {
      call: () => reports.score(provider),
      by: reports,
      values: [provider.address, 0, 5],
    });
    await toEpoch(system, 4n);
    const pot = await pay.potOf(1, addresses.ath);
    await pay.rollOver(1, addresses.ath);
    expect(await pay.potOf(4, addresses.ath)).to.equal(pot);
    expect((await checkers.epochOf(1)).committed).to.equal(0n);
  });

  it("without reveals everybody pays for its own, and can leave", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    const epoch = await beginEpoch(system);
    await toEpoch(system, epoch + 2n);
    for (const { owner } of team) await checkers.punishMissing(owner, epoch);
    await toEpoch(system, epoch + 4n);
    for (const { owner } of team) await checkers.connect(owner).resign();
  });
});

describe("attack: a Sybil's split of its stake", () => {
  it("a stake is one chance however it is divided: a half joins nothing", async () => {
    const system = await freshTeam();
    const { vault, client, otherClient, stranger, newcomer } = system;
    for (const [owner, operator] of [
      [client, stranger],
      [otherClient, newcomer],
    ] as [Signer, Signer][]) {
      const halves = () => joinAsChecker(system, { owner, operator }, STAKE / 2n);
      await expectRefusal("InsufficientStake", {
        call: halves,
        by: vault,
        values: [owner.address, STAKE / 2n, STAKE],
      });
    }
  });

  it("a second chance takes a second account and a second stake", async () => {
    const system = await freshTeam();
    const { checkers, vault, team, stranger } = system;
    const { owner } = team[0]!;
    await stakeFor(system, owner, STAKE);
    await expectRefusal("AlreadyChecker", {
      call: () => checkers.connect(owner).join(stranger),
      by: checkers,
      values: [owner.address],
    });
    expect((await vault.stakeOf(owner)).locked).to.equal(STAKE);
  });
});

describe("attack: stake withdrawn ahead of a penalty", () => {
  it("what is locked cannot unbond, and stays locked until everything is decided", async () => {
    const system = await freshTeam();
    const { checkers, vault, team } = system;
    const { owner } = team[0]!;
    const epoch = await beginEpoch(system);
    await expectRefusal("InsufficientStake", {
      call: () => vault.connect(owner).unbond(1n),
      by: vault,
      values: [owner.address, 0, 1],
    });
    await expectRefusal("ApprovalInUse", {
      call: () => vault.connect(owner).revokeStakeModules(),
      by: vault,
      values: [owner.address, STAKE],
    });
    for (const later of [0n, 1n, 2n, 3n]) {
      await toEpoch(system, epoch + later, 20n);
      await expectRefusal("StillLiable", {
        call: () => checkers.connect(owner).resign(),
        by: checkers,
        values: [owner.address, epoch + 4n, 0],
      });
    }
    await checkers.punishMissing(owner, epoch);
    expect((await vault.stakeOf(owner)).staked).to.equal(STAKE - MISSING);
  });
});

describe("attack: a benchmark replayed", () => {
  it("a receipt of another epoch, or for another checker, is no evidence", async () => {
    const system = await freshCrowd();
    const { exams, reports, provider, team } = system;
    await toEpoch(system, 2n);
    await beginEpoch(system);
    await exams.enter(provider);
    const epoch = await beginEpoch(system);
    const [first, second, third, fourth] = team as [Member, Member, Member, Member];
    const signedEarlier = await examine(system, first, epoch, 1n);
    await commitSecrets(system);
    await toEpoch(system, epoch + 1n);
    await drawSeed(system);
    const next = epoch + 1n;
    const replays: [Member, Awaited<ReturnType<typeof examine>>][] = [
      // Signed for the epoch before, or in it.
      [first, signedEarlier],
      [second, await examine(system, second, next, 1n, { at: epoch })],
      // For somebody else.
      [third, await examine(system, third, next, 1n, { of: fourth })],
      // By somebody else.
      [fourth, await examine(system, fourth, next, 1n, { key: system.stranger })],
    ];
    for (const [member, report] of replays) await commitReports(system, member, [report]);
    await toEpoch(system, next + 1n);
    await revealSecrets(
      system,
      replays.map(([member]) => member),
    );
    for (const [member, report] of replays) {
      await expectRefusal("InvalidEvidence", {
        call: () => revealReports(system, member, [report]),
        by: reports,
        values: [provider.address],
      });
    }
  });
});

describe("attack: a fake hardware class", () => {
  it("earns nothing before its throughput was measured, and nothing after an exam at random that it fails", async () => {
    const system = await freshCrowd();
    const { exams, checkers, vault, providers, provider } = system;
    await toEpoch(system, 2n);
    await beginEpoch(system);
    await exams.enter(provider);
    const claim = (await providers.throughputOf(provider)) / 1_000_000n + 1n;
    // With hardware that it hired for the exam.
    await exams.judge(await playExam(system, claim), provider);
    expect((await vault.stakeOf(provider)).suspended).to.equal(false);
    await checkers.setParameters({ ...(await rulesOf(system, 6n)), examRate: 5_000 });
    await toEpoch(system, 8n);
    for (;;) {
      const epoch = await beginEpoch(system);
      if (await exams.isExamined(epoch, provider)) break;
    }
    // The epoch that was drawn, from its beginning.
    const epoch = await checkers.currentEpoch();
    const five = system.team.slice(0, 5);
    const found = await Promise.all(five.map((member) => examine(system, member, epoch, 1n)));
    for (const [index, member] of five.entries()) await commitReports(system, member, [found[index]!]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, five);
    for (const [index, member] of five.entries()) await revealReports(system, member, [found[index]!]);
    await toEpoch(system, epoch + 2n);
    await system.reports.score(provider);
    await exams.judge(epoch, provider);
    expect((await vault.stakeOf(provider)).suspended).to.equal(true);
    expect((await exams.standingOf(provider)).passed).to.equal(0n);
  });
});

describe("attack: parameters changed during an epoch", () => {
  it("what an epoch began with decides it", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    await toEpoch(system, 2n);
    const epoch = await beginEpoch(system);
    await checkers.setParameters({ ...(await rulesOf(system)), missingShare: 2_000, expectedCheckers: 4 });
    await toEpoch(system, epoch + 2n);
    await checkers.punishMissing(team[0]!.owner, epoch);
    expect((await checkers.checkerOf(team[0]!.owner)).locked).to.equal(STAKE - MISSING);
    expect(await time.latest()).to.be.greaterThan(0);
  });
});

describe("attack: an outage while secrets are revealed", () => {
  it("excuses who could not reveal", async () => {
    const system = await freshTeam();
    const { manager, vault, addresses, stranger } = system;
    const feed = await ethers.deployContract("MockSequencerFeed");
    const deployed = await ethers.deployContract("Checkers", [
      await manager.getAddress(),
      addresses.vault,
      await system.beacon.getAddress(),
      await feed.getAddress(),
      600,
      0,
      await rulesOf(system),
    ]);
    const checkers = deployed as unknown as typeof system.checkers;
    await vault.addModule(checkers);
    const owner = system.newcomer;
    await stakeFor(system, owner, STAKE);
    await vault.connect(owner).approveStakeModules(await vault.moduleBit(await checkers.getAddress()));
    await checkers.connect(owner).join(stranger);
    await checkers.connect(stranger).commit(1, await checkers.commitmentOf(owner, 1, ethers.id("secret")));
    await time.increaseTo((await checkers.startOf(1)) + 1n);
    await checkers.draw(await nextRound(system));
    await time.increaseTo((await checkers.startOf(2)) + 300n);
    const back = await time.latest();
    await feed.getFunction("set")(0, back);
    await time.increaseTo((await checkers.startOf(3)) + 1n);
    await expectRefusal("NoFault", {
      call: () => checkers.punishMissing(owner, 1),
      by: checkers,
      values: [owner.address, 1],
    });
    await feed.getFunction("set")(0, (await checkers.startOf(2)) - 1n);
    await checkers.punishMissing(owner, 1);
  });
});
