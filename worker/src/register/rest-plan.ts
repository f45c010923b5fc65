import type { Chain } from "../chain/chain.ts";
import { readProviderState } from "../market/provider-state.ts";
import type { Plan } from "./plan.ts";

/** Keeps a provider from new work, or lets it take work again. Offers stand, and what is open goes on. */
export async function planRest(chain: Chain, owner: string, resting: boolean): Promise<Plan> {
  const { vault, deployment } = chain.contracts;
  const state = await readProviderState(chain, owner);
  const done: string[] = [];
  if (state.resting === resting) {
    done.push(resting ? "the provider rests already" : "the provider does not rest");
  }
  if (resting && state.openWork > 0) {
    done.push(
      `${state.openWork} jobs and channels are open and go on: stop the daemon when athanor provider status shows none`,
    );
  }
  const step = {
    title: resting ? "take no new jobs and channels" : "take new jobs and channels again",
    to: deployment.vault,
    data: vault.interface.encodeFunctionData("setResting", [resting]),
  };
  return { sender: owner, done, steps: state.resting === resting ? [] : [step] };
}
