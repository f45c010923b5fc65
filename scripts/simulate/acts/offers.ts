import { tokenOf, TOKENS, type Offer, type TokenSymbol } from "../tokens.ts";
import type { Day, ProviderState } from "./day.ts";

/** Publishes what a provider asks now. */
export async function offer(
  { chain, computed }: Day,
  { name, offers }: ProviderState,
  symbol: TokenSymbol,
): Promise<void> {
  const { input, output } = offers[symbol];
  const { modelRoot } = computed.commitment;
  await chain.send(name, "provider registry", "setOffer", [modelRoot, chain.token(symbol), input, output]);
}

/** The morning's offer, moved by so many per cent. */
export function movedOffer(symbol: TokenSymbol, percent: number): Offer {
  const { input, output } = tokenOf(symbol).offer;
  const by = (price: bigint) => (price * BigInt(100 + percent)) / 100n;
  return { input: by(input), output: by(output) };
}

export const symbols: readonly TokenSymbol[] = TOKENS.map(({ symbol }) => symbol);
