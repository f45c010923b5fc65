// What a penalty takes and leaves, who stops taking work, and that none of it ends work.
import { expect } from "chai";
import { expectOnlyEvent } from "../support/expect.ts";
import { accountOf, wealthOf } from "../support/ledger.ts";
import {
  ATH,
  ESCROW_BIT,
  type System,
  createJob,
  freshSystem,
  passWindow,
  requestTo,
  speakAs,
  submitResult,
  time,
} from "../support/system.ts";

const DAY = 86_400n;

const registryOf = async ({ vault, addresses }: System) => vault.connect(await speakAs(addresses.providers));

/** Penalises the provider, which stakes 10,000 ATH, 6,000 of them locked, in the registry's voice. */
const penalise = async (system: System, amount: bigint, payout: bigint) =>
  (await registryOf(system)).penalise(system.provider, amount, payout);

/** What a penalty may change: the provider's position, the module's account, the ledger and the supply. */
async function stateOf(system: System) {
  const { vault, ath, provider, addresses } = system;
  const { staked, locked, openWork, modules, jailed, suspended, resting } = await vault.stakeOf(provider);
  return {
    staked,
    locked,
    others: [openWork, modules, jailed, suspended, resting],
    slashed: await vault.slashedOf(provider),
    module: (await accountOf(system, addresses.ath, addresses.providers)).available,
    ledger: (await vault.tokenState(addresses.ath)).ledger,
    balance: await ath.balanceOf(addresses.vault),
    supply: await ath.totalSupply(),
  };
}

describe("Vault.penalise", () => {
  it("takes what was locked, credits the module that called, burns the rest, and jails nobody", async () => {
    const system = await freshSystem();
    const { vault, provider, addresses } = system;
    const before = await stateOf(system);
    await expectOnlyEvent(vault, penalise(system, 101n, 50n), "Penalised", [
      provider.address,
      addresses.providers,
      101n,
      50n,
    ]);
    expect(await stateOf(system)).to.deep.equal({
      ...before,
      staked: before.staked - 101n,
      locked: before.locked - 101n,
      slashed: 101n,
      module: 50n,
      ledger: before.ledger - 51n,
      balance: before.balance - 51n,
      supply: before.supply - 51n,
    });
    expect(await vault.isJailed(provider)).to.equal(false);
    await createJob(system);
  });

  it("takes all that is locked and leaves what is free and what unbonds", async () => {
    const system = await freshSystem();
    const { vault, provider } = system;
    await vault.connect(provider).unbond(1_000n * ATH);
    await penalise(system, 6_000n * ATH, 0n);
    const { staked, locked } = await vault.stakeOf(provider);
    expect([staked, locked]).to.deep.equal([3_000n * ATH, 0n]);
    expect((await vault.unbondingOf(provider)).amount).to.equal(1_000n * ATH);
  });

  it("of nothing takes nothing", async () => {
    const system = await freshSystem();
    const before = await stateOf(system);
    await penalise(system, 0n, 0n);
    expect(await stateOf(system)).to.deep.equal(before);
  });

  it("against oneself costs half at the least, whoever the module pays", async () => {
    const system = await freshSystem();
    const { addresses, provider } = system;
    const clique = [provider.address, addresses.providers];
    const before = await wealthOf(system, addresses.ath, clique);
    await penalise(system, 999n, 499n);
    expect(before - (await wealthOf(system, addresses.ath, clique))).to.equal(500n);
  });

  it("slashedOf counts penalties and slashes together, of stake and of what unbonds", async () => {
    const system = await freshSystem();
    const { vault, provider, client } = system;
    await penalise(system, 300n * ATH, 0n);
    expect(await vault.slashedOf(provider)).to.equal(300n * ATH);
    await vault.connect(provider).unbond(1_000n * ATH);
    const registry = await registryOf(system);
    await registry.slash(provider, 9_000n * ATH, 0n, client);
    expect(await vault.slashedOf(provider)).to.equal(9_300n * ATH);
    await registry.slash(provider, 9_000n * ATH, 0n, client);
    expect(await vault.slashedOf(provider), "what there was, not what was asked for").to.equal(10_000n * ATH);
    expect(await vault.slashedOf(client)).to.equal(0n);
  });
});

describe("Vault: providers that take no new work", () => {
  it("setResting keeps the caller alone from new work, until it ends its rest", async () => {
    const system = await freshSystem();
    const { vault, escrow, provider, client } = system;
    await expectOnlyEvent(vault, vault.connect(provider).setResting(true), "Resting", [
      provider.address,
      true,
    ]);
    expect((await vault.stakeOf(provider)).resting).to.equal(true);
    await expect(escrow.connect(client).create(await requestTo(system)))
      .to.be.revertedWithCustomError(vault, "ProviderTakesNoWork")
      .withArgs(provider.address);
    await vault.connect(client).setResting(true);
    await expectOnlyEvent(vault, vault.connect(provider).setResting(false), "Resting", [
      provider.address,
      false,
    ]);
    await createJob(system);
  });

  it("setSuspended keeps an owner from new work, whatever it says itself", async () => {
    const system = await freshSystem();
    const { vault, escrow, provider, client, addresses } = system;
    const registry = await registryOf(system);
    await expectOnlyEvent(vault, registry.setSuspended(provider, true), "Suspended", [
      provider.address,
      addresses.providers,
      true,
    ]);
    await vault.connect(provider).setResting(false);
    expect((await vault.stakeOf(provider)).suspended).to.equal(true);
    await expect(escrow.connect(client).create(await requestTo(system)))
      .to.be.revertedWithCustomError(vault, "ProviderTakesNoWork")
      .withArgs(provider.address);
    await expectOnlyEvent(vault, registry.setSuspended(provider, false), "Suspended", [
      provider.address,
      addresses.providers,
      false,
    ]);
    await createJob(system);
  });

  it("a suspension is not lost or made by other changes of the stake: locks, slashes, penalties, stake, exits", async () => {
    const system = await freshSystem();
    const { vault, provider, client, addresses } = system;
    const escrow = await speakAs(addresses.escrow);
    const registry = await registryOf(system);
    await vault.connect(escrow).openWork(client, addresses.ath, 0n, provider, ATH);
    await registry.setSuspended(provider, true);
    await vault.connect(provider).setResting(true);
    await registry.lockStake(provider, ATH);
    await registry.unlockStake(provider, ATH);
    await registry.penalise(provider, ATH, 0n);
    await vault.connect(escrow).settle({
      payer: client,
      token: addresses.ath,
      escrowed: 0n,
      provider,
      earned: 0n,
      fee: 0n,
      bountyRecipient: client,
      bounty: 0n,
      stakeLock: ATH,
    });
    await vault.connect(provider).unbond(ATH);
    await vault.connect(provider).approveStakeModules(ESCROW_BIT);
    const flags = async () => {
      const { jailed, suspended, resting, modules, openWork } = await vault.stakeOf(provider);
      return { jailed, suspended, resting, modules, openWork };
    };
    const before = { jailed: false, suspended: true, resting: true, modules: 3n, openWork: 0n };
    expect(await flags()).to.deep.equal(before);
    await registry.slash(provider, ATH, 0n, client);
    expect(await flags()).to.deep.equal({ ...before, jailed: true });
  });

  it("open work of a suspended, resting provider goes on: it submits, is paid, and its stake gets free", async () => {
    const system = await freshSystem();
    const { vault, escrow, provider, operator, stranger, addresses } = system;
    const [answered, declined] = [await createJob(system), await createJob(system)];
    await (await registryOf(system)).setSuspended(provider, true);
    await vault.connect(provider).setResting(true);
    await escrow.connect(operator).decline(declined.job);
    const output = await submitResult(system, answered);
    await passWindow(answered);
    await escrow.finalize(answered.job, output, stranger);
    expect((await accountOf(system, addresses.ath, provider.address)).available).to.be.greaterThan(0n);
    const { openWork, locked } = await vault.stakeOf(provider);
    expect([openWork, locked]).to.deep.equal([0n, 6_000n * ATH]);
    await vault.connect(provider).unbond(4_000n * ATH);
    await time.increase(14n * DAY);
    await vault.claimUnbonded(provider);
  });
});
