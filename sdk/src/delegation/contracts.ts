import { Contract, type ContractRunner } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import type { DelegationPool } from "../generated/contracts/DelegationPool.ts";
import type { DelegationPools } from "../generated/contracts/DelegationPools.ts";
import { delegationPoolFragments, delegationPoolsFragments } from "../generated/fragments.ts";
import { interfaceOf } from "../protocol/connect-contracts.ts";
import type { Deployment } from "../protocol/deployment.ts";

/**
 * The factory of a deployment's pools.
 *
 * @throws AthanorError `DelegationUnavailable` when the deployment names none
 */
export function connectPools(
  runner: ContractRunner | null,
  { delegationPools }: Deployment,
): DelegationPools {
  if (delegationPools === undefined) throw athanorError("DelegationUnavailable", {});
  const contract: unknown = new Contract(delegationPools, interfaceOf(delegationPoolsFragments), runner);
  return contract as DelegationPools;
}

/** A pool. Ask the factory first (`isPool`): any contract can look like one. */
export function connectPool(runner: ContractRunner | null, address: string): DelegationPool {
  const contract: unknown = new Contract(address, interfaceOf(delegationPoolFragments), runner);
  return contract as DelegationPool;
}
