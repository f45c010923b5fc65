import { formatAmount } from "@athanor/sdk";
import { courtOf, readStanding } from "@athanor/sdk/protocol";
import type { Chain } from "../chain/chain.ts";
import { readProviderState } from "../market/provider-state.ts";
import { readToken } from "../market/tokens.ts";
import { planOf, readOwnerAccount } from "./owner-account.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { contributionSteps } from "./pool-plans.ts";
import { stakeMore } from "./stake-more.ts";

/**
 * What ends a provider's suspension when its time is over: the stake that today's requirement lacks, and the call of the court. Nothing is planned
 * before; `done` says what it waits for.
 *
 * @param now chain seconds
 * @throws WorkerError TRANSACTION_FAILED (too little ATH)
 */
export async function planReinstatement(chain: Chain, owner: string, now: number): Promise<Plan> {
  const { vault, providerRegistry, deployment } = chain.contracts;
  const account = await readOwnerAccount(chain, owner);
  const nothing = (why: string) => planOf(chain, account, [why], []);
  const { suspended, suspendedUntil, removed } = await readStanding(chain.contracts, owner);
  if (!suspended) return nothing("the provider is not suspended");
  if (removed) {
    return nothing(
      "the provider was removed for repeated bad service, for good; get the stake back with athanor provider leave",
    );
  }
  if (now < suspendedUntil!) {
    const until = new Date(suspendedUntil! * 1_000).toISOString();
    return nothing(`the provider is suspended until ${until}; run this again afterwards`);
  }
  const state = await readProviderState(chain, owner);
  if (!state.registered) {
    return nothing("the provider is not registered; run athanor provider register first, then this again");
  }
  const ath = await readToken(chain.provider, deployment.ath);
  const [required, today] = await Promise.all([
    providerRegistry.requiredStake([...state.hardware]),
    providerRegistry.fraudDepositFor([...state.hardware]),
  ]);
  // A deposit that was taken never falls.
  const reserve = required + (state.fraudDeposit > today ? state.fraudDeposit - today : 0n);
  const toLock = reserve - state.reserved;
  const free = state.staked - state.locked;
  const missing = toLock > free ? toLock - free : 0n;
  const why = `${formatAmount(ath, reserve)} for hardware and fraud deposit, of which ${formatAmount(ath, state.reserved)} are locked`;
  const steps: PlanStep[] = [];
  if (account.pool !== null) {
    steps.push(...(await contributionSteps(chain, account, missing, why)));
  } else {
    const { approvals, calls, parts } = await stakeMore(chain, owner, state, ath, { missing, why });
    steps.push(...approvals);
    if (calls.length > 0) {
      const data = vault.interface.encodeFunctionData("multicall", [[...calls]]);
      steps.push({ title: parts.join("; "), to: deployment.vault, data });
    }
  }
  const court = await courtOf(chain.contracts);
  const address = await court.getAddress();
  steps.push({
    title: `end the suspension: lock ${formatAmount(ath, reserve)} for hardware and fraud deposit, and take new work`,
    to: address,
    data: court.interface.encodeFunctionData("reinstate"),
  });
  return planOf(chain, account, [], steps, [address]);
}
