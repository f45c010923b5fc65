import type { TokenInfo } from "@athanor/sdk";
import { readToken } from "../market/tokens.ts";
import type { ProviderContext } from "./context.ts";

/** Symbol and decimals of a token; asked for once. */
export async function tokenInfo({ chain, tokens }: ProviderContext, address: string): Promise<TokenInfo> {
  const known = tokens.get(address);
  if (known !== undefined) return known;
  const info = await readToken(chain.provider, address);
  tokens.set(address, info);
  return info;
}
