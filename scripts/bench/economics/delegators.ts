import { share } from "./described.ts";
import { type ProviderEpoch } from "./providers.ts";
import { type Rules } from "./rules.ts";

/** What an epoch of a provider brings the two parts of the pool that owns it, in US dollars. */
export interface PoolEpoch {
  readonly managerUsd: number;
  readonly delegatorsUsd: number;
}

/**
 * Splits an epoch. Revenue, not profit, is what the pool sees: the manager's commission comes first, the rest goes by stake, and the manager
 * pays for the GPUs. Slashes hit the manager's own part first.
 * @param ownUsd the manager's part of the stake before this epoch's slash
 */
export function splitPool(rules: Rules, epoch: Omit<ProviderEpoch, "feeUsd">, ownUsd: number): PoolEpoch {
  const own = share(rules.ownPartBasisPoints);
  const commission = share(rules.commissionBasisPoints);
  const slashedFromOwn = Math.min(epoch.slashedUsd, ownUsd);
  const byStake = epoch.revenueUsd * (1 - commission);
  return {
    managerUsd: epoch.revenueUsd * commission + byStake * own - epoch.costUsd - slashedFromOwn,
    delegatorsUsd: byStake * (1 - own) - (epoch.slashedUsd - slashedFromOwn),
  };
}

/**
 * The least commission, as a share of the revenue, with which a manager does not lose money.
 * @param costShare what the GPUs cost, as a share of the revenue after fees
 * @param ownShare the manager's part of the stake
 */
export function leastCommission(costShare: number, ownShare: number): number {
  return Math.max(0, (costShare - ownShare) / (1 - ownShare));
}
