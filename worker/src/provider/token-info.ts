import type { TokenInfo } from "@athanor/sdk";
import { connectToken } from "@athanor/sdk/protocol";
import type { ProviderContext } from "./context.ts";

/** Symbol and decimals of a token; asked for once. */
export async function tokenInfo(context: ProviderContext, address: string): Promise<TokenInfo> {
  const known = context.tokens.get(address);
  if (known !== undefined) return known;
  const token = connectToken(context.chain.provider, address);
  const [symbol, decimals] = await Promise.all([token.symbol(), token.decimals()]);
  const info = { address, symbol, decimals: Number(decimals) };
  context.tokens.set(address, info);
  return info;
}
