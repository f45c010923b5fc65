import type { TransactionReceipt } from "ethers";
import type { TokenInfo } from "../amounts/token-info.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { connectToken, type AthanorContracts } from "../protocol/connect-contracts.ts";
import { callVault } from "./call-vault.ts";
import type { SendOptions } from "./send.ts";

/** What an owner has of a token and lets the job escrow use. Amounts in token units. */
export interface Funds {
  readonly owner: string;
  readonly token: TokenInfo;
  /** In the owner's wallet. */
  readonly wallet: bigint;
  /** Free in the owner's vault account. */
  readonly available: bigint;
  /** Bound to open jobs. */
  readonly escrowed: bigint;
  /** Whether the owner has approved the job escrow as a module. */
  readonly approved: boolean;
}

export interface FundingStep {
  readonly name: "approve" | "fund";
  readonly receipt: TransactionReceipt;
}

/**
 * What an owner has of a token.
 *
 * @param contracts connected for reading
 */
export async function readFunds(
  contracts: AthanorContracts,
  moduleBit: bigint,
  token: TokenInfo,
  owner: string,
): Promise<Funds> {
  const [account, wallet] = await Promise.all([
    contracts.vault.accountOf(token.address, owner),
    connectToken(contracts.vault.runner, token.address).balanceOf(owner),
  ]);
  const { available, escrowed, modules } = account;
  return { owner, token, wallet, available, escrowed, approved: (modules & moduleBit) !== 0n };
}

/**
 * What is missing in the vault account to escrow `required`.
 *
 * @throws AthanorError `InsufficientFunds` with the exact shortage when the wallet has less than that
 */
export function shortageOf(funds: Funds, required: bigint): bigint {
  const missing = required > funds.available ? required - funds.available : 0n;
  if (missing > funds.wallet) {
    const { owner, token, wallet, available: vault } = funds;
    const values = { token: token.address, owner, wallet, vault, required, shortage: missing - wallet };
    throw athanorError("InsufficientFunds", values, { token });
  }
  return missing;
}

/**
 * Brings `amount` into the signer's vault account and approves the job escrow, in one transaction if the token takes permits, in
 * two otherwise; in none if there is nothing to do.
 */
export async function fund(
  contracts: AthanorContracts,
  moduleBit: bigint,
  funds: Funds,
  amount: bigint,
  options: SendOptions,
): Promise<FundingStep[]> {
  const { vault } = contracts;
  const { token, owner } = funds;
  const calls: string[] = [];
  if (amount > 0n) calls.push(vault.interface.encodeFunctionData("deposit", [token.address, amount, owner]));
  if (!funds.approved) {
    calls.push(vault.interface.encodeFunctionData("approveModules", [token.address, moduleBit]));
  }
  if (calls.length === 0) return [];

  const spending = { owner, token: token.address, amount };
  const { approvals, receipt } = await callVault(contracts, spending, calls, options);
  return [
    ...approvals.map((approval) => ({ name: "approve" as const, receipt: approval })),
    { name: "fund", receipt },
  ];
}
