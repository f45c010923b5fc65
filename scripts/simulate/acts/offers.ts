import { TOKENS, tokenOf, type Prices, type TokenSymbol } from "../tokens.ts";
import type { Day, ProviderState } from "./day.ts";

/** Publishes what a provider asks now. */
export async function offer(
  { chain, computed }: Day,
  { name, prices }: ProviderState,
  symbol: TokenSymbol,
): Promise<void> {
  const { input, output } = prices[symbol];
  const { modelRoot } = computed.commitment;
  await chain.send(name, "provider registry", "setOffer", [modelRoot, chain.token(symbol), input, output]);
}

/** Prices that have moved by so many per cent. */
export function moved(symbol: TokenSymbol, percent: number): Prices {
  const { input, output } = tokenOf(symbol).prices;
  const by = (price: bigint) => (price * BigInt(100 + percent)) / 100n;
  return { input: by(input), output: by(output) };
}

export const symbols: readonly TokenSymbol[] = TOKENS.map(({ symbol }) => symbol);
