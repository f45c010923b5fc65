// Attacks on penalties for bad service: escaping them, gaining by them, taking more than there is.
import { expect } from "chai";
import { CaseStatus } from "../../sdk/src/generated/enums.ts";
import {
  type CourtSystem,
  DAY,
  DISCOUNTED,
  EVIDENCE,
  PENALTY,
  REASONS,
  announceCase,
  claimShare,
  courtParametersOf,
  decideCase,
  executeCase,
  freshCourt,
  harmedPart,
  passInterval,
  penaliseTimes,
  stakeStateOf,
} from "../support/court.ts";
import { expectRefusal } from "../support/expect.ts";
import { convict } from "../support/game.ts";
import {
  ATH,
  REGISTRY_BIT,
  STAKE_PER_JOB,
  createJob,
  ethers,
  gpus,
  joinAsProvider,
  profileOf,
  requestTo,
  time,
} from "../support/system.ts";

async function leave({ providers, provider, modelRoot, addresses }: CourtSystem): Promise<void> {
  for (const token of [addresses.ath, addresses.stablecoin]) {
    await providers.connect(provider).removeOffer(modelRoot, token);
  }
  await providers.connect(provider).deregister();
}

describe("attack: dodging a penalty", () => {
  it("by unbonding: what is frozen is locked", async () => {
    const system = await freshCourt();
    const { vault, provider } = system;
    const opened = await announceCase(system);
    const free = 4_000n * ATH;
    await expectRefusal("InsufficientStake", {
      call: () => vault.connect(provider).unbond(free + 1n),
      by: vault,
      values: [provider.address, free, free + 1n],
    });
    await vault.connect(provider).unbond(free);
    await executeCase(system, opened);
    expect((await stakeStateOf(system)).staked).to.equal(6_000n * ATH - DISCOUNTED);
  });

  it("by deregistering: the frozen part stays, and so does the module's approval", async () => {
    const system = await freshCourt();
    const { vault, provider } = system;
    const opened = await announceCase(system);
    await leave(system);
    const [staked, values] = [10_000n * ATH, [provider.address, PENALTY]];
    expect((await vault.stakeOf(provider)).locked).to.equal(PENALTY);
    await expectRefusal("ApprovalInUse", {
      call: () => vault.connect(provider).revokeStakeModules(),
      by: vault,
      values,
    });
    await vault.connect(provider).unbond(staked - PENALTY);
    await executeCase(system, opened);
    const { staked: left, locked, suspended } = await vault.stakeOf(provider);
    expect([left, locked, suspended]).to.deep.equal([PENALTY - DISCOUNTED, 0n, true]);
    expect((await vault.unbondingOf(provider)).amount, "the rest is its own").to.equal(staked - PENALTY);
  });

  it("by coming back under the same name: still suspended, and the lock has to be whole", async () => {
    const system = await freshCourt();
    const { court, providers, escrow, vault, provider, operator, modelRoot, addresses, client } = system;
    await penaliseTimes(system, 1);
    await leave(system);
    await providers.connect(provider).register(profileOf(operator));
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, 1, 1);
    const request = await requestTo(system);
    await expectRefusal("ProviderTakesNoWork", {
      call: () => escrow.connect(client).create(request),
      by: vault,
      values: [provider.address],
    });
    await time.increaseTo((await court.standingOf(provider)).suspendedUntil);
    await court.connect(provider).reinstate();
    await createJob(system);
  });

  it("by filling the stake with work: the hardware's part was never free", async () => {
    const system = await freshCourt();
    for (let i = 0; i < 40; i += 1) await createJob(system, { maxTokens: 1 });
    const { staked, locked } = await system.vault.stakeOf(system.provider);
    expect(staked - locked, "nothing is free").to.equal(0n);
    const opened = await announceCase(system);
    await executeCase(system, opened);
    expect((await stakeStateOf(system)).staked).to.equal(10_000n * ATH - DISCOUNTED);
  });

  it("by a conviction, staged or not: the case goes on, and the conviction takes its deposit in full", async () => {
    const system = await freshCourt();
    const { ath, court, vault, provider, addresses } = system;
    const opened = await announceCase(system);
    const supply = await ath.totalSupply();
    await convict(system, 2_500n * ATH);
    expect(supply - (await ath.totalSupply()), "half of the deposit burned").to.equal(2_500n * ATH);
    expect((await vault.accountOf(ath, addresses.game)).available).to.equal(2_500n * ATH);
    await executeCase(system, opened);
    expect((await court.caseOf(opened.id)).status).to.equal(BigInt(CaseStatus.Executed));
    const { staked, jailed } = await vault.stakeOf(provider);
    expect([staked, jailed]).to.deep.equal([5_000n * ATH - DISCOUNTED, true]);
  });

  it("by a conviction beforehand, cheaper than the penalty: a convicted provider can still be accused", async () => {
    const system = await freshCourt();
    await convict(system);
    await executeCase(system, await announceCase(system));
    expect((await stakeStateOf(system)).staked).to.equal(5_000n * ATH - DISCOUNTED);
  });

  it("by reinstating a convicted provider: refused", async () => {
    const system = await freshCourt();
    const { court, vault, provider } = system;
    await penaliseTimes(system, 1);
    await convict(system);
    await time.increaseTo((await court.standingOf(provider)).suspendedUntil);
    await expectRefusal("ProviderJailed", {
      call: () => court.connect(provider).reinstate(),
      by: vault,
      values: [provider.address],
    });
  });

  it("by reinstatement without the stake that is missing: refused, until it is staked", async () => {
    const system = await freshCourt();
    const { court, vault, provider } = system;
    await vault.connect(provider).unbond(4_000n * ATH);
    await penaliseTimes(system, 1, PENALTY);
    await time.increaseTo((await court.standingOf(provider)).suspendedUntil);
    await expectRefusal("InsufficientStake", {
      call: () => court.connect(provider).reinstate(),
      by: vault,
      values: [provider.address, 0n, DISCOUNTED],
    });
    await vault.claimUnbonded(provider);
    await vault.connect(provider).stake(DISCOUNTED);
    await court.connect(provider).reinstate();
    expect((await stakeStateOf(system)).reserved).to.equal(6_000n * ATH);
  });

  it("by a case for dust, announced by a friend to keep real ones away: a penalty is 1 % at least", async () => {
    const system = await freshCourt();
    await expectRefusal("PenaltyTooSmall", {
      call: () => announceCase(system, { amount: 1n }),
      by: system.court,
      values: [1n, 10n * ATH],
    });
  });
});

describe("attack: giving up hardware just before the announcement", () => {
  it("makes it no failure: a tenth of what is left is frozen", async () => {
    const system = await freshCourt();
    const { providers, vault, provider, operator } = system;
    await vault.connect(provider).unbond(2_000n * ATH);
    await providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(3) });
    const intended = 300n * ATH;
    await providers.connect(provider).update(profileOf(operator));
    const { id } = await announceCase(system, { amount: intended });
    expect((await system.court.caseOf(id)).amount).to.equal(PENALTY);
    expect(await providers.frozenStakeOf(provider)).to.equal(PENALTY);
  });
});

describe("attack: frozen stake counted as backing", () => {
  it("it backs neither new work nor more hardware", async () => {
    const system = await freshCourt();
    const { escrow, providers, vault, client, provider, operator } = system;
    await announceCase(system);
    await vault.connect(provider).unbond(4_000n * ATH);
    const request = await requestTo(system);
    await expectRefusal("InsufficientStake", {
      call: () => escrow.connect(client).create(request),
      by: vault,
      values: [provider.address, 0n, STAKE_PER_JOB],
    });
    const grown = { ...profileOf(operator), hardware: gpus(2) };
    await expectRefusal("InsufficientStake", {
      call: () => providers.connect(provider).update(grown),
      by: vault,
      values: [provider.address, 0n, 1_000n * ATH + PENALTY],
    });
  });
});

describe("attack: penalised twice for one case", () => {
  it("an upheld, an executed and a dropped case is over", async () => {
    const system = await freshCourt();
    const { court, provider } = system;
    const opened = await announceCase(system);
    await court.connect(provider).appeal(opened.id, REASONS);
    await court.decide(opened.id, true);
    await time.increase(60n * DAY);
    for (const again of [
      () => court.execute(opened.id),
      () => court.lapse(opened.id),
      () => court.decide(opened.id, true),
      () => court.decide(opened.id, false),
      () => court.connect(provider).appeal(opened.id, REASONS),
    ]) {
      const values = [opened.id, CaseStatus.Executed];
      await expectRefusal("WrongCaseStatus", { call: again, by: court, values });
    }
    expect((await stakeStateOf(system)).staked).to.equal(10_000n * ATH - PENALTY);
  });
});

describe("attack: a case without end", () => {
  it("with every governed function closed and every module paused, cases end and money flows", async () => {
    const system = await freshCourt();
    const { manager, court, vault, providers, provider, addresses, newcomer } = system;
    const appealed = await announceCase(system);
    const other = newcomer;
    await joinAsProvider(system, other, system.otherClient);
    const executed = await announceCase(system, { provider: other });
    for (const module of [addresses.providers, addresses.escrow, addresses.channels]) {
      await vault.pauseModule(module, 7n * DAY);
    }
    await vault.setTokenAccepted(addresses.ath, false);
    for (const target of [court, vault, providers]) {
      await manager.getFunction("setTargetClosed")(target, true);
    }
    await court.connect(provider).appeal(appealed.id, REASONS);
    await executeCase(system, executed);
    await claimShare(system, executed, 0);
    await time.increaseTo((await court.caseOf(appealed.id)).decideUntil + 1n);
    await court.lapse(appealed.id);
    expect((await stakeStateOf(system)).frozen).to.equal(0n);
    await court.connect(other).reinstate();
    await time.increaseTo((await court.caseOf(executed.id)).claimUntil + 1n);
    await court.sweep(executed.id);
    expect((await vault.accountOf(addresses.ath, addresses.providers)).available).to.equal(0n);
  });

  it("of the longest periods there can be, it ends after 120 days", async () => {
    const system = await freshCourt();
    const { court, provider } = system;
    const parameters = await courtParametersOf(system);
    await court.setParameters({ ...parameters, appealPeriod: 30n * DAY, decisionPeriod: 90n * DAY });
    const { id } = await announceCase(system);
    const announcedAt = BigInt(await time.latest());
    await time.setNextBlockTimestamp(announcedAt + 30n * DAY);
    await court.connect(provider).appeal(id, REASONS);
    await time.setNextBlockTimestamp(announcedAt + 120n * DAY + 1n);
    await court.lapse(id);
  });
});

describe("attack: parameters changed during a case", () => {
  it("the case keeps its periods, parts, discount and suspension", async () => {
    const system = await freshCourt();
    const { court, provider } = system;
    const opened = await announceCase(system);
    const before = await court.caseOf(opened.id);
    const parameters = await courtParametersOf(system);
    await court.setParameters({
      appealPeriod: 3n * DAY,
      decisionPeriod: 14n * DAY,
      caseInterval: 180n * DAY,
      suspension: 30n * DAY,
      removalAfter: 3n,
      harmedBasisPoints: 0n,
      insuredBasisPoints: 5_000n,
      discountBasisPoints: 5_000n,
    });
    await time.setNextBlockTimestamp(before.appealUntil);
    await expectRefusal("AppealPeriodRunning", {
      call: () => court.execute(opened.id),
      by: court,
      values: [before.appealUntil, before.appealUntil],
    });
    await executeCase(system, opened);
    const at = BigInt(await time.latest());
    const { harmed } = await court.caseOf(opened.id);
    expect(harmed).to.equal(harmedPart(DISCOUNTED));
    expect((await stakeStateOf(system)).staked).to.equal(10_000n * ATH - DISCOUNTED);
    const { suspendedUntil, nextCaseAt } = await court.standingOf(provider);
    expect([suspendedUntil, nextCaseAt]).to.deep.equal([
      at + parameters.suspension,
      at + parameters.caseInterval,
    ]);
  });
});

describe("attack: accusing without a mandate", () => {
  it("nobody but reporters announces; nobody but governance decides", async () => {
    const system = await freshCourt();
    const { court, operator, provider, client, reporter } = system;
    for (const sender of [operator, provider, client]) {
      await expectRefusal("AccessManagedUnauthorized", {
        call: () => court.connect(sender).announce(provider, PENALTY, ethers.ZeroHash, EVIDENCE),
        by: court,
        values: [sender.address],
      });
    }
    const { id } = await announceCase(system);
    await court.connect(provider).appeal(id, REASONS);
    await expectRefusal("AccessManagedUnauthorized", {
      call: () => court.connect(reporter).decide(id, true),
      by: court,
      values: [reporter.address],
    });
  });

  it("who never registered, or left, is out of reach, and nobody else's stake is touched", async () => {
    const system = await freshCourt();
    const { vault, providers, provider, client } = system;
    await system.vault.connect(client).stake(500n * ATH);
    await system.vault.connect(client).approveStakeModules(REGISTRY_BIT);
    await leave(system);
    for (const accused of [provider, client]) {
      await expectRefusal("NotRegistered", {
        call: () => announceCase(system, { provider: accused }),
        by: providers,
        values: [accused.address],
      });
    }
    expect((await vault.stakeOf(client)).staked).to.equal(500n * ATH);
  });

  it("reporters and governance together take a tenth an interval, and none of it from the fraud deposit", async () => {
    const system = await freshCourt();
    let hardware = 1_000n * ATH;
    for (let i = 0; i < 5; i += 1) {
      await passInterval(system);
      await decideCase(system, await announceCase(system, { amount: hardware / 10n, shares: [] }), true);
      hardware -= hardware / 10n;
      const { reserved, fraudDeposit, staked } = await stakeStateOf(system);
      expect([reserved - fraudDeposit, fraudDeposit]).to.deep.equal([hardware, 5_000n * ATH]);
      expect(staked).to.equal(9_000n * ATH + hardware);
    }
  });
});
