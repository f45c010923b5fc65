/** Delegation to providers: docs/staking.md specifies it. */
export { Delegation } from "./delegation/delegation.ts";
export { connectPool, connectPools } from "./delegation/contracts.ts";
export type {
  CallOptions,
  DelegationOptions,
  PoolCommission,
  PoolEarnings,
  PoolExit,
  PoolPosition,
  PoolTransaction,
  PoolView,
} from "./delegation/types.ts";
