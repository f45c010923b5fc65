import type { TransactionReceipt } from "ethers";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { connectToken, type AthanorContracts } from "../protocol/connect-contracts.ts";
import { sendTransaction, type SendOptions } from "./send.ts";
import { signPermit } from "./sign-permit.ts";

/** What calls of the vault take from the signer's wallet. */
export interface WalletSpending {
  readonly owner: string;
  readonly token: string;
  /** Token units. */
  readonly amount: bigint;
}

export interface VaultCalls {
  /** Of the ERC-20 approvals that had to be sent before; none where the token takes permits or the allowance was there. */
  readonly approvals: readonly TransactionReceipt[];
  readonly receipt: TransactionReceipt;
}

/** How tokens of different makes say that the allowance is too low or cannot be changed. */
const refusals = new Set([
  "ERC20InsufficientAllowance",
  "SafeERC20FailedOperation",
  "FailedCall",
  "TransactionReverted",
]);

/** Seconds for which a permit is valid: long enough for a slow block, short enough to be forgotten. */
const PERMIT_SECONDS = 3600;

/** A permit of the signer, as the vault takes it. */
export interface VaultPermit {
  /** Seconds since 1970. */
  readonly deadline: number;
  readonly v: number;
  readonly r: string;
  readonly s: string;
}

/**
 * Sends calls of the vault, in one transaction, that take tokens from the signer's wallet: with a permit if the token takes permits, after an
 * approval of exactly this amount otherwise.
 *
 * @param calls encoded calls of the vault
 * @param permitted one call that does the same with a permit, where the vault has one; otherwise the permit goes before the calls
 */
export async function callVault(
  contracts: AthanorContracts,
  spending: WalletSpending,
  calls: readonly string[],
  options: SendOptions,
  permitted?: (permit: VaultPermit) => string,
): Promise<VaultCalls> {
  const { interface: vault } = contracts.vault;
  const to = contracts.deployment.vault;
  const multicall = (parts: readonly string[]) => vault.encodeFunctionData("multicall", [[...parts]]);
  const approvals: TransactionReceipt[] = [];
  let data = multicall(calls);
  if (spending.amount > 0n && (await allowanceOf(contracts, spending)) < spending.amount) {
    const permit = await permitOf(contracts, spending, options);
    const attempt =
      permit && (permitted?.(permit) ?? multicall([permitCall(contracts, spending, permit), ...calls]));
    if (attempt && (await succeeds({ to, data: attempt }, options))) {
      data = attempt;
    } else {
      approvals.push(...(await approve(contracts, spending, options)));
    }
  }
  return { approvals, receipt: await sendTransaction({ to, data }, options) };
}

function allowanceOf(contracts: AthanorContracts, { token, owner }: WalletSpending): Promise<bigint> {
  return connectToken(contracts.vault.runner, token).allowance(owner, contracts.deployment.vault);
}

async function permitOf(
  contracts: AthanorContracts,
  { token, amount }: WalletSpending,
  { reader, signer, chainId, signal }: SendOptions,
): Promise<VaultPermit | undefined> {
  const deadline = (await reader.time(signal)) + PERMIT_SECONDS;
  const spender = contracts.deployment.vault;
  const permit = await signPermit({ reader, signer, chainId, token, spender, amount, deadline });
  if (!permit) return undefined;
  const { v, r, s } = permit;
  return { deadline, v, r, s };
}

function permitCall(
  { vault }: AthanorContracts,
  { token, amount }: WalletSpending,
  { deadline, v, r, s }: VaultPermit,
): string {
  return vault.interface.encodeFunctionData("permit", [token, amount, deadline, v, r, s]);
}

/** The vault swallows a permit that fails; whether the token took it shows in what follows. */
async function succeeds(
  request: { to: string; data: string },
  { reader, signer, signal }: SendOptions,
): Promise<boolean> {
  try {
    await reader.read("eth_estimateGas", () => signer.estimateGas(request), signal);
    return true;
  } catch (error) {
    if (refusals.has(toAthanorError(error).code)) return false;
    throw error;
  }
}

async function approve(
  contracts: AthanorContracts,
  { token, amount }: WalletSpending,
  options: SendOptions,
): Promise<TransactionReceipt[]> {
  const { interface: erc20 } = connectToken(null, token);
  const approval = (value: bigint) => {
    const data = erc20.encodeFunctionData("approve", [contracts.deployment.vault, value]);
    return { to: token, data };
  };
  // Some tokens, Tether's among them, refuse to change an allowance that is not zero.
  const values = (await succeeds(approval(amount), options)) ? [amount] : [0n, amount];
  const receipts: TransactionReceipt[] = [];
  for (const value of values) receipts.push(await sendTransaction(approval(value), options));
  return receipts;
}
