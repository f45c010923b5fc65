// What follows a penalty: suspension, longer each time, reinstatement, removal.
import { expect } from "chai";
import {
  DAY,
  FOR_EVER,
  PENALTY,
  SUSPENSION,
  courtParametersOf,
  freshCourt,
  penaliseTimes,
  stakeStateOf,
} from "../support/court.ts";
import { expectOnlyEvent } from "../support/expect.ts";
import { ATH, createJob, time } from "../support/system.ts";

const now = async () => BigInt(await time.latest());

describe("QualityCourt: suspension and removal", () => {
  it("takes longer with every penalty within a year, and ends by the provider's call", async () => {
    const system = await freshCourt();
    const { court, providers, vault, provider } = system;
    for (const nth of [1n, 2n, 3n]) {
      await penaliseTimes(system, 1);
      const until = (await now()) + nth * SUSPENSION;
      const standing = await court.standingOf(provider);
      expect([standing.suspendedUntil, standing.penalties]).to.deep.equal([until, nth]);
      await time.setNextBlockTimestamp(until);
      const sent = await court.connect(provider).reinstate();
      await expectOnlyEvent(court, sent, "ProviderReinstated", [provider.address]);
      await expectOnlyEvent(providers, sent, "ProviderReinstated", [provider.address, 6_000n * ATH]);
      expect((await court.standingOf(provider)).suspendedUntil).to.equal(0n);
    }
    expect((await vault.stakeOf(provider)).suspended).to.equal(false);
    expect((await createJob(system)).job.provider).to.equal(provider.address);
  });

  it("does not shorten a suspension under way", async () => {
    const system = await freshCourt();
    const { court, provider } = system;
    const parameters = await courtParametersOf(system);
    await court.setParameters({ ...parameters, suspension: 30n * DAY });
    await penaliseTimes(system, 1);
    const first = (await court.standingOf(provider)).suspendedUntil;
    await court.setParameters({ ...parameters, suspension: DAY, caseInterval: 7n * DAY });
    await penaliseTimes(system, 1);
    expect((await court.standingOf(provider)).suspendedUntil).to.equal(first);
  });

  it("counts penalties of the last year only", async () => {
    const system = await freshCourt();
    const { court, provider } = system;
    await penaliseTimes(system, 1);
    const first = await now();
    await time.increaseTo(first + 100n * DAY);
    await penaliseTimes(system, 1);
    await time.increaseTo(first + 365n * DAY);
    expect((await court.standingOf(provider)).penalties).to.equal(2n);
    await time.increaseTo(first + 365n * DAY + 1n);
    expect((await court.standingOf(provider)).penalties).to.equal(1n);
    await penaliseTimes(system, 1);
    expect((await court.standingOf(provider)).suspendedUntil).to.equal((await now()) + 2n * SUSPENSION);
  });

  it("removes after the fourth within a year: no way back, but every way out", async () => {
    const system = await freshCourt();
    const { court, providers, vault, provider, modelRoot, addresses } = system;
    await penaliseTimes(system, 4);
    expect((await court.standingOf(provider)).suspendedUntil).to.equal(FOR_EVER);
    const { staked, frozen } = await stakeStateOf(system);
    expect([staked, frozen]).to.deep.equal([10_000n * ATH - 32n * ATH, 0n]);
    for (const token of [addresses.ath, addresses.stablecoin]) {
      await providers.connect(provider).removeOffer(modelRoot, token);
    }
    await providers.connect(provider).deregister();
    await vault.connect(provider).unbond(staked);
    await time.increase(14n * DAY);
    await vault.claimUnbonded(provider);
    expect((await vault.accountOf(addresses.ath, provider)).available >= staked).to.equal(true);
    expect((await vault.stakeOf(provider)).locked).to.equal(0n);
  });

  it("stays what it is when a penalty follows that alone would be short", async () => {
    const system = await freshCourt();
    const { court, provider } = system;
    await penaliseTimes(system, 4);
    await time.increase(366n * DAY);
    await penaliseTimes(system, 1);
    expect((await court.standingOf(provider)).suspendedUntil).to.equal(FOR_EVER);
  });

  it("brings the lock to today's requirement, closed classes included; the fraud deposit never falls", async () => {
    const system = await freshCourt();
    const { court, providers, provider } = system;
    await penaliseTimes(system, 1, PENALTY);
    const { name, minimumThroughput } = await providers.hardwareClassOf(0);
    await providers.setHardwareClass(0, {
      name,
      minimumThroughput,
      minimumStakePerGpu: 2_000n * ATH,
      open: false,
    });
    await providers.setFraudDeposit(100n * ATH);
    await time.increaseTo((await court.standingOf(provider)).suspendedUntil);
    await court.connect(provider).reinstate();
    const state = await stakeStateOf(system);
    expect([state.reserved, state.locked, state.fraudDeposit]).to.deep.equal([
      7_000n * ATH,
      7_000n * ATH,
      5_000n * ATH,
    ]);
  });

  it("follows the requirement downwards, too, and the fraud deposit upwards", async () => {
    const system = await freshCourt();
    const { court, providers, provider } = system;
    await penaliseTimes(system, 1, PENALTY);
    const { name, minimumThroughput } = await providers.hardwareClassOf(0);
    await providers.setHardwareClass(0, {
      name,
      minimumThroughput,
      minimumStakePerGpu: 10n * ATH,
      open: true,
    });
    await providers.setFraudDeposit(5_100n * ATH);
    await time.increaseTo((await court.standingOf(provider)).suspendedUntil);
    await court.connect(provider).reinstate();
    const state = await stakeStateOf(system);
    expect([state.reserved, state.locked, state.fraudDeposit]).to.deep.equal([
      5_110n * ATH,
      5_110n * ATH,
      5_100n * ATH,
    ]);
  });
});
