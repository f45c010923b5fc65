import { connectPool, connectPools } from "@athanor/sdk/delegation";
import type { Chain } from "../chain/chain.ts";
import type { Plan, PlanStep } from "./plan.ts";

/** What a provider is on chain, and who sends for it: its own key, or the manager of the delegation pool that it is. */
export interface OwnerAccount {
  /** The provider: it stakes, is registered and is paid. */
  readonly address: string;
  /** The account that sends: the provider itself, or its pool's manager. */
  readonly sender: string;
  readonly pool: Pool | null;
}

export type Pool = ReturnType<typeof connectPool>;

/** Asks the deployment's factory, and nobody else, whether the owner is a pool. */
export async function readOwnerAccount({ contracts, provider }: Chain, owner: string): Promise<OwnerAccount> {
  const { deployment } = contracts;
  const isPool =
    deployment.delegationPools !== undefined && (await connectPools(provider, deployment).isPool(owner));
  if (!isPool) return { address: owner, sender: owner, pool: null };
  const pool = connectPool(provider, owner);
  return { address: owner, sender: await pool.manager(), pool };
}

/**
 * A plan whose steps act as the provider: a pool's manager sends them through the pool. Steps that anybody may send stay as they are.
 *
 * @param others contracts that know the provider by its account, beside registry and channel escrow
 */
export function planOf(
  { contracts: { deployment } }: Chain,
  { address, sender, pool }: OwnerAccount,
  done: readonly string[],
  steps: readonly PlanStep[],
  others: readonly string[] = [],
): Plan {
  if (pool === null) return { sender, done, steps };
  const asProvider = [deployment.providerRegistry, deployment.channelEscrow, ...others];
  const through = steps.map(({ title, to, data }) =>
    asProvider.includes(to)
      ? { title, to: address, data: pool.interface.encodeFunctionData("execute", [to, data]) }
      : { title, to, data },
  );
  return { sender, done, steps: through };
}
