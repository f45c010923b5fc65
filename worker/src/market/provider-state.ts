import type { Chain } from "../chain/chain.ts";
import type { RegisteredHardware } from "./hardware.ts";

/** How a provider stands on chain. Amounts in ATH units unless said otherwise. */
export interface ProviderState {
  readonly registered: boolean;
  /** Whether a result was proven wrong: the provider takes no work and is paid for none, for good. */
  readonly convicted: boolean;
  /** Whether the protocol keeps the provider from new work, for now. */
  readonly suspended: boolean;
  /** Whether the owner keeps the provider from new work. */
  readonly resting: boolean;
  /** Before this time no new job begins with anybody, seconds since 1970; 0 if jobs were never paused. */
  readonly jobsPausedUntil: number;
  /** The same of channels. */
  readonly channelsPausedUntil: number;
  readonly operator: string;
  readonly watchtower: string;
  readonly encryptionKey: string;
  readonly endpoint: string;
  readonly hardware: readonly RegisteredHardware[];
  readonly offerCount: number;
  readonly reserved: bigint;
  /** Of `reserved`. */
  readonly fraudDeposit: bigint;
  readonly staked: bigint;
  readonly locked: bigint;
  readonly openWork: number;
  /** Bits of all modules that may lock the stake. */
  readonly approvedModules: bigint;
  /** Whether registry and escrow may lock the stake. */
  readonly stakeModulesApproved: boolean;
  /** Free ATH in the vault. */
  readonly available: bigint;
  /** ATH in the owner's wallet. */
  readonly wallet: bigint;
  readonly unbonding: bigint;
  /** Seconds since 1970. */
  readonly releaseAt: number;
  /** What each open job locks. */
  readonly stakePerJob: bigint;
  /** Bits of the modules that lock stake: provider registry and job escrow. */
  readonly stakeModules: bigint;
}

export async function readProviderState({ contracts }: Chain, owner: string): Promise<ProviderState> {
  const { ath, vault, providerRegistry, jobEscrow, deployment } = contracts;
  const [provider, stake, account, wallet, unbonding, parameters, registryBit, escrowBit, jobs, channels] =
    await Promise.all([
      providerRegistry.providerOf(owner),
      vault.stakeOf(owner),
      vault.accountOf(deployment.ath, owner),
      ath.balanceOf(owner),
      vault.unbondingOf(owner),
      jobEscrow.parameters(),
      vault.moduleBit(deployment.providerRegistry),
      vault.moduleBit(deployment.jobEscrow),
      vault.pauseOf(deployment.jobEscrow),
      vault.pauseOf(deployment.channelEscrow),
    ]);
  const stakeModules = registryBit | escrowBit;
  const { profile } = provider;
  return {
    registered: provider.registered,
    convicted: stake.jailed,
    suspended: stake.suspended,
    resting: stake.resting,
    jobsPausedUntil: Number(jobs.until),
    channelsPausedUntil: Number(channels.until),
    operator: profile.operator,
    watchtower: profile.watchtower,
    encryptionKey: profile.encryptionKey,
    endpoint: profile.endpoint,
    hardware: profile.hardware.map(({ hardwareClass, count }) => ({
      hardwareClass: Number(hardwareClass),
      count: Number(count),
    })),
    offerCount: Number(provider.offerCount),
    reserved: provider.reserved,
    fraudDeposit: provider.fraudDeposit,
    staked: stake.staked,
    locked: stake.locked,
    openWork: Number(stake.openWork),
    approvedModules: stake.modules,
    stakeModulesApproved: (stake.modules & stakeModules) === stakeModules,
    available: account.available,
    wallet,
    unbonding: unbonding.amount,
    releaseAt: Number(unbonding.releaseAt),
    stakePerJob: parameters.stakePerJob,
    stakeModules,
  };
}
