// A delegation pool before the quality court: who appeals, who loses, who can leave.
import { expect } from "chai";
import { CaseStatus } from "../../sdk/src/generated/enums.ts";
import {
  type CourtSystem,
  DISCOUNTED,
  PENALTY,
  REASONS,
  announceCase,
  executeCase,
} from "../support/court.ts";
import {
  DAY,
  ONE,
  OWN,
  type PoolSystem,
  freshPool,
  passUnbonding,
  principalOf,
  requestExit,
} from "../support/pools.ts";
import { ATH, time } from "../support/system.ts";

const DELEGATED = 10_000n * ATH;

/** The deployer of a local chain reports. */
async function accusedPool() {
  const pools = await freshPool();
  await pools.pool.connect(pools.alice).delegate(DELEGATED, pools.alice);
  const system: PoolSystem & CourtSystem = { ...pools, reporter: pools.administrator };
  const opened = await announceCase(system, { provider: { address: pools.poolAddress }, shares: [] });
  return { system, opened };
}

const asPool = (
  { pool, court, addresses, manager_ }: PoolSystem,
  name: "appeal" | "reinstate",
  values: unknown[],
) =>
  pool
    .connect(manager_)
    .execute(addresses.court, court.interface.encodeFunctionData(name as "appeal", values as never));

describe("QualityCourt: a delegation pool as the provider", () => {
  it("appeals through its manager, loses of its own part first, and is reinstated through its manager", async () => {
    const { system, opened } = await accusedPool();
    const { court, pool, providers, vault, poolAddress } = system;
    await asPool(system, "appeal", [opened.id, REASONS]);
    await court.decide(opened.id, true);
    await pool.upkeep();
    const { own, backing, price } = await pool.book();
    expect([own, backing, price]).to.deep.equal([OWN - PENALTY, DELEGATED, ONE]);
    expect((await vault.stakeOf(poolAddress)).suspended).to.equal(true);

    await time.increaseTo((await court.standingOf(poolAddress)).suspendedUntil);
    await asPool(system, "reinstate", []);
    expect((await vault.stakeOf(poolAddress)).suspended).to.equal(false);
    expect((await providers.providerOf(poolAddress)).reserved).to.equal(6_000n * ATH);
    const { booked, held } = await principalOf(system);
    expect(booked).to.equal(held);
  });

  it("retired, is defended by its operator key, and its delegators leave with everything when the case lapses", async () => {
    const { system, opened } = await accusedPool();
    const { ath, court, pool, modelRoot, addresses, manager_, poolOperator, alice } = system;
    await pool.connect(manager_).retire();
    await court.connect(poolOperator).appeal(opened.id, REASONS);
    for (const token of [addresses.ath, addresses.stablecoin]) await pool.removeOffer(modelRoot, token);
    await pool.deregister();
    const before = await ath.balanceOf(alice);
    const id = await requestExit(system, alice, await pool.balanceOf(alice));
    await passUnbonding(system);
    await pool.connect(alice).claimExit(id);
    expect((await ath.balanceOf(alice)) - before, "the frozen part is not in the way").to.equal(DELEGATED);

    await time.increaseTo((await court.caseOf(opened.id)).decideUntil + 1n);
    await court.lapse(opened.id);
    expect((await system.vault.stakeOf(system.poolAddress)).locked).to.equal(0n);
    const { booked, held } = await principalOf(system);
    expect(booked).to.equal(held);
  });

  it("loses what nobody appeals against, whatever its state, and no delegator pays before the manager", async () => {
    const { system, opened } = await accusedPool();
    const { court, pool, manager_ } = system;
    await pool.connect(manager_).retire();
    await time.increase(DAY);
    await executeCase(system, opened);
    expect((await court.caseOf(opened.id)).status).to.equal(BigInt(CaseStatus.Executed));
    await pool.upkeep();
    const { own, backing, price } = await pool.book();
    expect([own, backing, price]).to.deep.equal([OWN - DISCOUNTED, DELEGATED, ONE]);
  });
});
