import { formatAmount } from "@athanor/sdk";
import type { Chain } from "../chain/chain.ts";
import { findOffers } from "../market/offers.ts";
import { readProviderState } from "../market/provider-state.ts";
import { readToken } from "../market/tokens.ts";
import type { OwnerAccount, Pool } from "./owner-account.ts";
import type { Plan, PlanStep } from "./plan.ts";

/**
 * What can be done now to retire a pool, end its registration and get the own part back. Delegators leave when they like; nobody who stays keeps the manager.
 *
 * @param now chain seconds
 */
export async function planPoolLeaving(
  chain: Chain,
  { address, sender }: OwnerAccount,
  pool: Pool,
  now: number,
): Promise<Plan> {
  const ath = await readToken(chain.provider, chain.contracts.deployment.ath);
  const state = await readProviderState(chain, address);
  const books = await pool.book();
  const steps: PlanStep[] = [];
  const done: string[] = [];
  const call = (title: string, data: string) => steps.push({ title, to: address, data });

  if (books.retiredAt === 0n) {
    call("retire the pool, for good", pool.interface.encodeFunctionData("retire"));
  }
  if (state.offerCount > 0) {
    for (const { modelRoot, token } of await findOffers(chain, { provider: address })) {
      call(
        `remove the offer of model ${modelRoot} for token ${token}`,
        pool.interface.encodeFunctionData("removeOffer", [modelRoot, token]),
      );
    }
  }
  if (state.registered && state.openWork > 0) {
    done.push(`${state.openWork} jobs are open; run this again when they have ended`);
    return { sender, done, steps };
  }
  if (state.registered) call("end the registration", pool.interface.encodeFunctionData("deregister"));
  const otherLocks = state.locked > (state.registered ? state.reserved : 0n);
  if (books.own > 0n && !otherLocks) {
    call(
      `ask for the own part, ${formatAmount(ath, books.own)}`,
      pool.interface.encodeFunctionData("withdrawOwn", [books.own]),
    );
  }
  if (state.unbonding > 0n && state.releaseAt <= now) {
    call("book what has unbonded", pool.interface.encodeFunctionData("upkeep"));
  }
  const leaving = books.ownQueued + books.ownUnbonding;
  if (leaving > 0n && state.releaseAt > now) {
    const when = new Date(state.releaseAt * 1_000).toISOString();
    done.push(
      `${formatAmount(ath, leaving)} of the own part leave, a round until ${when}; run this again afterwards`,
    );
  }
  if (steps.length === 0 && leaving === 0n) {
    done.push("nothing of the own part is left in the pool; athanor provider withdraw pays it out");
  }
  return { sender, done, steps };
}
