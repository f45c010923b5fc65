// Longer than 400 lines: one attack after the other on one contract.
// Attacks on those who delegate to a provider, and on its pool.
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { eventsOf, expectRefusal } from "../support/expect.ts";
import { accountOf } from "../support/ledger.ts";
import { openChannel } from "../support/channels.ts";
import {
  COMMISSION,
  DAY,
  FRAUD_DEPOSIT,
  ONE,
  OWN,
  type PoolSystem,
  UNBONDING,
  asProvider,
  convictPool,
  earn,
  freshPool,
  passUnbonding,
  penalise,
  principalOf,
  requestExit,
  slash,
} from "../support/pools.ts";
import { ATH, type Signer, createJob, ethers, profileOf, time, gpus } from "../support/system.ts";

const delegate = ({ pool }: PoolSystem, from: Signer, amount: bigint) =>
  pool.connect(from).delegate(amount, from);

/** Leaves with these shares; what is paid for them. */
async function leave(system: PoolSystem, owner: Signer, shares: bigint): Promise<bigint> {
  const { pool, ath, stranger } = system;
  const before = await ath.balanceOf(owner);
  const id = await requestExit(system, owner, shares);
  await passUnbonding(system);
  await pool.connect(stranger).claimExit(id);
  return (await ath.balanceOf(owner)) - before;
}

/** Everything that an account can claim in ATH. */
const earned = ({ pool, addresses }: PoolSystem, account: Signer) => pool.earned(addresses.ath, account);

describe("attack: inflation of the share price", () => {
  it("a first delegator of one unit who donates to the pool in every way rounds nobody down", async () => {
    const system = await freshPool();
    const { pool, ath, vault, addresses, poolAddress, alice, bob } = system;
    await delegate(system, alice, 1n);
    // To the pool's address, and to its vault account.
    await ath.connect(alice).transfer(poolAddress, 10_000n * ATH);
    await ath.connect(alice).approve(addresses.vault, 10_000n * ATH);
    await vault.connect(alice).deposit(addresses.ath, 10_000n * ATH, poolAddress);
    await pool.harvest(addresses.ath);
    await delegate(system, bob, 19_999n * ATH + 7n);
    expect(await pool.balanceOf(bob)).to.equal(19_999n * ATH + 7n);
    expect((await pool.book()).price).to.equal(ONE);
    expect(await leave(system, bob, 19_999n * ATH + 7n)).to.equal(19_999n * ATH + 7n);
  });
});

describe("attack: a donation that moves the books", () => {
  it("counts as earnings, and stake and price stay", async () => {
    const system = await freshPool();
    const { pool, addresses, alice } = system;
    await delegate(system, alice, 20_000n * ATH);
    const before = await pool.book();
    await earn(system, 1_000n * ATH);
    await pool.harvest(addresses.ath);
    expect(await pool.book()).to.deep.equal(before);
    const stream = await pool.streamOf(addresses.ath);
    // Half of it is the own part's; of the other half, a tenth is the commission.
    expect([stream.remaining, stream.managers]).to.deep.equal([450n * ATH, 550n * ATH]);
  });
});

describe("attack: rounding in the delegator's favour", () => {
  it("units delegated and withdrawn one by one at a crooked price give nothing", async () => {
    const system = await freshPool();
    const { pool, ath, alice, bob } = system;
    await delegate(system, alice, 30_000n * ATH);
    await penalise(system, 3_000n * ATH);
    await pool.connect(system.manager_).contribute(10_000n * ATH);
    // Nothing but the own part has lost: now the shares lose, too, by a third of a unit in the price.
    await penalise(system, 27_000n * ATH + 1n);
    await pool.connect(system.manager_).contribute(10_000n * ATH);
    await pool.upkeep();
    const { price } = await pool.book();
    expect(price < ONE, "the price has fallen").to.equal(true);
    const before = await ath.balanceOf(bob);
    for (let i = 0; i < 5; i += 1) await delegate(system, bob, 1n);
    const shares = await pool.balanceOf(bob);
    await leave(system, bob, shares);
    expect((await ath.balanceOf(bob)) <= before, "no gain").to.equal(true);
    const { backing } = await pool.book();
    expect(((await pool.totalSupply()) * price) / ONE <= backing, "all shares are covered").to.equal(true);
    const { booked, held } = await principalOf(system);
    expect(booked).to.equal(held);
  });
});

describe("attack: leaving ahead of a slash", () => {
  it("whoever asked before it loses as much as who stayed", async () => {
    const system = await freshPool();
    const { pool, ath, alice, bob } = system;
    await delegate(system, alice, 50_000n * ATH);
    await delegate(system, bob, 50_000n * ATH);
    const before = await ath.balanceOf(alice);
    const id = await requestExit(system, alice, 50_000n * ATH);
    await slash(system, OWN + 20_000n * ATH);
    await pool.upkeep();
    expect(await pool.worthOf(50_000n * ATH)).to.equal(40_000n * ATH);
    await passUnbonding(system);
    await pool.claimExit(id);
    expect((await ath.balanceOf(alice)) - before).to.equal(40_000n * ATH);
    const { booked, held } = await principalOf(system);
    expect([booked, held]).to.deep.equal([40_000n * ATH, 40_000n * ATH]);
  });

  it("a slash takes what unbonds only after it was claimed by whom it belongs to, whoever calls the vault", async () => {
    const system = await freshPool();
    const { pool, ath, vault, poolAddress, stranger, alice } = system;
    await delegate(system, alice, 50_000n * ATH);
    const before = await ath.balanceOf(alice);
    const id = await requestExit(system, alice, 50_000n * ATH);
    await passUnbonding(system);
    // Past the pool: its books see it later, and tell it from the slash to the unit.
    await vault.connect(stranger).claimUnbonded(poolAddress);
    await slash(system, 3n * ATH + 1n);
    await pool.claimExit(id);
    expect((await ath.balanceOf(alice)) - before).to.equal(50_000n * ATH);
    const { own } = await pool.book();
    expect(own).to.equal(OWN - 3n * ATH - 1n);
    const { booked, held } = await principalOf(system);
    expect(booked).to.equal(held);
  });
});

describe("attack: joining ahead of a slash that is not booked", () => {
  it("shares are sold at the price after it", async () => {
    const system = await freshPool();
    const { pool, alice, bob } = system;
    await delegate(system, alice, 40_000n * ATH);
    await penalise(system, 40_000n * ATH);
    await pool.connect(system.manager_).contribute(20_000n * ATH);
    await delegate(system, bob, 10_000n * ATH);
    expect(await pool.balanceOf(bob)).to.equal(20_000n * ATH);
    expect(await pool.worthOf(40_000n * ATH)).to.equal(20_000n * ATH);
  });
});

describe("attack: joining just before a large payment", () => {
  it("what came in before is split before, and is released over a week to those who stay", async () => {
    const system = await freshPool();
    const { pool, alice, bob, addresses } = system;
    await delegate(system, alice, 20_000n * ATH);
    await earn(system, 1_000n * ATH);
    // Nobody harvested: joining does it first, at the shares of before.
    await delegate(system, bob, 100_000n * ATH);
    const { managers, remaining } = await pool.streamOf(addresses.ath);
    expect([managers, remaining]).to.deep.equal([550n * ATH, 450n * ATH]);
    await time.setNextBlockTimestamp(BigInt(await time.latest()) + 1n);
    await requestExit(system, bob, 100_000n * ATH);
    // He was there for a second of the week.
    const gain = await earned(system, bob);
    expect(gain <= (450n * ATH) / (7n * DAY), `${gain} in a second`).to.equal(true);
    await time.increase(7n * DAY);
    expect(await earned(system, bob), "and earns nothing while he leaves").to.equal(gain);
    expect((await earned(system, alice)) + gain <= 450n * ATH).to.equal(true);
  });
});

describe("attack: joining and leaving around a harvest", () => {
  it("earns nothing in one block", async () => {
    const system = await freshPool();
    const { pool, ath, alice, bob, addresses } = system;
    await delegate(system, alice, 20_000n * ATH);
    await earn(system, 1_000n * ATH);
    const start = BigInt(await time.latest()) + 100n;
    await ath.connect(bob).approve(pool, ethers.MaxUint256);
    await ethers.provider.send("evm_setAutomine", [false]);
    try {
      await time.setNextBlockTimestamp(start);
      const limit = { gasLimit: 3_000_000n };
      await pool.connect(bob).delegate(100_000n * ATH, bob, limit);
      await pool.connect(bob).harvest(addresses.ath, limit);
      await pool.connect(bob).requestExit(100_000n * ATH, limit);
      await ethers.provider.send("evm_mine", []);
    } finally {
      await ethers.provider.send("evm_setAutomine", [true]);
    }
    expect(await pool.balanceOf(bob)).to.equal(0n);
    expect((await pool.book()).requested, "all three calls were mined").to.equal(100_000n * ATH);
    expect(await earned(system, bob)).to.equal(0n);
  });
});

describe("attack: stretching the release with dust", () => {
  it("a hundred harvests of a unit each do not move the end", async () => {
    const system = await freshPool();
    const { pool, alice, addresses } = system;
    await delegate(system, alice, 20_000n * ATH);
    await earn(system, 1_000n * ATH);
    await pool.harvest(addresses.ath);
    const { endsAt } = await pool.streamOf(addresses.ath);
    await time.increase(3n * DAY);
    for (let i = 0; i < 100; i += 1) {
      await earn(system, 10n);
      await pool.harvest(addresses.ath);
    }
    expect((await pool.streamOf(addresses.ath)).endsAt).to.equal(endsAt);
    await time.increaseTo(endsAt);
    expect((await earned(system, alice)) >= 450n * ATH - 1n).to.equal(true);
  });
});

describe("attack: a manager that convicts its own pool", () => {
  it("gets less than half of what it loses, and delegators lose nothing", async () => {
    const system = await freshPool();
    const { pool, vault, addresses, newcomer, alice } = system;
    // The most that the own part covers.
    await delegate(system, alice, 9n * OWN);
    await convictPool(system);
    await pool.upkeep();
    const { own, backing, price, retiredAt } = await pool.book();
    expect([own, backing, price]).to.deep.equal([OWN - FRAUD_DEPOSIT, 9n * OWN, ONE]);
    expect(retiredAt).to.equal(BigInt(await time.latest()));
    const { available } = await vault.accountOf(addresses.ath, newcomer);
    expect(available).to.equal(FRAUD_DEPOSIT / 2n);
    expect(available < OWN / 2n, "below half of the own part").to.equal(true);
    expect(await leave(system, alice, 9n * OWN), "all of it").to.equal(9n * OWN);
  });

  it("cannot take its own part out first", async () => {
    const system = await freshPool();
    const { pool, manager_, alice } = system;
    await delegate(system, alice, 100n * ATH);
    const call = (amount: bigint) => () => pool.connect(manager_).withdrawOwn(amount);
    const values = [OWN, OWN + 1n];
    await expectRefusal("OwnPartTooSmall", { call: call(OWN - 2n * FRAUD_DEPOSIT + 1n), by: pool, values });
    await call(OWN - 2n * FRAUD_DEPOSIT)();
    // What leaves still bears losses before the delegators do.
    await slash(system, OWN);
    expect((await pool.book()).price).to.equal(ONE);
  });
});

describe("attack: a fraud deposit made larger than the own part before a conviction by a friend", () => {
  it("is refused: the deposit grows with hardware only as far as the own part covers it twice", async () => {
    const system = await freshPool();
    const { pool, providers, poolAddress, poolOperator, alice } = system;
    await delegate(system, alice, 180_000n * ATH);
    const become = (count: number) =>
      asProvider(system, "update", [{ ...profileOf(poolOperator), hardware: gpus(count) }]);
    // Of 200,000 ATH staked, 160,000 for hardware and 40,000 as deposit: half of that would be the friend's, and only 20,000 the manager's loss.
    await expectRefusal("OwnPartTooSmall", {
      call: () => become(160),
      by: pool,
      values: [OWN, 80_000n * ATH],
    });
    await become(40);
    expect(await providers.fraudDepositOf(poolAddress)).to.equal(OWN / 2n);
    // Nor by governance's raise and a change of hardware after it.
    await providers.setHardwareDepositShare(40_000);
    await expectRefusal("OwnPartTooSmall", {
      call: () => become(30),
      by: pool,
      values: [OWN, 240_000n * ATH],
    });
  });

  it("is not in the way of less hardware, or of a pool without delegations", async () => {
    const system = await freshPool();
    const { pool, providers, poolAddress, poolOperator, alice } = system;
    const become = (count: number) =>
      asProvider(system, "update", [{ ...profileOf(poolOperator), hardware: gpus(count) }]);
    await delegate(system, alice, 40_000n * ATH);
    await become(40);
    await penalise(system, 5_000n * ATH);
    await become(30);
    expect(await providers.fraudDepositOf(poolAddress)).to.equal(10_000n * ATH);
    await expectRefusal("OwnPartTooSmall", {
      call: () => become(44),
      by: pool,
      values: [15_000n * ATH, 22_000n * ATH],
    });
    const alone = await freshPool();
    await alone.providers.setHardwareDepositShare(40_000);
    await asProvider(alone, "update", [{ ...profileOf(alone.poolOperator), hardware: gpus(4) }]);
    expect(await alone.providers.fraudDepositOf(alone.poolAddress)).to.equal(16_000n * ATH);
    await expectRefusal("OwnPartTooSmall", {
      call: () => delegate(alone, alone.alice, 1n),
      by: alone.pool,
      values: [OWN, 32_000n * ATH],
    });
  });
});

describe("attack: the line of exits filled with dust", () => {
  it("a hundred exits of a share each cost the others at most one round, and no call more", async () => {
    const system = await freshPool();
    const { pool, ath, alice, bob } = system;
    await delegate(system, alice, 50_000n * ATH);
    await delegate(system, bob, 1_000n * ATH);
    for (let i = 0; i < 100; i += 1) await requestExit(system, bob, 1n);
    const before = await ath.balanceOf(alice);
    const id = await requestExit(system, alice, 50_000n * ATH);
    const asked = BigInt(await time.latest());
    await passUnbonding(system);
    await pool.upkeep();
    await passUnbonding(system);
    const sent = await pool.claimExit(id);
    expect((await ath.balanceOf(alice)) - before).to.equal(50_000n * ATH);
    expect(BigInt(await time.latest()) - asked <= 2n * UNBONDING + 3_600n).to.equal(true);
    const gas = (await sent.wait())!.gasUsed;
    expect(gas < 400_000n, `${gas} gas whatever stands in line`).to.equal(true);
  });

  it("a request during a round does not hold the round back", async () => {
    const system = await freshPool();
    const { vault, poolAddress, alice, bob } = system;
    await delegate(system, alice, 50_000n * ATH);
    await delegate(system, bob, 1_000n * ATH);
    await requestExit(system, alice, 50_000n * ATH);
    const { releaseAt } = await vault.unbondingOf(poolAddress);
    await time.increase(7n * DAY);
    await requestExit(system, bob, 1n);
    expect((await vault.unbondingOf(poolAddress)).releaseAt).to.equal(releaseAt);
  });
});

describe("attack: exits held up by the manager", () => {
  it("stake locked for hardware nobody needs leaves after patience, without the manager", async () => {
    const system = await freshPool();
    const { pool, ath, vault, providers, poolAddress, modelRoot, addresses, stranger, alice } = system;
    await providers.setHardwareDepositShare(1_000);
    await delegate(system, alice, 90_000n * ATH);
    // 100 GPUs: 100,000 ATH and the deposit. Nothing is free.
    await asProvider(system, "update", [{ ...profileOf(system.poolOperator), hardware: gpus(100) }]);
    const before = await ath.balanceOf(alice);
    const id = await requestExit(system, alice, 90_000n * ATH);
    const asked = BigInt(await time.latest());
    expect((await pool.book()).begun).to.equal(0n);
    const patience = await pool.patience();
    expect(patience).to.equal(30n * DAY + UNBONDING);
    await time.setNextBlockTimestamp(asked + patience - 1n);
    await expectRefusal("RetirementNotDue", {
      call: () => pool.connect(stranger).retire(),
      by: pool,
      values: [asked - 1n],
    });
    await time.setNextBlockTimestamp(asked + patience);
    await pool.connect(stranger).retire();
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(true);
    await pool.connect(stranger).removeOffer(modelRoot, addresses.ath);
    await pool.connect(stranger).removeOffer(modelRoot, addresses.stablecoin);
    await pool.connect(stranger).deregister();
    expect((await providers.providerOf(poolAddress)).registered).to.equal(false);
    await passUnbonding(system);
    await pool.connect(stranger).claimExit(id);
    expect((await ath.balanceOf(alice)) - before).to.equal(90_000n * ATH);
    expect(BigInt(await time.latest()) - asked <= (await pool.longestExit())).to.equal(true);
  });

  it("freeing a little now and then does not start the clock anew", async () => {
    const system = await freshPool();
    const { pool, providers, stranger, alice, manager_ } = system;
    await providers.setHardwareDepositShare(1_000);
    await delegate(system, alice, 90_000n * ATH);
    await asProvider(system, "update", [{ ...profileOf(system.poolOperator), hardware: gpus(100) }]);
    await requestExit(system, alice, 90_000n * ATH);
    await time.increase(20n * DAY);
    // A unit is free, and leaves in a round of its own.
    await pool.connect(manager_).contribute(1n);
    expect((await pool.book()).begun).to.equal(1n);
    await time.increase(24n * DAY);
    await pool.connect(stranger).retire();
    expect((await pool.book()).retiredAt).to.equal(BigInt(await time.latest()));
  });

  it("a retired pool takes no work, no delegations and no orders", async () => {
    const system = await freshPool();
    const { pool, vault, poolAddress, manager_, alice, modelRoot, addresses } = system;
    await pool.connect(manager_).retire();
    const retiredAt = (await pool.book()).retiredAt;
    const values = [retiredAt];
    await expectRefusal("ProviderTakesNoWork", {
      call: () => createJob(system, { provider: poolAddress }),
      by: vault,
      values: [poolAddress],
    });
    await expectRefusal("PoolRetired", { call: () => delegate(system, alice, ATH), by: pool, values });
    const call = () => asProvider(system, "setOffer", [modelRoot, addresses.ath, 1, 1]);
    await expectRefusal("PoolRetired", { call, by: pool, values });
    await expectRefusal("PoolRetired", { call: () => pool.connect(manager_).retire(), by: pool, values });
    await pool.connect(manager_).setResting(false);
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(true);
  });

  it("an open channel is closed after a week's notice by anybody, and released", async () => {
    const system = await freshPool();
    const { pool, vault, channels, poolAddress, addresses, manager_, poolOperator, stranger } = system;
    const key = channels.interface.encodeFunctionData("addReceiptKey", [poolOperator.address]);
    await pool.connect(manager_).execute(addresses.channels, key);
    const { terms } = await openChannel({ ...system, operator: poolOperator }, { provider: poolAddress });
    expect((await vault.stakeOf(poolAddress)).openWork).to.equal(1n);
    await pool.connect(manager_).retire();
    const { retiredAt } = await pool.book();
    const call = () => pool.connect(stranger).closeChannel(terms);
    await time.setNextBlockTimestamp(retiredAt + 7n * DAY - 1n);
    await expectRefusal("NoticeNotOver", { call, by: pool, values: [retiredAt + 7n * DAY] });
    await time.setNextBlockTimestamp(retiredAt + 7n * DAY);
    await call();
    await time.increase(DAY + 1n);
    await channels.connect(stranger).release(terms, stranger);
    expect((await vault.stakeOf(poolAddress)).openWork).to.equal(0n);
  });
});

describe("attack: a commission that rises at once", () => {
  it("rises after the longest exit, and not for what came in before", async () => {
    const system = await freshPool();
    const { pool, manager_, stranger, alice, addresses } = system;
    await delegate(system, alice, 20_000n * ATH);
    await pool.connect(manager_).setCommission(5_000);
    const { current, nextAt } = await pool.commission();
    expect([current, nextAt]).to.deep.equal([
      COMMISSION,
      BigInt(await time.latest()) + (await pool.longestExit()),
    ]);
    await time.setNextBlockTimestamp(nextAt - 1n);
    await expectRefusal("NoRiseDue", { call: () => pool.applyCommission(), by: pool, values: [nextAt] });
    await earn(system, 1_000n * ATH);
    await pool.connect(stranger).applyCommission();
    expect((await pool.streamOf(addresses.ath)).managers, "10 % of 500").to.equal(550n * ATH);
    await earn(system, 1_000n * ATH);
    await pool.harvest(addresses.ath);
    expect((await pool.streamOf(addresses.ath)).managers, "50 % of 500").to.equal(1_300n * ATH);
  });
});

describe("attack: a transfer that doubles earnings", () => {
  it("what was released before it stays the sender's, what comes after is the receiver's", async () => {
    const system = await freshPool();
    const { pool, alice, bob, addresses } = system;
    await delegate(system, alice, 20_000n * ATH);
    await earn(system, 1_000n * ATH);
    await pool.harvest(addresses.ath);
    const { updatedAt } = await pool.streamOf(addresses.ath);
    await time.setNextBlockTimestamp(updatedAt + (7n * DAY) / 2n);
    await pool.connect(alice).transfer(bob, 20_000n * ATH);
    await pool.connect(bob).transfer(bob, 20_000n * ATH);
    await time.increase(7n * DAY);
    expect(await earned(system, alice)).to.equal(225n * ATH);
    expect(await earned(system, bob)).to.equal(225n * ATH);
    await pool.connect(alice).claim(addresses.ath, alice);
    await pool.connect(bob).claim(addresses.ath, bob);
    await pool.connect(bob).transfer(alice, 20_000n * ATH);
    expect([await earned(system, alice), await earned(system, bob)]).to.deep.equal([0n, 0n]);
  });
});

describe("attack: a token of earnings that reverts or blocks", () => {
  it("harms nobody but those who claim it", async () => {
    const system = await freshPool();
    const { pool, vault, addresses, poolAddress, administrator, alice, manager_ } = system;
    const hostile = await ethers.deployContract("HostileToken");
    await vault.connect(administrator).setTokenAccepted(hostile, true);
    await delegate(system, alice, 20_000n * ATH);
    await hostile.getFunction("mint")(administrator, 1_000n);
    await hostile.getFunction("approve")(vault, 1_000n);
    await vault.connect(administrator).deposit(hostile, 1_000n, poolAddress);
    await pool.harvest(hostile);
    await earn(system, 1_000n * ATH);
    await hostile.getFunction("setPaused")(true);
    await pool.harvest(addresses.ath);
    await time.increase(7n * DAY);
    await expectRefusal("Paused", {
      call: () => pool.connect(alice).claim(hostile, alice),
      by: hostile,
      values: [],
    });
    await pool.connect(alice).claim(addresses.ath, alice);
    await pool.connect(manager_).claim(addresses.ath, manager_);
    expect(await leave(system, alice, 20_000n * ATH)).to.equal(20_000n * ATH);
    await hostile.getFunction("setPaused")(false);
    await pool.connect(alice).claim(hostile, alice);
    expect(await hostile.getFunction("balanceOf")(alice)).to.equal(450n);
  });

  it("that calls back during a claim is not paid twice", async () => {
    const system = await freshPool();
    const { pool, vault, addresses, poolAddress, administrator, alice } = system;
    const hostile = await ethers.deployContract("HostileToken");
    await vault.connect(administrator).setTokenAccepted(hostile, true);
    await delegate(system, alice, 20_000n * ATH);
    await hostile.getFunction("mint")(administrator, 1_000n);
    await hostile.getFunction("approve")(vault, 1_000n);
    await vault.connect(administrator).deposit(hostile, 1_000n, poolAddress);
    await pool.harvest(hostile);
    await time.increase(7n * DAY);
    await hostile.getFunction("setCall")(pool, pool.interface.encodeFunctionData("upkeep"));
    await pool.connect(alice).claim(hostile, alice);
    expect(await hostile.getFunction("callSucceeded")(), "the pool is guarded").to.equal(false);
    await expectRefusal("NothingEarned", {
      call: () => pool.connect(alice).claim(hostile, alice),
      by: pool,
      values: [await hostile.getAddress(), alice.address],
    });
    expect((await accountOf(system, addresses.ath, poolAddress)).available).to.equal(0n);
  });
});

describe("attack: shares of a convicted provider", () => {
  it("nobody is sold any, and everybody leaves without the manager", async () => {
    const system = await freshPool();
    const { pool, providers, vault, poolAddress, stranger, alice, bob } = system;
    await delegate(system, alice, 50_000n * ATH);
    await convictPool(system);
    const next = BigInt(await time.latest()) + 10n;
    await time.setNextBlockTimestamp(next);
    await expectRefusal("PoolRetired", {
      call: () => delegate(system, bob, ATH),
      by: pool,
      values: [next],
    });
    await pool.connect(stranger).retire();
    const names = (await eventsOf(pool, pool.connect(stranger).deregister())).map(({ name }) => name);
    expect(names, "registered offers do not hold it").to.deep.equal([]);
    expect(await providers.operatorOf(poolAddress)).to.equal(ZeroAddress);
    expect((await vault.stakeOf(poolAddress)).locked).to.equal(0n);
    expect(await leave(system, alice, 50_000n * ATH)).to.equal(50_000n * ATH);
  });

  it("after a total loss of what was delegated there are no more delegations", async () => {
    const system = await freshPool();
    const { pool, alice, bob, manager_ } = system;
    await delegate(system, alice, 50_000n * ATH);
    await penalise(system, 64_000n * ATH);
    // 6,000 ATH are locked for the registration and back the shares that are left.
    expect(await pool.worthOf(50_000n * ATH)).to.equal(6_000n * ATH);
    await slash(system, 6_000n * ATH);
    await pool.upkeep();
    const { price, backing } = await pool.book();
    expect([price, backing]).to.deep.equal([0n, 0n]);
    await pool.connect(manager_).contribute(OWN);
    await expectRefusal("PoolRetired", {
      call: () => delegate(system, bob, ATH),
      by: pool,
      values: [(await pool.book()).retiredAt],
    });
    const id = await requestExit(system, alice, 50_000n * ATH);
    const [paid] = await eventsOf(pool, pool.claimExit(id));
    expect(paid).to.deep.equal({ name: "ExitPaid", values: [id, alice.address, 0n, 50_000n * ATH] });
  });
});
