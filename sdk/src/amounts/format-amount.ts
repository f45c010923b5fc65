import { formatUnits } from "ethers";
import type { TokenInfo } from "./token-info.ts";

/**
 * An amount of token units as a decimal number with its unit.
 *
 * @example formatAmount({ address, symbol: "mUSD", decimals: 6 }, 1_500_000n) // "1.5 mUSD"
 */
export function formatAmount(token: TokenInfo, amount: bigint): string {
  return `${formatUnits(amount, token.decimals).replace(/\.0$/, "")} ${token.symbol}`;
}
