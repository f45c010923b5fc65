import type { TokenInfo } from "@athanor/sdk";
import { connectToken } from "@athanor/sdk/protocol";
import { getAddress, isAddress } from "ethers";
import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { WorkerError } from "../errors.ts";

/**
 * The token that a configuration names: "ATH", or an ERC-20's address.
 *
 * @throws WorkerError TOKEN_UNKNOWN
 */
export async function resolveToken({ provider, contracts }: Chain, name: string): Promise<TokenInfo> {
  if (name.toUpperCase() === "ATH") return readToken(provider, contracts.deployment.ath);
  // A plain boolean: isAddress would narrow the other branch to nothing.
  const isToken: boolean = isAddress(name);
  if (!isToken) {
    throw new WorkerError("TOKEN_UNKNOWN", `"${name}" is neither ATH nor a token's address.`, {
      remedy: 'Write "ATH", or the ERC-20\'s address: symbols of other tokens are not unique.',
      details: { token: name },
    });
  }
  const address = getAddress(name);
  if ((await provider.getCode(address)) === "0x") {
    throw new WorkerError("TOKEN_UNKNOWN", `There is no contract at ${address}.`, {
      remedy: "Correct the token's address: it is one of another chain, or mistyped.",
      details: { token: address },
    });
  }
  return readToken(provider, address);
}

/** ATH and every other token of the configured offers, each once. */
export async function configuredTokens(
  chain: Chain,
  { models }: Pick<Config, "models">,
): Promise<TokenInfo[]> {
  const tokens = new Map<string, TokenInfo>();
  for (const name of ["ATH", ...models.flatMap(({ offers }) => offers.map(({ token }) => token))]) {
    const token = await resolveToken(chain, name);
    tokens.set(token.address, token);
  }
  return [...tokens.values()];
}

/** Symbol and decimals of an ERC-20. */
export async function readToken(provider: Chain["provider"], address: string): Promise<TokenInfo> {
  const token = connectToken(provider, address);
  const [symbol, decimals] = await Promise.all([token.symbol(), token.decimals()]);
  return { address, symbol, decimals: Number(decimals) };
}
