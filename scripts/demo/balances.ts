import { connectContracts, connectToken } from "@athanor/sdk/protocol";
import type { LocalChain } from "./local-chain.ts";

/** What one account has in one token, in the token's units. */
export interface Holding {
  /** In its own wallet. */
  readonly wallet: bigint;
  /** Free in the vault. */
  readonly vault: bigint;
  /** In the vault, bound to open jobs. */
  readonly escrowed: bigint;
  /** In the vault, staked or unbonding; ATH only. */
  readonly staked: bigint;
}

/** Account name → token symbol → holding. */
export type Balances = Readonly<Record<string, Readonly<Record<string, Holding>>>>;

/** Reads the balances of the named accounts in every token. */
export async function readBalances(
  chain: LocalChain,
  accounts: Readonly<Record<string, string>>,
  tokens: Readonly<Record<string, string>>,
): Promise<Balances> {
  const { vault } = connectContracts(chain.provider, chain.deployment);
  const holding = async (account: string, token: string): Promise<Holding> => {
    const { available, escrowed } = await vault.accountOf(token, account);
    const isAth = token === chain.deployment.ath;
    const { staked } = await vault.stakeOf(account);
    const { amount } = await vault.unbondingOf(account);
    const wallet = await connectToken(chain.provider, token).balanceOf(account);
    return { wallet, vault: available, escrowed, staked: isAth ? staked + amount : 0n };
  };
  const entries = Object.entries(accounts).map(async ([name, account]) => {
    const holdings = Object.entries(tokens).map(
      async ([symbol, token]) => [symbol, await holding(account, token)] as const,
    );
    return [name, Object.fromEntries(await Promise.all(holdings))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

export function totalOf({ wallet, vault, escrowed, staked }: Holding): bigint {
  return wallet + vault + escrowed + staked;
}

/** Sum over all accounts in one token. */
export function sumOf(balances: Balances, symbol: string): bigint {
  return Object.values(balances).reduce((sum, holdings) => sum + totalOf(holdings[symbol]!), 0n);
}
