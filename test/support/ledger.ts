import type { System } from "./system.ts";

/** What one owner has inside the vault in one token: free and escrowed. */
export async function accountOf({ vault }: System, token: string, owner: string) {
  const { available, escrowed, modules } = await vault.accountOf(token, owner);
  return { available, escrowed, modules };
}

/** Everything of a token that a group of owners has: wallets, vault accounts, stakes and unbondings. */
export async function wealthOf(system: System, token: string, owners: readonly string[]): Promise<bigint> {
  const erc20 = token === system.addresses.ath ? system.ath : system.stablecoin;
  let sum = 0n;
  for (const owner of owners) {
    const { available, escrowed } = await system.vault.accountOf(token, owner);
    sum += available + escrowed + (await erc20.balanceOf(owner));
    if (token !== system.addresses.ath) continue;
    sum += (await system.vault.stakeOf(owner)).staked + (await system.vault.unbondingOf(owner)).amount;
  }
  return sum;
}
