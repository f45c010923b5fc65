// Cases of the quality court from the report to the end: freezing, appeals, penalties, shares, suspension.
import { expect } from "chai";
import { CaseStatus } from "../../sdk/src/generated/enums.ts";
import { ALL_SHARES } from "../../sdk/src/quality/harmed-tree.ts";
import {
  APPEAL_PERIOD,
  CASE_INTERVAL,
  CLAIM_PERIOD,
  DAY,
  DECISION_PERIOD,
  DISCOUNTED,
  EVIDENCE,
  PENALTY,
  REASONS,
  SUSPENSION,
  announceCase,
  claimShare,
  courtParametersOf,
  decideCase,
  executeCase,
  freshCourt,
  harmedPart,
  insuredPart,
  nextCaseOf,
  passInterval,
  stakeStateOf,
} from "../support/court.ts";
import { eventsOf, expectOnlyEvent } from "../support/expect.ts";
import { ATH, createJob, fund, gpus, profileOf, time } from "../support/system.ts";

const now = async () => BigInt(await time.latest());

describe("QualityCourt.announce", () => {
  it("freezes a part of the stake of the hardware, says everything, and starts the appeal period", async () => {
    const system = await freshCourt();
    const { court, provider, reporter, providers } = system;
    const before = await stakeStateOf(system);
    const id = await nextCaseOf(system, provider);
    const { sent, shares } = await announceCase(system);
    const announcedAt = await now();
    const opened = await court.caseOf(id);
    expect([opened.provider, opened.amount, opened.status]).to.deep.equal([
      provider.address,
      PENALTY,
      BigInt(CaseStatus.Announced),
    ]);
    expect([opened.appealUntil, opened.decideUntil]).to.deep.equal([
      announcedAt + APPEAL_PERIOD,
      announcedAt + APPEAL_PERIOD + DECISION_PERIOD,
    ]);
    await expectOnlyEvent(court, sent, "CaseAnnounced", [
      id,
      provider.address,
      reporter.address,
      PENALTY,
      opened.harmedRoot,
      opened.appealUntil,
      opened.decideUntil,
      EVIDENCE,
    ]);
    await expectOnlyEvent(providers, sent, "StakeFrozen", [provider.address, PENALTY]);
    expect(shares.length).to.equal(2);
    expect(await stakeStateOf(system)).to.deep.equal({
      ...before,
      reserved: before.reserved - PENALTY,
      frozen: PENALTY,
    });
    const { cases, open, suspendedUntil, penalties } = await court.standingOf(provider);
    expect([cases, open, suspendedUntil, penalties]).to.deep.equal([1n, true, 0n, 0n]);
  });

  it("presumes innocence: the accused takes work", async () => {
    const system = await freshCourt();
    await announceCase(system);
    const { job } = await createJob(system);
    expect(job.provider).to.equal(system.provider.address);
  });
});

describe("QualityCourt.execute: nobody appealed", () => {
  it("takes the amount less the discount; half burns at least, the rest is divided; the provider is suspended", async () => {
    const system = await freshCourt();
    const { ath, vault, court, providers, provider, insurance, addresses } = system;
    const before = await stakeStateOf(system);
    const supply = await ath.totalSupply();
    const opened = await announceCase(system);
    const sent = await executeCase(system, opened);
    const at = await now();
    const [harmed, insured] = [harmedPart(DISCOUNTED), insuredPart(DISCOUNTED)];
    await expectOnlyEvent(court, sent, "CaseExecuted", [
      opened.id,
      provider.address,
      DISCOUNTED,
      harmed,
      insured,
      at + CLAIM_PERIOD,
      at + SUSPENSION,
    ]);
    expect(await eventsOf(providers, sent)).to.deep.equal([
      { name: "StakePenalised", values: [provider.address, DISCOUNTED, harmed + insured] },
      { name: "StakeReleased", values: [provider.address, PENALTY - DISCOUNTED] },
    ]);
    expect(await stakeStateOf(system)).to.deep.equal({
      staked: before.staked - DISCOUNTED,
      locked: before.locked - DISCOUNTED,
      suspended: true,
      reserved: before.reserved - DISCOUNTED,
      fraudDeposit: before.fraudDeposit,
      frozen: 0n,
    });
    expect(supply - (await ath.totalSupply()), "burned").to.equal(DISCOUNTED - harmed - insured);
    expect(await ath.balanceOf(insurance)).to.equal(insured);
    expect((await vault.accountOf(ath, addresses.providers)).available, "waits").to.equal(harmed);
    expect(await vault.slashedOf(provider)).to.equal(DISCOUNTED);
    const { status, harmed: set, unclaimed, claimUntil } = await court.caseOf(opened.id);
    expect([status, set, unclaimed, claimUntil]).to.deep.equal([
      BigInt(CaseStatus.Executed),
      harmed,
      harmed,
      at + CLAIM_PERIOD,
    ]);
    const standing = await court.standingOf(provider);
    expect([standing.open, standing.nextCaseAt, standing.suspendedUntil, standing.penalties]).to.deep.equal([
      false,
      at + CASE_INTERVAL,
      at + SUSPENSION,
      1n,
    ]);
  });

  it("gives the part of the harmed to the insurance where nobody was harmed", async () => {
    const system = await freshCourt();
    await executeCase(system, await announceCase(system, { shares: [] }));
    expect(await system.ath.balanceOf(system.insurance)).to.equal(
      harmedPart(DISCOUNTED) + insuredPart(DISCOUNTED),
    );
  });
});

describe("QualityCourt.appeal and decide", () => {
  it("upheld: the whole amount is taken at once", async () => {
    const system = await freshCourt();
    const { court, providers, provider } = system;
    const opened = await announceCase(system);
    await expectOnlyEvent(court, court.connect(provider).appeal(opened.id, REASONS), "CaseAppealed", [
      opened.id,
      provider.address,
      REASONS,
    ]);
    const sent = await court.decide(opened.id, true);
    const [harmed, insured] = [harmedPart(PENALTY), insuredPart(PENALTY)];
    await expectOnlyEvent(providers, sent, "StakePenalised", [provider.address, PENALTY, harmed + insured]);
    expect((await court.caseOf(opened.id)).status).to.equal(BigInt(CaseStatus.Executed));
    expect((await stakeStateOf(system)).suspended).to.equal(true);
  });

  it("with the operator key too, as the owner's is kept cold", async () => {
    const system = await freshCourt();
    const { court, provider, operator } = system;
    const { id } = await announceCase(system);
    await expectOnlyEvent(court, court.connect(operator).appeal(id, REASONS), "CaseAppealed", [
      id,
      provider.address,
      REASONS,
    ]);
  });

  it("dropped: everything is as it was, to the last unit", async () => {
    const system = await freshCourt();
    const { court, providers, provider } = system;
    const before = await stakeStateOf(system);
    const opened = await announceCase(system);
    const sent = await decideCase(system, opened, false);
    await expectOnlyEvent(court, sent, "CaseDropped", [opened.id, provider.address]);
    await expectOnlyEvent(providers, sent, "StakeReleased", [provider.address, PENALTY]);
    expect(await stakeStateOf(system)).to.deep.equal(before);
    const { open, nextCaseAt, suspendedUntil, penalties } = await court.standingOf(provider);
    expect([open, nextCaseAt, suspendedUntil, penalties]).to.deep.equal([
      false,
      (await now()) + CASE_INTERVAL,
      0n,
      0n,
    ]);
  });

  it("dropped by governance before anybody appealed, as when a reporter errs", async () => {
    const system = await freshCourt();
    const before = await stakeStateOf(system);
    const { id } = await announceCase(system);
    await system.court.decide(id, false);
    expect(await stakeStateOf(system)).to.deep.equal(before);
  });

  it("not decided in time: anyone drops it, silence penalises nobody", async () => {
    const system = await freshCourt();
    const { court, provider, newcomer } = system;
    const before = await stakeStateOf(system);
    const opened = await announceCase(system);
    await court.connect(provider).appeal(opened.id, REASONS);
    await time.increaseTo((await court.caseOf(opened.id)).decideUntil + 1n);
    await expectOnlyEvent(court, court.connect(newcomer).lapse(opened.id), "CaseDropped", [
      opened.id,
      provider.address,
    ]);
    expect(await stakeStateOf(system)).to.deep.equal(before);
  });

  it("is in time in the last second, and so is the decision", async () => {
    const system = await freshCourt();
    const { court, provider } = system;
    const { id } = await announceCase(system);
    const { appealUntil, decideUntil } = await court.caseOf(id);
    await time.setNextBlockTimestamp(appealUntil);
    await court.connect(provider).appeal(id, REASONS);
    await time.setNextBlockTimestamp(decideUntil);
    await court.decide(id, true);
    expect((await court.caseOf(id)).status).to.equal(BigInt(CaseStatus.Executed));
  });

  it("is executed in the first second after the appeal period", async () => {
    const system = await freshCourt();
    const { court, newcomer } = system;
    const { id } = await announceCase(system);
    await time.setNextBlockTimestamp((await court.caseOf(id)).appealUntil + 1n);
    await court.connect(newcomer).execute(id);
    expect((await court.caseOf(id)).status).to.equal(BigInt(CaseStatus.Executed));
  });
});

describe("QualityCourt.claim and sweep", () => {
  it("sends each harmed client its share, whoever calls, and keeps what is not claimed", async () => {
    const system = await freshCourt();
    const { ath, court, client, otherClient } = system;
    const opened = await announceCase(system);
    await executeCase(system, opened);
    const harmed = harmedPart(DISCOUNTED);
    const before = await ath.balanceOf(client);
    await expectOnlyEvent(court, claimShare(system, opened, 0), "ShareClaimed", [
      opened.id,
      client.address,
      harmed / 4n,
    ]);
    expect((await ath.balanceOf(client)) - before).to.equal(harmed / 4n);
    expect(await court.isClaimed(opened.id, client, ALL_SHARES / 4n)).to.equal(true);
    expect(await court.isClaimed(opened.id, otherClient, (ALL_SHARES * 3n) / 4n)).to.equal(false);
    await claimShare(system, opened, 1);
    expect((await court.caseOf(opened.id)).unclaimed).to.equal(0n);
  });

  it("takes the last second of the year; then the rest goes to the insurance", async () => {
    const system = await freshCourt();
    const { ath, court, insurance, newcomer } = system;
    const opened = await announceCase(system);
    await executeCase(system, opened);
    const { claimUntil } = await court.caseOf(opened.id);
    await time.setNextBlockTimestamp(claimUntil);
    await claimShare(system, opened, 0);
    const rest = harmedPart(DISCOUNTED) - harmedPart(DISCOUNTED) / 4n;
    const before = await ath.balanceOf(insurance);
    await expectOnlyEvent(court, court.connect(newcomer).sweep(opened.id), "UnclaimedSwept", [
      opened.id,
      rest,
    ]);
    expect((await ath.balanceOf(insurance)) - before).to.equal(rest);
  });
});

describe("QualityCourt.setParameters", () => {
  it("sets those of later cases", async () => {
    const { court } = await freshCourt();
    const next = {
      appealPeriod: 3n * DAY,
      decisionPeriod: 14n * DAY,
      caseInterval: 7n * DAY,
      suspension: DAY,
      removalAfter: 3n,
      harmedBasisPoints: 5_000n,
      insuredBasisPoints: 0n,
      discountBasisPoints: 500n,
    };
    await expectOnlyEvent(court, court.setParameters(next), "ParametersSet", [next]);
    expect(await courtParametersOf({ court })).to.deep.equal(next);
  });
});

describe("QualityCourt: a provider that tops up while its case runs", () => {
  it("has the frozen part back as free stake when the case is dropped", async () => {
    const system = await freshCourt();
    const { providers, provider, operator } = system;
    await fund(system, provider, 1_000n * ATH);
    const opened = await announceCase(system);
    await providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(2) });
    await decideCase(system, opened, false);
    const { reserved, locked, frozen } = await stakeStateOf(system);
    expect([reserved, locked, frozen]).to.deep.equal([7_000n * ATH, 7_000n * ATH, 0n]);
    await passInterval(system);
  });
});
