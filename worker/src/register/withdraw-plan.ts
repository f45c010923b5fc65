import { formatAmount, type TokenInfo } from "@athanor/sdk";
import type { Chain } from "../chain/chain.ts";
import type { Plan, PlanStep } from "./plan.ts";

/**
 * Pays out everything that is free in an account of the vault.
 *
 * @param sender whose account it is
 * @param recipient who gets the tokens
 */
export async function planWithdrawal(
  { contracts }: Chain,
  sender: string,
  recipient: string,
  tokens: readonly TokenInfo[],
): Promise<Plan> {
  const { vault, deployment } = contracts;
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
