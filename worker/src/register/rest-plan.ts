import type { Chain } from "../chain/chain.ts";
import { readProviderState } from "../market/provider-state.ts";
import { planOf, readOwnerAccount } from "./owner-account.ts";
import type { Plan } from "./plan.ts";

/** Keeps a provider from new work, or lets it take work again. Offers stand, and what is open goes on. */
export async function planRest(chain: Chain, owner: string, resting: boolean): Promise<Plan> {
  const { vault, deployment } = chain.contracts;
  const account = await readOwnerAccount(chain, owner);
  const { pool } = account;
  const state = await readProviderState(chain, owner);
  // A pool rests for reasons of its own, too: its manager decides about the manager's.
  const rests = pool === null ? state.resting : (await pool.book()).resting;
  const done: string[] = [];
  if (rests === resting) {
    done.push(resting ? "the provider rests already" : "the provider does not rest");
  }
  if (resting && state.openWork > 0) {
    done.push(
      `${state.openWork} jobs and channels are open and go on: stop the daemon when athanor provider status shows none`,
    );
  }
  const step = {
    title: resting ? "take no new jobs and channels" : "take new jobs and channels again",
    to: pool === null ? deployment.vault : owner,
    data:
      pool === null
        ? vault.interface.encodeFunctionData("setResting", [resting])
        : pool.interface.encodeFunctionData("setResting", [resting]),
  };
  return planOf(chain, account, done, rests === resting ? [] : [step]);
}
