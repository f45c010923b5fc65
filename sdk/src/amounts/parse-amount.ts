import { parseUnits } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import type { TokenInfo } from "./token-info.ts";

/**
 * Token units of a decimal number.
 *
 * @throws AthanorError `InvalidArgument` when `text` is no decimal number or has more decimals than the token.
 * @example parseAmount({ address, symbol: "mUSD", decimals: 6 }, "1.5") // 1500000n
 */
export function parseAmount(token: TokenInfo, text: string): bigint {
  const match = /^\d+(?:\.(\d+))?$/.exec(text);
  if (!match || (match[1] ?? "").length > token.decimals) {
    throw athanorError("InvalidArgument", {
      name: "amount",
      found: JSON.stringify(text),
      expected: `a decimal number of ${token.symbol} with at most ${token.decimals} decimals, such as "1.5"`,
    });
  }
  return parseUnits(text, token.decimals);
}
