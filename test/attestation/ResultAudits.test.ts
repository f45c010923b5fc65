// Which results are audited, what auditors commit to and reveal, who is paid, and who is punished after a verdict of the real game.
import { expect } from "chai";
import {
  attest,
  attested,
  audited,
  commitmentTo,
  LIES,
  reveal,
  rootOf,
  toReveals,
} from "../support/audits.ts";
import { rulesOf } from "../support/checker-rules.ts";
import {
  EPOCH,
  FALSE_ATTESTATION,
  freshTeam,
  type Member,
  nextRound,
  STAKE,
  toEpoch,
} from "../support/checkers.ts";
import { challenge, HONEST, passDeadline, play, playUntil, resultWith } from "../support/dispute.ts";
import { expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import { ethers, passWindow, time } from "../support/system.ts";

describe("ResultAudits: pay", () => {
  it("whoever agrees with most of the others, and with one at least, earns the shares", async () => {
    const audit = await audited();
    const { audits, pay, team } = audit.system;
    const root = rootOf(HONEST);
    const other = ethers.id("another root");
    await attested(audit, [root, root, root, other, other]);
    expect(await audits.votesOf(audit.id, root)).to.deep.equal([5n, 3n]);
    await toEpoch(audit.system, audit.epoch + 3n);
    for (const [index, shares] of [1n, 1n, 1n, 0n, 0n].entries()) {
      const { owner } = team[index]!;
      await expectOnlyEvent(audits, audits.count(audit.id, audit.round, owner), "AttestationCounted", [
        audit.id,
        owner.address,
        shares,
      ]);
      expect(await pay.sharesOf(audit.epoch + 1n, owner)).to.equal(shares);
      await expectRefusal("NothingToDo", {
        call: () => audits.count(audit.id, audit.round, owner),
        by: audits,
        values: [audit.id, owner.address],
      });
    }
  });

  it("nobody alone, and nobody in a draw", async () => {
    for (const roots of [[rootOf(HONEST)], ["a", "a", "b", "b"].map((name) => ethers.id(name))]) {
      const audit = await audited();
      const { audits, pay } = audit.system;
      const members = await attested(audit, roots);
      await toEpoch(audit.system, audit.epoch + 3n);
      for (const { owner } of members) await audits.count(audit.id, audit.round, owner);
      expect(await pay.totalShares(audit.epoch + 1n)).to.equal(0n);
    }
  });

  it("counts in its epoch only", async () => {
    const audit = await audited();
    const [{ owner }] = (await attested(audit, [rootOf(HONEST)])) as [Member];
    const { audits } = audit.system;
    const refused = (current: bigint) =>
      expectRefusal("WrongEpoch", {
        call: () => audits.count(audit.id, audit.round, owner),
        by: audits,
        values: [audit.epoch, current],
      });
    await refused(audit.epoch + 2n);
    await toEpoch(audit.system, audit.epoch + 4n);
    await refused(audit.epoch + 4n);
  });
});

describe("ResultAudits: liability", () => {
  it("holds the stake until the result is final", async () => {
    const audit = await audited();
    const { audits, checkers, escrow, stranger } = audit.system;
    const [{ owner }] = (await attested(audit, [rootOf(HONEST)])) as [Member];
    await toEpoch(audit.system, audit.epoch + 4n);
    await expectRefusal("StillLiable", {
      call: () => checkers.connect(owner).resign(),
      by: checkers,
      values: [owner.address, audit.epoch + 4n, 1],
    });
    await expectRefusal("NotFinal", {
      call: () => audits.close(audit.id, owner),
      by: audits,
      values: [audit.id],
    });
    await passWindow(audit.result.job);
    await escrow.finalize(audit.result.job.job, audit.result.output, stranger);
    await expectRefusal("NotProvenFalse", {
      call: () => audits.punishAttestation(audit.id, owner),
      by: audits,
      values: [audit.id, owner.address],
    });
    await expectOnlyEvent(audits, audits.close(audit.id, owner), "AttestationClosed", [
      audit.id,
      owner.address,
    ]);
    await expectRefusal("NothingToDo", {
      call: () => audits.close(audit.id, owner),
      by: audits,
      values: [audit.id, owner.address],
    });
    await checkers.connect(owner).resign();
  });

  it("a step that proves the attested trace wrong costs a share of the stake; whoever attested to another trace loses nothing", async () => {
    const audit = await audited(LIES);
    const { audits, checkers, escrow, game, stranger, system } = { ...audit.system, system: audit.system };
    const lie = rootOf(audit.result.trace);
    const [liar, honest] = system.team as [Member, Member];
    await attest(audit, liar, lie);
    await attest(audit, honest, rootOf(HONEST));
    await play(system, await challenge(system, audit.result, stranger));
    expect(await game.isProvenWrong(audit.id)).to.equal(true);
    await toReveals(audit, [liar, honest]);
    await reveal(audit, liar, lie);
    await reveal(audit, honest, rootOf(HONEST));
    await escrow.refund(audit.result.job.job, stranger);

    await expectRefusal("ProvenFalse", {
      call: () => audits.close(audit.id, liar.owner),
      by: audits,
      values: [audit.id, liar.owner.address],
    });
    await expectRefusal("NotProvenFalse", {
      call: () => audits.punishAttestation(audit.id, honest.owner),
      by: audits,
      values: [audit.id, honest.owner.address],
    });
    await expectOnlyEvent(
      audits,
      audits.connect(stranger).punishAttestation(audit.id, liar.owner),
      "AttestationPunished",
      [audit.id, liar.owner.address, stranger.address],
    );
    expect((await checkers.checkerOf(liar.owner)).locked).to.equal(STAKE - FALSE_ATTESTATION);
    await audits.close(audit.id, honest.owner);
    expect((await checkers.checkerOf(honest.owner)).locked).to.equal(STAKE);
    await expectRefusal("NothingToDo", {
      call: () => audits.punishAttestation(audit.id, liar.owner),
      by: audits,
      values: [audit.id, liar.owner.address],
    });
  });
});

describe("ResultAudits: what they refuse", () => {
  it("a second commitment, one by no operator, and what was not committed to", async () => {
    const audit = await audited();
    const { audits, checkers, team, stranger } = audit.system;
    const [member, other] = team as [Member, Member];
    const root = rootOf(HONEST);
    await attest(audit, member, root);
    await expectRefusal("AlreadyAttested", {
      call: () => attest(audit, member, root),
      by: audits,
      values: [member.owner.address, await commitmentTo(audit, member, root)],
    });
    await expectRefusal("NotOperator", {
      call: () => audits.connect(stranger).attest(root),
      by: checkers,
      values: [stranger.address],
    });
    await expectRefusal("WrongEpoch", {
      call: () => reveal(audit, member, root),
      by: audits,
      values: [audit.epoch, audit.epoch],
    });
    await toReveals(audit, [member, other]);
    await expectRefusal("AttestationMismatch", {
      call: () => reveal(audit, member, ethers.id("another")),
      by: audits,
      values: [audit.id, member.owner.address],
    });
    await expectRefusal("AttestationMismatch", {
      call: () => reveal(audit, member, ethers.ZeroHash),
      by: audits,
      values: [audit.id, member.owner.address],
    });
    await expectRefusal("AttestationMismatch", {
      call: () => reveal(audit, other, root),
      by: audits,
      values: [audit.id, other.owner.address],
    });
    await reveal(audit, member, root);
    await expectRefusal("AttestationMismatch", {
      call: () => reveal(audit, member, root),
      by: audits,
      values: [audit.id, member.owner.address],
    });
  });

  it("a checker that was not drawn, for its secret is not known", async () => {
    const audit = await audited();
    const [member] = audit.system.team as [Member];
    await attest(audit, member, rootOf(HONEST));
    await toReveals(audit, []);
    await expectRefusal("NotDrawn", {
      call: () => reveal(audit, member, rootOf(HONEST)),
      by: audit.system.audits,
      values: [audit.id, member.owner.address],
    });
  });

  it("another round, results before they are there, and private ones", async () => {
    const audit = await audited();
    const { audits, system } = { ...audit.system, system: audit.system };
    const [member] = system.team as [Member];
    const root = rootOf(HONEST);
    const later = { ...audit, round: await nextRound(system) };
    await attest(later, member, root);
    // Terms of a private job, and of none, with commitments that fit.
    const hidden = await system.escrow.jobIdOf({ ...audit.result.job.job, vocabularySize: 0 });
    const unknown = { ...audit.result.job.job, salt: 12_345n };
    const unknownId = await system.escrow.jobIdOf(unknown);
    for (const id of [hidden, unknownId]) await attest({ ...audit, id }, member, root);
    await toReveals(audit, [member]);
    await expectRefusal("NotAudited", {
      call: () => reveal(later, member, root),
      by: audits,
      values: [audit.id, later.round],
    });
    const terms = { ...audit.result.job.job, vocabularySize: 0 };
    const id = await system.escrow.jobIdOf(terms);
    expect(id).to.equal(hidden);
    await expectRefusal("NotAuditable", {
      call: () => audits.revealAttestation(terms, audit.round, member.owner, root),
      by: audits,
      values: [id],
    });
    await expectRefusal("NotAuditable", {
      call: () => audits.revealAttestation(unknown, audit.round, member.owner, root),
      by: audits,
      values: [unknownId],
    });
  });

  it("what was committed to when the window was over", async () => {
    const audit = await audited();
    const [member] = audit.system.team as [Member];
    const { challengeWindow } = audit.result.job.job;
    const submittedAt = ((await audit.system.escrow.jobState(audit.id)) >> 8n) & (2n ** 40n - 1n);
    const end = submittedAt + BigInt(challengeWindow);
    const commitment = await commitmentTo(audit, member, rootOf(HONEST));
    await time.setNextBlockTimestamp(end);
    await audit.system.audits.connect(member.operator).attest(commitment);
    await toReveals(audit, [member]);
    await expectRefusal("AttestedTooLate", {
      call: () => reveal(audit, member, rootOf(HONEST)),
      by: audit.system.audits,
      values: [audit.id, end, end],
    });
  });

  it("results that the rate spares", async () => {
    const system = await freshTeam();
    const { checkers, audits } = system;
    await checkers.setParameters({ ...(await rulesOf(system)), auditRate: 0 });
    await toEpoch(system, 3n);
    const result = await resultWith(system);
    const submittedAt = await time.latest();
    const round = await nextRound(system);
    expect(await audits.isAudited(result.job.id, submittedAt, round)).to.equal(false);
    expect(await audits.isAudited(result.job.id, 0, round)).to.equal(false);
    expect(EPOCH).to.equal(86_400n);
  });
});

describe("ResultAudits: verdicts that prove nothing", () => {
  it("a provider whose clock ran out leaves honest attestations alone, at every stage", async () => {
    for (const stage of ["Root", "Descent", "Named"] as const) {
      const audit = await audited(stage === "Root" ? {} : LIES);
      const { audits, game, escrow, stranger, system } = { ...audit.system, system: audit.system };
      const [member] = system.team as [Member];
      const root = rootOf(audit.result.trace);
      await attest(audit, member, root);
      const dispute = await challenge(system, audit.result, stranger);
      await playUntil(system, dispute, stage);
      await passDeadline(system, dispute);
      await game.timeout(dispute.id);
      expect(await game.convictionOf(system.provider)).to.equal(dispute.id);
      expect(await game.isProvenWrong(audit.id)).to.equal(false);
      await toReveals(audit, [member]);
      await reveal(audit, member, root);
      await escrow.refund(audit.result.job.job, stranger);
      await expectRefusal("NotProvenFalse", {
        call: () => audits.punishAttestation(audit.id, member.owner),
        by: audits,
        values: [audit.id, member.owner.address],
      });
      await audits.close(audit.id, member.owner);
    }
  });
});
