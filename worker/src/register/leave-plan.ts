import { formatAmount } from "@athanor/sdk";
import type { Chain } from "../chain/chain.ts";
import { findOffers } from "../market/offers.ts";
import { readProviderState } from "../market/provider-state.ts";
import { readToken } from "../market/tokens.ts";
import { readOwnerAccount } from "./owner-account.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { planPoolLeaving } from "./pool-leave-plan.ts";

/**
 * What can be done now to end a registration and get the stake back. Leaving takes several runs, with the end of open jobs and the
 * unbonding period between them; each run does all that the chain allows by then and says what the next one waits for.
 *
 * @param now chain seconds
 */
export async function planLeaving(chain: Chain, owner: string, now: number): Promise<Plan> {
  const { vault, providerRegistry, deployment } = chain.contracts;
  const ath = await readToken(chain.provider, deployment.ath);
  const account = await readOwnerAccount(chain, owner);
  if (account.pool !== null) return planPoolLeaving(chain, account, account.pool, now);
  const state = await readProviderState(chain, owner);
  const steps: PlanStep[] = [];
  const done: string[] = [];

  if (state.offerCount > 0) {
    for (const { modelRoot, token } of await findOffers(chain, { provider: owner })) {
      steps.push({
        title: `remove the offer of model ${modelRoot} for token ${token}`,
        to: deployment.providerRegistry,
        data: providerRegistry.interface.encodeFunctionData("removeOffer", [modelRoot, token]),
      });
    }
  }
  if (state.registered && state.openWork > 0) {
    done.push(`${state.openWork} jobs are open; run this again when they have ended`);
    return { sender: owner, done, steps };
  }
  if (state.registered) {
    steps.push({
      title: "end the registration",
      to: deployment.providerRegistry,
      data: providerRegistry.interface.encodeFunctionData("deregister"),
    });
  }
  if (state.unbonding > 0n && state.releaseAt <= now) {
    steps.push({
      title: `move ${formatAmount(ath, state.unbonding)} of unbonded stake into the vault account`,
      to: deployment.vault,
      data: vault.interface.encodeFunctionData("claimUnbonded", [owner]),
    });
  }
  // The registration's own lock ends with it, in the step before.
  const free = state.staked - state.locked + (state.registered ? state.reserved : 0n);
  if (free > 0n) {
    steps.push({
      title: `start to unbond ${formatAmount(ath, free)}`,
      to: deployment.vault,
      data: vault.interface.encodeFunctionData("unbond", [free]),
    });
  }
  if (state.unbonding > 0n && state.releaseAt > now) {
    const when = new Date(state.releaseAt * 1_000).toISOString();
    done.push(`${formatAmount(ath, state.unbonding)} are unbonding until ${when}; run this again afterwards`);
  }
  if (steps.length === 0 && state.unbonding === 0n) {
    done.push(
      "nothing is registered, staked or unbonding; athanor provider withdraw pays out the vault account",
    );
  }
  return { sender: owner, done, steps };
}
