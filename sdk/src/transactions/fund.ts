import type { TransactionReceipt } from "ethers";
import type { TokenInfo } from "../amounts/token-info.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { connectToken, type AthanorContracts } from "../protocol/connect-contracts.ts";
import { sendTransaction, type SendOptions } from "./send.ts";
import { signPermit } from "./sign-permit.ts";

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

/** How tokens of different makes say that the allowance is too low or cannot be changed. */
const refusals = new Set([
  "ERC20InsufficientAllowance",
  "SafeERC20FailedOperation",
  "FailedCall",
  "TransactionReverted",
]);

/** Seconds for which a permit is valid: long enough for a slow block, short enough to be forgotten. */
const PERMIT_SECONDS = 3600;

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

  const to = await vault.getAddress();
  const multicall = (parts: string[]) => vault.interface.encodeFunctionData("multicall", [parts]);
  const steps: FundingStep[] = [];
  if (amount > 0n && (await allowanceOf(contracts, funds)) < amount) {
    const permit = await permitCall(contracts, funds, amount, options);
    if (permit !== undefined && (await succeeds({ to, data: multicall([permit, ...calls]) }, options))) {
      calls.unshift(permit);
    } else {
      steps.push(...(await approve(contracts, funds, amount, options)));
    }
  }
  steps.push({ name: "fund", receipt: await sendTransaction({ to, data: multicall(calls) }, options) });
  return steps;
}

function allowanceOf(contracts: AthanorContracts, { token, owner }: Funds): Promise<bigint> {
  return connectToken(contracts.vault.runner, token.address).allowance(owner, contracts.deployment.vault);
}

async function permitCall(
  contracts: AthanorContracts,
  { token }: Funds,
  amount: bigint,
  { reader, signer, chainId, signal }: SendOptions,
): Promise<string | undefined> {
  const deadline = (await reader.time(signal)) + PERMIT_SECONDS;
  const spender = contracts.deployment.vault;
  const permit = await signPermit({
    reader,
    signer,
    chainId,
    token: token.address,
    spender,
    amount,
    deadline,
  });
  if (!permit) return undefined;
  const { v, r, s } = permit;
  return contracts.vault.interface.encodeFunctionData("permit", [token.address, amount, deadline, v, r, s]);
}

/** The vault swallows a permit that fails; whether the token took it shows in the deposit. */
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
  { token }: Funds,
  amount: bigint,
  options: SendOptions,
): Promise<FundingStep[]> {
  const { interface: erc20 } = connectToken(null, token.address);
  const approval = (value: bigint) => {
    const data = erc20.encodeFunctionData("approve", [contracts.deployment.vault, value]);
    return { to: token.address, data };
  };
  // Some tokens, Tether's among them, refuse to change an allowance that is not zero.
  const values = (await succeeds(approval(amount), options)) ? [amount] : [0n, amount];
  const steps: FundingStep[] = [];
  for (const value of values) {
    steps.push({ name: "approve", receipt: await sendTransaction(approval(value), options) });
  }
  return steps;
}
