import type { ContractTransactionResponse } from "ethers";
import { COMMISSION, DAY, createPool, poolAt } from "../../test/support/pools.ts";
import { ATH, deploySystem, networkHelpers, time } from "../../test/support/system.ts";

/** Rounds and releases end at fixed times. */
const START = 4_000_000_000n;

/** Gas of a pool's calls that delegators send, with every account in use before, earning in ATH alone. */
export async function measurePoolGas(): Promise<Record<string, number>> {
  const system = await deploySystem();
  const { ath, vault, pools, administrator, newcomer, client, stranger, addresses } = system;
  await time.increaseTo(START);
  const gas: Record<string, number> = {};
  const measure = async (name: string, sent: Promise<ContractTransactionResponse>) => {
    gas[name] = Number((await (await sent).wait())!.gasUsed);
  };
  await createPool(system, stranger, "first");
  await measure("DelegationPools: create", pools.connect(newcomer).create("hearth", COMMISSION));
  const pool = await poolAt(await pools.poolOf("hearth"));
  for (const account of [newcomer, client, stranger]) {
    await networkHelpers.setBalance(account.address, 10n ** 20n);
    await ath.connect(administrator).transfer(account, 100_000n * ATH);
    await ath.connect(account).approve(pool, 2n ** 255n);
  }
  await pool.connect(newcomer).contribute(20_000n * ATH);
  await pool.connect(client).delegate(1_000n * ATH, client);
  await pool.connect(stranger).delegate(1_000n * ATH, stranger);
  const earn = async () => {
    await ath.connect(administrator).approve(vault, ATH);
    await vault.connect(administrator).deposit(addresses.ath, ATH, pool);
  };
  await earn();
  await measure("DelegationPool: harvest", pool.harvest(addresses.ath));
  await time.increaseTo(START + DAY);
  await earn();
  await measure("DelegationPool: delegate", pool.connect(client).delegate(1_000n * ATH, client));
  await measure("DelegationPool: transfer", pool.connect(client).transfer(stranger, 1_000n * ATH));
  await measure("DelegationPool: claim", pool.connect(client).claim(addresses.ath, client));
  await measure("DelegationPool: requestExit", pool.connect(client).requestExit(500n * ATH));
  await time.increaseTo(START + 16n * DAY);
  await measure("DelegationPool: claimExit", pool.connect(stranger).claimExit(0));
  return gas;
}
