import { formatAmount, type TokenInfo } from "@athanor/sdk";
import type { Chain } from "../chain/chain.ts";
import { WorkerError } from "../errors.ts";
import type { ProviderState } from "../market/provider-state.ts";
import type { PlanStep } from "./plan.ts";

/** Stake that is missing, and why. */
export interface MissingStake {
  /** ATH units. */
  readonly missing: bigint;
  /** What it is for, in words. */
  readonly why: string;
  /** How to do with less, as the end of a sentence that begins "Send it 5 ATH". */
  readonly otherwise?: string;
}

/** What a transaction of the vault does to stake more, and the transaction that has to go before. */
export interface StakeMore {
  /** Lets the vault take what is not in it; empty where it may already. */
  readonly approvals: readonly PlanStep[];
  /** Encoded calls of the vault: deposit, stake. */
  readonly calls: readonly string[];
  /** The same in words. */
  readonly parts: readonly string[];
}

/**
 * How an owner stakes more: from what is free in the vault first, then from its wallet.
 *
 * @throws WorkerError TRANSACTION_FAILED when it has too little
 */
export async function stakeMore(
  { contracts }: Chain,
  owner: string,
  state: Pick<ProviderState, "available" | "wallet">,
  ath: TokenInfo,
  { missing, why, otherwise = "" }: MissingStake,
): Promise<StakeMore> {
  if (missing <= 0n) return { approvals: [], calls: [], parts: [] };
  const { vault, deployment } = contracts;
  const { available, wallet } = state;
  const deposit = missing > available ? missing - available : 0n;
  if (deposit > wallet) {
    throw new WorkerError(
      "TRANSACTION_FAILED",
      `${formatAmount(ath, missing)} more must be staked (${why}); ${owner} has ` +
        `${formatAmount(ath, available)} in the vault and ${formatAmount(ath, wallet)} in its wallet.`,
      {
        remedy: `Send it ${formatAmount(ath, deposit - wallet)}${otherwise}.`,
        details: { missing, available, wallet },
      },
    );
  }
  const approvals: PlanStep[] = [];
  const calls: string[] = [];
  const parts: string[] = [];
  if (deposit > 0n) {
    if ((await contracts.ath.allowance(owner, deployment.vault)) < deposit) {
      approvals.push({
        title: `let the vault take ${formatAmount(ath, deposit)}`,
        to: deployment.ath,
        data: contracts.ath.interface.encodeFunctionData("approve", [deployment.vault, deposit]),
      });
    }
    calls.push(vault.interface.encodeFunctionData("deposit", [deployment.ath, deposit, owner]));
    parts.push(`deposit ${formatAmount(ath, deposit)}`);
  }
  calls.push(vault.interface.encodeFunctionData("stake", [missing]));
  parts.push(`stake ${formatAmount(ath, missing)} (${why})`);
  return { approvals, calls, parts };
}
