// What a slash takes, where it goes, and what it leaves.
import { expect } from "chai";
import { expectOnlyEvent } from "../support/expect.ts";
import { accountOf } from "../support/ledger.ts";
import { ATH, type System, createJob, freshSystem, speakAs, time } from "../support/system.ts";

const DAY = 86_400n;

/** Slashes the provider, which stakes 10,000 ATH, 6,000 of them locked, in the registry's voice. */
async function slash(system: System, amount: bigint, payout: bigint) {
  const registry = await speakAs(system.addresses.providers);
  return system.vault.connect(registry).slash(system.provider, amount, payout, system.newcomer);
}

/** What a slash may change: the provider's position, the recipient's account, the ledger and the supply. */
async function stateOf(system: System) {
  const { vault, ath, provider, newcomer, addresses } = system;
  const { staked, locked, openWork, jailed } = await vault.stakeOf(provider);
  return {
    staked,
    locked,
    openWork,
    jailed,
    unbonding: (await vault.unbondingOf(provider)).amount,
    recipient: (await accountOf(system, addresses.ath, newcomer.address)).available,
    ledger: (await vault.tokenState(addresses.ath)).ledger,
    balance: await ath.balanceOf(addresses.vault),
    supply: await ath.totalSupply(),
  };
}

describe("Vault.slash", () => {
  it("takes locked stake, credits the payout, burns the rest, and jails", async () => {
    const system = await freshSystem();
    const { vault, provider, newcomer, addresses } = system;
    const before = await stateOf(system);
    expect(await vault.isJailed(provider)).to.equal(false);
    await expectOnlyEvent(vault, slash(system, 5_000n * ATH, 1_234n), "Slashed", [
      provider.address,
      addresses.providers,
      5_000n * ATH,
      1_234n,
      newcomer.address,
    ]);
    const burned = 5_000n * ATH - 1_234n;
    expect(await stateOf(system)).to.deep.equal({
      ...before,
      staked: 5_000n * ATH,
      locked: 1_000n * ATH,
      jailed: true,
      recipient: 1_234n,
      ledger: before.ledger - burned,
      balance: before.balance - burned,
      supply: before.supply - burned,
    });
    expect(await vault.isJailed(provider)).to.equal(true);
  });

  it("pays out half of an odd amount, rounded down", async () => {
    const system = await freshSystem();
    const before = await stateOf(system);
    await slash(system, 7n, 3n);
    const after = await stateOf(system);
    expect([after.recipient, before.supply - after.supply]).to.deep.equal([3n, 4n]);
  });

  it("jails for nothing where nothing is at stake, without a burn", async () => {
    const system = await freshSystem();
    const before = await stateOf(system);
    await slash(system, 0n, 0n);
    expect(await stateOf(system)).to.deep.equal({ ...before, jailed: true });
  });

  it("takes free stake where the locked does not suffice, and what unbonds last", async () => {
    const system = await freshSystem();
    const { vault, provider } = system;
    await vault.connect(provider).unbond(1_000n * ATH);
    const { releaseAt } = await vault.unbondingOf(provider);
    const before = await stateOf(system);
    await slash(system, 9_400n * ATH, 4_700n * ATH);
    expect(await stateOf(system)).to.deep.equal({
      ...before,
      staked: 0n,
      locked: 0n,
      jailed: true,
      unbonding: 600n * ATH,
      recipient: 4_700n * ATH,
      ledger: before.ledger - 4_700n * ATH,
      balance: before.balance - 4_700n * ATH,
      supply: before.supply - 4_700n * ATH,
    });
    expect((await vault.unbondingOf(provider)).releaseAt, "what is left leaves when it would have").to.equal(
      releaseAt,
    );
  });

  it("takes all there is where that is less, pays out half of it, and says so", async () => {
    const system = await freshSystem();
    const { vault, provider, newcomer, addresses } = system;
    await vault.connect(provider).unbond(1_000n * ATH);
    const registry = await speakAs(addresses.providers);
    const call = [provider.address, 30_000n * ATH, 15_000n * ATH, newcomer.address] as const;
    const [forfeited, paid] = await vault.connect(registry).slash.staticCall(...call);
    expect([forfeited, paid]).to.deep.equal([10_000n * ATH, 5_000n * ATH]);
    await slash(system, 30_000n * ATH, 15_000n * ATH);
    const after = await stateOf(system);
    expect([after.staked, after.locked, after.unbonding]).to.deep.equal([0n, 0n, 0n]);
    expect(after.recipient).to.equal(5_000n * ATH);
  });

  it("leaves open work open, and what the slash did not take to its owner", async () => {
    const system = await freshSystem();
    const { vault, escrow, provider, operator, addresses } = system;
    const { job } = await createJob(system);
    await slash(system, 5_000n * ATH, 0n);
    expect((await vault.stakeOf(provider)).openWork).to.equal(1n);
    await escrow.connect(operator).decline(job);
    expect((await vault.stakeOf(provider)).locked).to.equal(1_000n * ATH);
    await vault.connect(provider).unbond(4_000n * ATH);
    await time.increase(14n * DAY);
    await vault.claimUnbonded(provider);
    await vault.connect(provider).withdraw(addresses.ath, 4_000n * ATH, provider);
    expect(await system.ath.balanceOf(provider)).to.equal(4_000n * ATH);
  });
});
