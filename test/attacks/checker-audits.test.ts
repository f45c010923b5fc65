// Attacks on audits and by auditors, and on what checkers are paid; docs/checkers.md, section 9, names them.
import { expect } from "chai";
import { attest, attested, type Audit, audited, LIES, reveal, rootOf, toReveals } from "../support/audits.ts";
import {
  beginEpoch,
  chainOf,
  commitReports,
  FALSE_ATTESTATION,
  freshTeam,
  measure,
  MISSING,
  type Member,
  OMITTED,
  playEpoch,
  revealReports,
  revealSecrets,
  STAKE,
  toEpoch,
} from "../support/checkers.ts";
import { CountingTrace } from "../support/counting.ts";
import { challenge, HONEST, passDeadline, play, playUntil } from "../support/dispute.ts";
import { expectRefusal } from "../support/expect.ts";
import { createJob, ethers, passWindow, submitResult } from "../support/system.ts";

const lockedOf = async ({ system }: Pick<Audit, "system">, { owner }: Member) =>
  (await system.checkers.checkerOf(owner)).locked;

describe("attack: lazy auditor copying", () => {
  it("a commitment that was copied cannot be revealed: it names its checker", async () => {
    const audit = await audited();
    const { audits, team } = audit.system;
    const [worker, copier] = team as [Member, Member];
    const root = rootOf(HONEST);
    await attest(audit, worker, root);
    const [event] = await audits.queryFilter(audits.filters.AttestationCommitted(worker.owner.address));
    await audits.connect(copier.operator).attest(event!.args.commitment);
    await toReveals(audit, [worker, copier]);
    await reveal(audit, worker, root);
    await expectRefusal("AttestationMismatch", {
      call: () => reveal(audit, copier, root),
      by: audits,
      values: [audit.id, copier.owner.address],
    });
  });

  it("a root that others reveal comes two epochs too late to be attested to", async () => {
    const audit = await audited();
    const { audits, escrow, team } = audit.system;
    const [worker, copier] = team as [Member, Member];
    const root = rootOf(HONEST);
    await attest(audit, worker, root);
    await toReveals(audit, [worker, copier]);
    await reveal(audit, worker, root);
    await attest(audit, copier, root);
    const submittedAt = ((await escrow.jobState(audit.id)) >> 8n) & (2n ** 40n - 1n);
    const committedAt = BigInt((await ethers.provider.getBlock("latest"))!.timestamp);
    await expectRefusal("AttestedTooLate", {
      call: () => reveal(audit, copier, root),
      by: audits,
      values: [audit.id, committedAt, submittedAt + BigInt(audit.result.job.job.challengeWindow)],
    });
  });

  it("a root that was guessed earns nothing beside two that were computed", async () => {
    const audit = await audited();
    const { audits, pay, team } = audit.system;
    await attested(audit, [rootOf(HONEST), rootOf(HONEST), ethers.id("a guess")]);
    await toEpoch(audit.system, audit.epoch + 3n);
    for (const { owner } of team.slice(0, 3)) await audits.count(audit.id, audit.round, owner);
    expect(await pay.sharesOf(audit.epoch + 1n, team[2]!.owner)).to.equal(0n);
    expect(await pay.totalShares(audit.epoch + 1n)).to.equal(2n);
  });
});

describe("attack: a lazy auditor attests to a leaked wrong root", () => {
  it("whoever set the trap convicts its own provider by a step when the root was revealed, and takes a part of the stake", async () => {
    const audit = await audited(LIES);
    const { audits, ath, escrow, game, stranger, team } = audit.system;
    const [lazy, honest] = team as [Member, Member];
    const leaked = rootOf(audit.result.trace);
    await attest(audit, lazy, leaked);
    await attest(audit, honest, rootOf(HONEST));
    // The trap's own challenge, inside the window; provider and challenger are one, and play when it suits them.
    const trap = await challenge(audit.system, audit.result, stranger);
    await play(audit.system, trap);
    expect(await game.isProvenWrong(audit.id)).to.equal(true);
    await toReveals(audit, [lazy, honest]);
    await reveal(audit, lazy, leaked);
    await reveal(audit, honest, rootOf(HONEST));
    const before = await ath.balanceOf(stranger);
    await audits.connect(stranger).punishAttestation(audit.id, lazy.owner);
    expect((await ath.balanceOf(stranger)) - before).to.equal(FALSE_ATTESTATION / 10n);
    expect(await lockedOf(audit, lazy)).to.equal(STAKE - FALSE_ATTESTATION);
    await escrow.refund(audit.result.job.job, stranger);
    await audits.close(audit.id, honest.owner);
    expect(await lockedOf(audit, honest)).to.equal(STAKE);
  });
});

describe("attack: an auditor that keeps silent about a false attestation", () => {
  it("when a step has shown that its root was wrong, whoever knows the root reveals and punishes it", async () => {
    const audit = await audited(LIES);
    const { audits, game, stranger, team } = audit.system;
    const [lazy] = team as [Member];
    const leaked = rootOf(audit.result.trace);
    await attest(audit, lazy, leaked);
    await play(audit.system, await challenge(audit.system, audit.result, stranger));
    await toReveals(audit, [lazy]);
    const posted = (await game.resultOf(audit.id)).positionsRoot;
    await audits
      .connect(audit.system.newcomer)
      .revealAttestation(audit.result.job.job, audit.round, lazy.owner, posted);
    await audits.connect(stranger).punishAttestation(audit.id, lazy.owner);
    expect(await lockedOf(audit, lazy)).to.equal(STAKE - FALSE_ATTESTATION);
  });

  it("a secret that is kept back costs its penalty, and the audit's pay", async () => {
    const audit = await audited(LIES);
    const { checkers, stranger, team } = audit.system;
    const [lazy] = team as [Member];
    const leaked = rootOf(audit.result.trace);
    await attest(audit, lazy, leaked);
    await toReveals(audit, []);
    await expectRefusal("NotDrawn", {
      call: () => reveal(audit, lazy, leaked),
      by: audit.system.audits,
      values: [audit.id, lazy.owner.address],
    });
    await checkers.connect(stranger).punishMissing(lazy.owner, audit.epoch);
    expect(await lockedOf(audit, lazy)).to.equal(STAKE - MISSING);
  });
});

describe("attack: an honest attestation punished by a timeout", () => {
  it("a provider that shows the very root that was attested to, and lets its clock run out, proves nothing", async () => {
    const audit = await audited();
    const { audits, escrow, game, provider, stranger, team } = audit.system;
    const [honest, other] = team as [Member, Member];
    const root = rootOf(HONEST);
    await attest(audit, honest, root);
    await attest(audit, other, root);
    // The challenger differs where the provider is right, so that it is the provider's turn again.
    const dispute = await challenge(audit.system, audit.result, stranger, new CountingTrace(LIES));
    await playUntil(audit.system, dispute, "Descent");
    await passDeadline(audit.system, dispute);
    await game.timeout(dispute.id);
    expect(await game.convictionOf(provider)).to.equal(dispute.id);
    expect((await game.resultOf(audit.id)).positionsRoot).to.equal(root);
    await toReveals(audit, [honest, other]);
    await reveal(audit, honest, root);
    await reveal(audit, other, root);
    await expectRefusal("NotProvenFalse", {
      call: () => audits.punishAttestation(audit.id, honest.owner),
      by: audits,
      values: [audit.id, honest.owner.address],
    });
    await escrow.refund(audit.result.job.job, stranger);
    await toEpoch(audit.system, audit.epoch + 3n);
    for (const { owner } of [honest, other]) {
      await audits.count(audit.id, audit.round, owner);
      await audits.close(audit.id, owner);
    }
    expect(await lockedOf(audit, honest)).to.equal(STAKE);
    expect(await audit.system.pay.sharesOf(audit.epoch + 1n, honest.owner)).to.equal(1n);
  });
});

describe("attack: omission of a drawn provider", () => {
  it("is shown by anyone, and costs more than the report would have earned", async () => {
    const system = await freshTeam();
    const { reports, checkers, ath, provider, team, stranger } = system;
    const [silent] = team as [Member];
    const epoch = await beginEpoch(system);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [silent]);
    await toEpoch(system, epoch + 2n);
    await reports.connect(stranger).punishOmission(silent.owner, provider);
    expect((await checkers.checkerOf(silent.owner)).locked).to.equal(STAKE - OMITTED);
    expect(await ath.balanceOf(stranger)).to.equal(OMITTED / 10n);
  });
});

describe("attack: a double report", () => {
  it("of one provider is refused, in one chunk or in two, and takes with it what was committed before it", async () => {
    const system = await freshTeam();
    const { reports, pay, provider, team } = system;
    const [member] = team as [Member];
    const epoch = await beginEpoch(system, [member]);
    const report = await measure(system, member);
    await commitReports(system, member, [report, report]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [member]);
    const values = [provider.address, provider.address];
    await expectRefusal("NotAscending", {
      call: () => revealReports(system, member, [report, report]),
      by: reports,
      values,
    });
    const [start, between] = chainOf([report, report]);
    await reports.revealReports(member.owner, between!, [report]);
    await expectRefusal("NotAscending", {
      call: () => reports.revealReports(member.owner, start!, [report]),
      by: reports,
      values,
    });
    expect(await reports.reportCount(epoch, provider)).to.equal(1n);
    expect(await pay.sharesOf(epoch, member.owner)).to.equal(0n);
  });
});

describe("attack: a report of another's requests", () => {
  it("is no evidence, under whatever name: the salts of what was asked name the asker", async () => {
    const system = await freshTeam();
    const { reports, provider, team } = system;
    const [asker, thief] = team as [Member, Member];
    const epoch = await beginEpoch(system);
    const stolen = await measure(system, asker);
    await commitReports(system, thief, [stolen]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system);
    await expectRefusal("InvalidEvidence", {
      call: () => revealReports(system, thief, [stolen]),
      by: reports,
      values: [provider.address],
    });
  });
});

describe("attack: the score repeated", () => {
  it("earns a sixth of what those earn who measured that the provider has changed", async () => {
    const system = await freshTeam();
    const { reports, pay, provider, team } = system;
    const score = { throughput: 1_000n };
    const first = await playEpoch(system, [score, score, score, score, score]);
    await toEpoch(system, first + 2n);
    await reports.score(provider);
    const slow = { throughput: 700n };
    const epoch = await playEpoch(system, [slow, slow, slow, slow, score]);
    await toEpoch(system, epoch + 2n);
    await reports.score(provider);
    const shares = await Promise.all(team.slice(0, 5).map(({ owner }) => pay.sharesOf(epoch, owner)));
    expect(shares).to.deep.equal([6n, 6n, 6n, 6n, 1n]);
  });
});

describe("attack: wash trading for pay", () => {
  it("a provider whose own checkers earn every share gets back the checkers' part of the fees that it paid, and no more", async () => {
    const system = await freshTeam();
    const { escrow, pay, reports, ath, addresses, fees, provider, team } = system;
    const epoch = await beginEpoch(system);
    // It asks itself, and is charged a fee like everybody.
    const job = await createJob(system, { maxTokens: 1 });
    const output = await submitResult(system, job, [11]);
    await passWindow(job);
    const finalized = await (await escrow.finalize(job.job, output, provider)).wait();
    const [event] = await escrow.queryFilter(escrow.filters.JobFinalized(job.id), finalized!.blockNumber);
    const { fee } = event!.args;
    await escrow.collectFees(addresses.ath);
    await pay.collect(addresses.ath);
    const pot = await pay.potOf(epoch, addresses.ath);
    const { checkers } = await fees.parameters();
    expect(pot).to.equal((fee * checkers) / 10_000n);
    expect(pot).to.be.greaterThan(0n).and.lessThan(fee);
    // All checkers are its own.
    const five = team.slice(0, 5);
    const found = await Promise.all(five.map((member) => measure(system, member)));
    for (const [index, member] of five.entries()) await commitReports(system, member, [found[index]!]);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system);
    for (const [index, member] of five.entries()) await revealReports(system, member, [found[index]!]);
    await toEpoch(system, epoch + 2n);
    await reports.score(provider);
    await toEpoch(system, epoch + 3n);
    let claimed = 0n;
    for (const { owner } of five) {
      const before = await ath.balanceOf(owner);
      await pay.claim(epoch, addresses.ath, owner);
      claimed += (await ath.balanceOf(owner)) - before;
    }
    // Rounded down for each.
    expect(pot - claimed).to.be.lessThan(5n);
  });
});
