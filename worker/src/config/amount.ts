import { formatAmount, type TokenInfo } from "@athanor/sdk";
import { parseUnits } from "ethers";
import { WorkerError } from "../errors.ts";

/** An amount as a person writes it: a decimal number and its unit. */
export interface Amount {
  /** Digits and perhaps a fraction, such as "1250.75". */
  readonly number: string;
  /** The token's symbol, such as "ATH". */
  readonly unit: string;
}

/**
 * Reads "0.5 ATH" or "1,250.75 USDC": digits, an optional fraction, and always the unit.
 * Returns undefined if the text is no amount.
 */
export function parseAmount(text: string): Amount | undefined {
  const match = /^(\d[\d,_]*(?:\.\d+)?)\s+([A-Za-z][A-Za-z0-9.$-]*)$/.exec(text.trim());
  if (match === null) return undefined;
  return { number: match[1]!.replaceAll(/[,_]/g, ""), unit: match[2]! };
}

/**
 * The amount in the token's smallest units, exactly.
 *
 * @throws WorkerError AMOUNT_INVALID if the amount is of another unit or finer than the token's smallest unit
 */
export function toTokenUnits(amount: Amount, token: TokenInfo): bigint {
  const { number, unit } = amount;
  if (unit.toLowerCase() !== token.symbol.toLowerCase()) {
    throw new WorkerError("AMOUNT_INVALID", `${number} ${unit} is not an amount of ${token.symbol}.`, {
      remedy: `Write the amount in ${token.symbol}, or choose the token whose symbol is ${unit}.`,
      details: { unit, expected: token.symbol },
    });
  }
  const decimals = number.split(".")[1]?.replace(/0+$/, "").length ?? 0;
  if (decimals > token.decimals) {
    throw new WorkerError(
      "AMOUNT_INVALID",
      `${number} ${unit} has ${decimals} decimals; ${token.symbol} has ${token.decimals}.`,
      {
        remedy: `Write at most ${token.decimals} decimals: the smallest amount is ${formatAmount(token, 1n)}.`,
        details: { decimals, maximum: token.decimals },
      },
    );
  }
  const [whole, fraction = ""] = number.split(".");
  return parseUnits(`${whole!}.${fraction.slice(0, token.decimals) || "0"}`, token.decimals);
}
