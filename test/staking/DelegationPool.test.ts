// Longer than 400 lines: stake, exits and earnings of one contract.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { expectOnlyEvent, eventsOf } from "../support/expect.ts";
import { signPermit } from "../support/permit.ts";
import {
  COMMISSION,
  DAY,
  FRAUD_DEPOSIT,
  ONE,
  OWN,
  UNBONDING,
  asProvider,
  createPool,
  earn,
  freshPool,
  passUnbonding,
  penalise,
  poolAt,
  principalOf,
  requestExit,
  slash,
} from "../support/pools.ts";
import {
  ATH,
  USD,
  createJob,
  ethers,
  freshSystem,
  networkHelpers,
  passWindow,
  profileOf,
  submitResult,
  time,
  gpus,
} from "../support/system.ts";

describe("DelegationPools", () => {
  it("makes a pool at the address it foretold, with its label in the name of the shares", async () => {
    const system = await freshSystem();
    const { pools, vault, addresses, newcomer } = system;
    const foretold = await pools.addressOf(newcomer, "north-1");
    const sent = pools.connect(newcomer).create("north-1", 250);
    await expectOnlyEvent(pools, sent, "PoolCreated", [foretold, newcomer.address, "north-1", 250]);
    const pool = await poolAt(foretold);
    expect([await pool.name(), await pool.symbol(), await pool.label()]).to.deep.equal([
      "Athanor delegation to north-1",
      "ATH-north-1",
      "north-1",
    ]);
    expect(await pool.manager()).to.equal(newcomer.address);
    expect(await pool.tokens()).to.deep.equal([addresses.ath]);
    expect((await pool.commission()).current).to.equal(250n);
    expect(await pools.poolOf("north-1")).to.equal(foretold);
    expect(await pools.poolAt(0)).to.equal(foretold);
    expect([
      await pools.poolCount(),
      await pools.isPool(foretold),
      await pools.isPool(newcomer),
    ]).to.deep.equal([1n, true, false]);
    // Registry, job escrow, channel escrow.
    expect((await vault.stakeOf(foretold)).modules).to.equal(7n);
  });

  it("lets managers call the registry, the channel escrow and the quality court, and not the vault", async () => {
    const { pools, addresses } = await freshSystem();
    const targets = [
      addresses.providers,
      addresses.channels,
      addresses.court,
      addresses.vault,
      addresses.escrow,
      addresses.ath,
    ];
    expect(await Promise.all(targets.map((target) => pools.isTarget(target)))).to.deep.equal([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("makes an implementation that is no pool and takes nothing", async () => {
    const { pools, ath, newcomer } = await freshSystem();
    const pool = await createPool({ pools } as never, newcomer, "north-1");
    const code = await ethers.provider.getCode(pool);
    const implementation = await poolAt(`0x${code.slice(22, 62)}`);
    expect(await pools.isPool(implementation)).to.equal(false);
    expect((await implementation.book()).price).to.equal(0n);
    await ath.approve(implementation, ATH);
    await expect(implementation.contribute(ATH)).to.be.revertedWithCustomError(
      ath,
      "ERC20InsufficientAllowance",
    );
    await expect(implementation.delegate(ATH, newcomer)).to.be.revertedWithCustomError(pool, "PoolSpent");
  });
});

describe("DelegationPool: stake", () => {
  it("is one stake in the vault: a share costs a unit, and the pool is the provider", async () => {
    const system = await freshPool();
    const { pool, vault, providers, poolAddress, poolOperator, alice, bob } = system;
    const sent = pool.connect(alice).delegate(30_000n * ATH, bob);
    const events = await eventsOf(pool, sent);
    expect(events.map(({ name }) => name)).to.deep.equal(["Transfer", "Delegated"]);
    expect(await pool.balanceOf(bob)).to.equal(30_000n * ATH);
    expect((await vault.stakeOf(poolAddress)).staked).to.equal(OWN + 30_000n * ATH);
    expect(await providers.operatorOf(poolAddress)).to.equal(poolOperator.address);
    const { own, backing, price } = await pool.book();
    expect([own, backing, price]).to.deep.equal([OWN, 30_000n * ATH, ONE]);
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(false);
  });

  it("may be delegated with a permit in the same transaction, used before or not", async () => {
    const system = await freshPool();
    const { pool, ath, poolAddress, alice, addresses, stranger } = system;
    await ath.connect(alice).approve(pool, 0n);
    const { deadline, v, r, s } = await signPermit(alice, {
      name: "Athanor",
      token: addresses.ath,
      spender: poolAddress,
      value: 5n * ATH,
      nonce: 0n,
    });
    await ath.connect(stranger).permit(alice, pool, 5n * ATH, deadline, v, r, s);
    await pool.connect(alice).delegateWithPermit(5n * ATH, alice, deadline, v, r, s);
    expect(await pool.balanceOf(alice)).to.equal(5n * ATH);
  });

  it("has to be covered by a tenth of the whole and by two fraud deposits", async () => {
    const { pool } = await freshPool();
    expect(await pool.requiredOwn(0n)).to.equal(0n);
    expect(await pool.requiredOwn(1n)).to.equal(2n * FRAUD_DEPOSIT);
    expect(await pool.requiredOwn(90_000n * ATH)).to.equal(10_000n * ATH);
    expect(await pool.requiredOwn(90_000n * ATH + 1n)).to.equal(10_000n * ATH + 1n);
  });

  it("counts the deposit of its registration, whatever governance asks of new ones", async () => {
    const system = await freshPool();
    const { pool, providers, pools, newcomer, vault, poolAddress, alice } = system;
    await pool.connect(alice).delegate(ATH, alice);
    await providers.setFraudDeposit(50_000n * ATH);
    expect(await pool.requiredOwn(1n)).to.equal(2n * FRAUD_DEPOSIT);
    await pool.upkeep();
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(false);
    const unregistered = await createPool({ pools } as never, newcomer, "north-1");
    expect(await unregistered.requiredOwn(1n)).to.equal(100_000n * ATH);
  });

  it("refuses hardware whose fraud deposit the own part does not cover twice, while anything is delegated", async () => {
    const system = await freshPool();
    const { pool, providers, poolAddress, poolOperator, alice, bob } = system;
    const become = (count: number) =>
      asProvider(system, "update", [{ ...profileOf(poolOperator), hardware: gpus(count) }]);
    await pool.connect(alice).delegate(60_000n * ATH, alice);
    const own = (await pool.book()).own;
    // A quarter of the hardware's stake.
    const most = Number(own / 2n / (250n * ATH));
    await expect(become(most + 1))
      .to.be.revertedWithCustomError(pool, "OwnPartTooSmall")
      .withArgs(own, 500n * ATH * BigInt(most + 1));
    await become(most);
    expect(await providers.fraudDepositOf(poolAddress)).to.equal(250n * ATH * BigInt(most));
    await pool.connect(bob).contribute(500n * ATH);
    await become(most + 1);
    expect(await pool.requiredOwn(1n)).to.equal(500n * ATH * BigInt(most + 1));
  });

  it("rests when a slash leaves the own part too small, until somebody contributes", async () => {
    const system = await freshPool();
    const { pool, vault, poolAddress, stranger, alice, bob } = system;
    await pool.connect(alice).delegate(30_000n * ATH, alice);
    await penalise(system, 10_000n * ATH + 1n);
    await expectOnlyEvent(pool, pool.connect(stranger).upkeep(), "LossBooked", [10_000n * ATH + 1n, 0n, ONE]);
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(true);
    await expect(createJob(system, { provider: poolAddress })).to.be.revertedWithCustomError(
      vault,
      "ProviderTakesNoWork",
    );
    await pool.connect(bob).contribute(1n);
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(false);
    await createJob(system, { provider: poolAddress });
  });

  it("rests when the manager says so", async () => {
    const { pool, vault, poolAddress, manager_ } = await freshPool();
    await pool.connect(manager_).setResting(true);
    await pool.upkeep();
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(true);
    await pool.connect(manager_).setResting(false);
    expect((await vault.stakeOf(poolAddress)).resting).to.equal(false);
  });

  it("takes losses off the own part first, what leaves of it included, then off all shares alike", async () => {
    const system = await freshPool();
    const { pool, manager_, alice, bob } = system;
    await pool.connect(alice).delegate(50_000n * ATH, alice);
    await pool.connect(bob).delegate(50_000n * ATH, bob);
    await pool.connect(manager_).contribute(5_000n * ATH);
    await requestExit(system, bob, 25_000n * ATH);
    await pool.connect(manager_).withdrawOwn(3_000n * ATH);
    const before = await pool.book();
    expect([before.own, before.ownQueued, before.ownUnbonding]).to.deep.equal([
      22_000n * ATH,
      3_000n * ATH,
      0n,
    ]);
    await penalise(system, 24_000n * ATH);
    const first = await pool.book();
    expect([first.own, first.ownQueued, first.backing, first.price]).to.deep.equal([
      0n,
      1_000n * ATH,
      100_000n * ATH,
      ONE,
    ]);
    await penalise(system, 21_000n * ATH);
    const second = await pool.book();
    expect([second.ownQueued, second.backing, second.price]).to.deep.equal([
      0n,
      80_000n * ATH,
      (ONE * 8n) / 10n,
    ]);
    expect(await pool.worthOf(25_000n * ATH)).to.equal(20_000n * ATH);
  });
});

describe("DelegationPool: exits", () => {
  it("are paid in full after one unbonding period", async () => {
    const system = await freshPool();
    const { pool, ath, vault, poolAddress, stranger, alice } = system;
    await pool.connect(alice).delegate(30_000n * ATH, alice);
    const before = await ath.balanceOf(alice);
    const sent = await pool.connect(alice).requestExit(10_000n * ATH);
    expect(await eventsOf(pool, sent)).to.deep.include({
      name: "RoundBegun",
      values: [10_000n * ATH, 10_000n * ATH, 0n],
    });
    const { amount, releaseAt } = await vault.unbondingOf(poolAddress);
    expect([amount, releaseAt]).to.deep.equal([10_000n * ATH, BigInt(await time.latest()) + UNBONDING]);
    await time.setNextBlockTimestamp(releaseAt - 1n);
    await expect(pool.claimExit(0)).to.be.revertedWithCustomError(pool, "NothingToPay");
    await time.setNextBlockTimestamp(releaseAt);
    await pool.connect(stranger).claimExit(0);
    expect((await ath.balanceOf(alice)) - before).to.equal(10_000n * ATH);
    await expect(pool.claimExit(0)).to.be.revertedWithCustomError(pool, "NothingToPay");
    const { booked, held } = await principalOf(system);
    expect([booked, held]).to.deep.equal([OWN + 20_000n * ATH, OWN + 20_000n * ATH]);
  });

  it("leave oldest first, as far as stake is free, in as many rounds as it takes, each at its own price", async () => {
    const system = await freshPool();
    const { pool, ath, alice, bob } = system;
    await pool.connect(alice).delegate(20_000n * ATH, alice);
    await pool.connect(bob).delegate(20_000n * ATH, bob);
    // 60,000 staked, 6,000 locked for the registration; 39,000 more for hardware: 15,000 are free.
    const { poolOperator, providers } = system;
    await providers.setHardwareDepositShare(1_000);
    await asProvider(system, "update", [{ ...profileOf(poolOperator), hardware: gpus(40) }]);
    const before = [await ath.balanceOf(alice), await ath.balanceOf(bob)];
    const first = await requestExit(system, alice, 20_000n * ATH);
    const second = await requestExit(system, bob, 20_000n * ATH);
    expect((await pool.book()).begun).to.equal(15_000n * ATH);
    await passUnbonding(system);
    await asProvider(system, "update", [profileOf(poolOperator)]);
    // 15,000 have left; 25,000 begin now.
    const { begun, served } = await pool.book();
    expect([begun, served]).to.deep.equal([40_000n * ATH, 15_000n * ATH]);
    await expect(pool.claimExit(second)).to.be.revertedWithCustomError(pool, "NothingToPay");
    await pool.claimExit(first);
    expect((await ath.balanceOf(alice)) - before[0]!).to.equal(15_000n * ATH);
    // The own part, and half of the 25,000 that are left. The hardware's lock is not enough: what unbonds is hit, too.
    await slash(system, OWN + 12_500n * ATH);
    await passUnbonding(system);
    await pool.claimExit(first);
    await pool.claimExit(second);
    expect((await ath.balanceOf(alice)) - before[0]!).to.equal(17_500n * ATH);
    expect((await ath.balanceOf(bob)) - before[1]!).to.equal(10_000n * ATH);
    expect(await pool.roundCount()).to.equal(2n);
    const { end, price } = await pool.roundAt(1);
    expect([end, price]).to.deep.equal([40_000n * ATH, ONE / 2n]);
    const { booked, held } = await principalOf(system);
    expect([booked, held]).to.deep.equal([0n, 0n]);
  });

  it("what a slash took from the stake for those who leave is staked again by the time they have left", async () => {
    const system = await freshPool();
    const { pool, vault, poolAddress, manager_, alice, bob } = system;
    await pool.connect(alice).delegate(50_000n * ATH, alice);
    await pool.connect(bob).delegate(50_000n * ATH, bob);
    await requestExit(system, alice, 50_000n * ATH);
    await penalise(system, OWN + 20_000n * ATH);
    await passUnbonding(system);
    await pool.connect(manager_).upkeep();
    expect((await vault.stakeOf(poolAddress)).staked).to.equal(40_000n * ATH);
    expect((await pool.book()).backing).to.equal(40_000n * ATH);
  });

  it("of the own part come last and are paid to the manager", async () => {
    const system = await freshPool();
    const { pool, ath, addresses, manager_, alice } = system;
    await pool.connect(alice).delegate(30_000n * ATH, alice);
    await pool.connect(manager_).withdrawOwn(5_000n * ATH);
    const before = await ath.balanceOf(manager_);
    await passUnbonding(system);
    await pool.upkeep();
    await pool.connect(manager_).claim(addresses.ath, manager_);
    expect((await ath.balanceOf(manager_)) - before).to.equal(5_000n * ATH);
  });

  it("of the own part are free when a retired pool has deregistered, whoever stays", async () => {
    const system = await freshPool();
    const { pool, addresses, manager_, alice, modelRoot } = system;
    await pool.connect(alice).delegate(ATH, alice);
    await asProvider(system, "removeOffer", [modelRoot, addresses.ath]);
    await asProvider(system, "removeOffer", [modelRoot, addresses.stablecoin]);
    await pool.connect(manager_).retire();
    await expect(pool.connect(manager_).withdrawOwn(OWN)).to.be.revertedWithCustomError(
      pool,
      "OwnPartTooSmall",
    );
    await pool.deregister();
    await pool.connect(manager_).withdrawOwn(OWN);
    await passUnbonding(system);
    await pool.connect(manager_).upkeep();
    await pool.connect(manager_).claim(addresses.ath, manager_);
    const id = await requestExit(system, alice, ATH);
    await passUnbonding(system);
    await pool.claimExit(id);
    expect((await principalOf(system)).held).to.equal(0n);
  });
});

describe("DelegationPool: earnings", () => {
  it("of a job are split between own part, commission and shares", async () => {
    const system = await freshPool();
    const { pool, escrow, vault, poolAddress, poolOperator, stranger, addresses, alice, manager_ } = system;
    await pool.connect(alice).delegate(60_000n * ATH, alice);
    const opened = await createJob(system, { provider: poolAddress });
    const output = await submitResult(system, opened, [1, 2, 3], poolOperator);
    await passWindow(opened);
    await escrow.connect(stranger).finalize(opened.job, output, stranger);
    const income = (await vault.accountOf(addresses.ath, poolAddress)).available;
    expect(income > 0n).to.equal(true);
    const net = (((income * 60_000n) / 80_000n) * (10_000n - COMMISSION)) / 10_000n;
    const events = await eventsOf(pool, pool.connect(stranger).harvest(addresses.ath));
    expect(events).to.deep.equal([{ name: "Harvested", values: [addresses.ath, income, net, income - net] }]);
    expect(await pool.earned(addresses.ath, manager_)).to.equal(income - net);
    await time.increase(7n * DAY);
    const mine = await pool.earned(addresses.ath, alice);
    expect(mine <= net && mine + 1n >= net, `${mine} of ${net}`).to.equal(true);
    const sent = pool.connect(alice).claim(addresses.ath, alice);
    await expectOnlyEvent(pool, sent, "Claimed", [addresses.ath, alice.address, alice.address, mine]);
  });

  it("in other tokens are listed by the first harvest, also what lies at the pool's own address", async () => {
    const system = await freshPool();
    const { pool, stablecoin, poolAddress, addresses, alice, bob } = system;
    await pool.connect(alice).delegate(10_000n * ATH, alice);
    await pool.connect(bob).delegate(30_000n * ATH, bob);
    await stablecoin.mint(poolAddress, 600n * USD);
    await pool.harvest(addresses.stablecoin);
    expect(await pool.tokens()).to.deep.equal([addresses.ath, addresses.stablecoin]);
    await time.increase(7n * DAY);
    // 400 for the shares, less a tenth.
    expect(await pool.earned(addresses.stablecoin, alice)).to.equal(90n * USD);
    expect(await pool.earned(addresses.stablecoin, bob)).to.equal(270n * USD);
  });

  it("in a token that the vault no longer takes can be claimed all the same", async () => {
    const system = await freshPool();
    const { pool, vault, stablecoin, poolAddress, addresses, alice, stranger } = system;
    await pool.connect(alice).delegate(40_000n * ATH, alice);
    await stablecoin.mint(stranger, 600n * USD);
    await stablecoin.connect(stranger).approve(vault, 600n * USD);
    await vault.connect(stranger).deposit(addresses.stablecoin, 600n * USD, poolAddress);
    await vault.setTokenAccepted(addresses.stablecoin, false);
    await pool.harvest(addresses.stablecoin);
    await time.increase(7n * DAY);
    await pool.connect(alice).claim(addresses.stablecoin, alice);
    expect(await stablecoin.balanceOf(alice)).to.equal(360n * USD);
  });

  it("that nobody is left for go to the manager", async () => {
    const system = await freshPool();
    const { pool, addresses, manager_, alice, bob } = system;
    await pool.connect(alice).delegate(20_000n * ATH, alice);
    await earn(system, 1_000n * ATH);
    await pool.harvest(addresses.ath);
    await requestExit(system, alice, 20_000n * ATH);
    const hers = await pool.earned(addresses.ath, alice);
    await time.increase(DAY);
    await pool.connect(bob).delegate(1n, bob);
    await time.increase(7n * DAY);
    expect(await pool.earned(addresses.ath, bob)).to.equal(0n);
    const his = await pool.earned(addresses.ath, manager_);
    expect(hers + his <= 1_000n * ATH && hers + his + 2n >= 1_000n * ATH).to.equal(true);
  });

  it("keep the commission of when they came in, and it falls at once", async () => {
    const system = await freshPool();
    const { pool, addresses, manager_, alice } = system;
    await pool.connect(alice).delegate(20_000n * ATH, alice);
    await earn(system, 1_000n * ATH);
    await pool.connect(manager_).setCommission(3_000);
    const lowered = await eventsOf(pool, pool.connect(manager_).setCommission(0));
    expect(lowered.map(({ name }) => name)).to.deep.equal(["Harvested", "CommissionSet"]);
    const { current, nextAt } = await pool.commission();
    expect([current, nextAt], "the announced rise is gone").to.deep.equal([0n, 0n]);
    expect((await pool.streamOf(addresses.ath)).managers).to.equal(550n * ATH);
    await earn(system, 1_000n * ATH);
    await pool.harvest(addresses.ath);
    expect((await pool.streamOf(addresses.ath)).managers).to.equal(1_050n * ATH);
  });

  it("in coin, the bonds of challenges that lost, are the manager's", async () => {
    const system = await freshPool();
    const { pool, game, manager_, poolAddress, newcomer } = system;
    const amount = 10n ** 15n;
    await networkHelpers.setBalance(await game.getAddress(), amount);
    const slot = await creditSlot(poolAddress);
    await networkHelpers.setStorageAt(await game.getAddress(), slot, amount);
    expect(await game.credit(poolAddress)).to.equal(amount);
    const before = await ethers.provider.getBalance(newcomer);
    await pool.connect(manager_).claimCoin(newcomer);
    expect((await ethers.provider.getBalance(newcomer)) - before).to.equal(amount);
  });
});

/** Where the game keeps what it owes an account. */
async function creditSlot(account: string): Promise<string> {
  const layouts = JSON.parse(await readFile("test/snapshots/storage.json", "utf8")) as {
    DisputeGame: { credit: string };
  };
  const position = BigInt(layouts.DisputeGame.credit.split("+")[0]!);
  return ethers.keccak256(
    ethers.AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [account, position]),
  );
}
