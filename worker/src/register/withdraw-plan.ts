import { formatAmount, type TokenInfo } from "@athanor/sdk";
import type { Chain } from "../chain/chain.ts";
import type { OwnerAccount } from "./owner-account.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { planPoolWithdrawal } from "./pool-plans.ts";

/**
 * Pays out everything that is free in an account of the vault.
 *
 * @param account whose account it is: of a pool, the manager's part is paid
 * @param recipient who gets the tokens
 */
export async function planWithdrawal(
  chain: Chain,
  account: OwnerAccount,
  recipient: string,
  tokens: readonly TokenInfo[],
): Promise<Plan> {
  if (account.pool !== null) return planPoolWithdrawal(chain, account, account.pool, recipient, tokens);
  const { sender } = account;
  const { vault, deployment } = chain.contracts;
  const steps: PlanStep[] = [];
  const done: string[] = [];
  for (const token of tokens) {
    const { available } = await vault.accountOf(token.address, sender);
    if (available === 0n) {
      done.push(`no ${token.symbol} of ${sender} is free in the vault`);
      continue;
    }
    steps.push({
      title: `pay ${formatAmount(token, available)} of ${sender} out to ${recipient}`,
      to: deployment.vault,
      data: vault.interface.encodeFunctionData("withdraw", [token.address, available, recipient]),
    });
  }
  return { sender, done, steps };
}
