import type { ContractTransactionResponse } from "ethers";
import type { DelegationPool } from "../../sdk/src/generated/contracts/DelegationPool.ts";
import { eventsOf } from "./expect.ts";
import { speakAsGame } from "./game.ts";
import {
  ATH,
  ATH_OFFER,
  type Signer,
  type System,
  USD_OFFER,
  deploySystem,
  ethers,
  loadFixture,
  profileOf,
  speakAs,
  time,
} from "./system.ts";

export const DAY = 86_400n;
export const UNBONDING = 14n * DAY;
export const ONE = 10n ** 27n;
/** What the manager contributed; the fraud deposit is a quarter of it. */
export const OWN = 20_000n * ATH;
export const COMMISSION = 1_000n;
export const FRAUD_DEPOSIT = 5_000n * ATH;

/** A system with a provider whose owner is a pool. */
export interface PoolSystem extends System {
  readonly pool: DelegationPool;
  readonly poolAddress: string;
  readonly manager_: Signer;
  readonly poolOperator: Signer;
  readonly alice: Signer;
  readonly bob: Signer;
}

/** A pool whose own part is 20,000 ATH, registered with one GPU (6,000 ATH locked) and offering the model in both tokens. */
async function deployPool(): Promise<PoolSystem> {
  const system = await deploySystem();
  const [manager_, poolOperator, alice, bob] = (await ethers.getSigners()).slice(8) as [
    Signer,
    Signer,
    Signer,
    Signer,
  ];
  const pool = await createPool(system, manager_, "hearth", COMMISSION);
  const poolAddress = await pool.getAddress();
  for (const account of [manager_, alice, bob]) {
    await system.ath.connect(system.administrator).transfer(account, 1_000_000n * ATH);
    await system.ath.connect(account).approve(pool, ethers.MaxUint256);
  }
  await pool.connect(manager_).contribute(OWN);
  const poolSystem = { ...system, pool, poolAddress, manager_, poolOperator, alice, bob };
  await asProvider(poolSystem, "register", [profileOf(poolOperator)]);
  await asProvider(poolSystem, "setOffer", [
    system.modelRoot,
    system.addresses.ath,
    ATH_OFFER.input,
    ATH_OFFER.output,
  ]);
  await asProvider(poolSystem, "setOffer", [
    system.modelRoot,
    system.addresses.stablecoin,
    USD_OFFER.input,
    USD_OFFER.output,
  ]);
  return poolSystem;
}

export const freshPool = (): Promise<PoolSystem> => loadFixture(deployPool);

/** Makes a pool and reads its address from the event. */
export async function createPool(
  { pools }: System,
  manager: Signer,
  label: string,
  commission = 0n,
): Promise<DelegationPool> {
  const [created] = await eventsOf(pools, pools.connect(manager).create(label, commission));
  return poolAt(created!.values[0] as string);
}

export async function poolAt(address: string): Promise<DelegationPool> {
  return (await ethers.getContractAt("DelegationPool", address)) as unknown as DelegationPool;
}

/** The manager calls the provider registry as the pool. */
export function asProvider(
  { pool, providers, addresses, manager_ }: PoolSystem,
  name: "register" | "update" | "setOffer" | "removeOffer" | "deregister",
  values: readonly unknown[],
): Promise<ContractTransactionResponse> {
  const data = providers.interface.encodeFunctionData(name as "register", values as never);
  return pool.connect(manager_).execute(addresses.providers, data);
}

/** Income of the pool, as a client pays it: tokens in its vault account. */
export async function earn(
  { vault, ath, stablecoin, administrator, addresses, poolAddress }: PoolSystem,
  amount: bigint,
  token = addresses.ath,
): Promise<void> {
  if (token === addresses.ath) {
    await ath.connect(administrator).approve(addresses.vault, amount);
  } else {
    await stablecoin.mint(administrator, amount);
    await stablecoin.connect(administrator).approve(addresses.vault, amount);
  }
  await vault.connect(administrator).deposit(token, amount, poolAddress);
}

/** Slashes the pool in the registry's voice, without a conviction in the registry: any amount, but it is jailed. */
export async function slash(
  { vault, addresses, poolAddress, newcomer }: PoolSystem,
  amount: bigint,
  payout = 0n,
) {
  const registry = await speakAs(addresses.providers);
  return vault.connect(registry).slash(poolAddress, amount, payout, newcomer);
}

/** Takes stake of the pool as a penalty, which jails nobody; free stake is locked for it first. */
export async function penalise({ vault, addresses, poolAddress }: PoolSystem, amount: bigint): Promise<void> {
  const registry = await speakAs(addresses.providers);
  await vault.connect(registry).lockStake(poolAddress, amount);
  await vault.connect(registry).penalise(poolAddress, amount, amount / 2n);
}

/** Convicts the pool, as the dispute game does: half of the fraud deposit is paid out. */
export async function convictPool(system: PoolSystem): Promise<ContractTransactionResponse> {
  const game = await speakAsGame(system);
  return system.providers.connect(game).convict(system.poolAddress, FRAUD_DEPOSIT / 2n, system.newcomer);
}

/** Moves the clock behind the end of the unbonding under way. */
export async function passUnbonding({ vault, poolAddress }: PoolSystem): Promise<void> {
  const { releaseAt } = await vault.unbondingOf(poolAddress);
  if (releaseAt > BigInt(await time.latest())) await time.increaseTo(releaseAt);
}

/** Asks for an exit and returns its id. */
export async function requestExit({ pool }: PoolSystem, owner: Signer, shares: bigint): Promise<bigint> {
  const sent = await pool.connect(owner).requestExit(shares);
  const requested = (await eventsOf(pool, sent)).find(({ name }) => name === "ExitRequested");
  return requested!.values[0] as bigint;
}

/** ATH in the vault that the books know of, and what the vault has of it: equal after every call. */
export async function principalOf({
  pool,
  vault,
  poolAddress,
}: PoolSystem): Promise<{ booked: bigint; held: bigint }> {
  const { own, ownQueued, ownUnbonding, backing } = await pool.book();
  const { staked } = await vault.stakeOf(poolAddress);
  const { amount } = await vault.unbondingOf(poolAddress);
  return { booked: own + ownQueued + ownUnbonding + backing, held: staked + amount };
}
