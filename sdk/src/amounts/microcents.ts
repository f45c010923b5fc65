import { formatUnits, parseUnits } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";

/** A cent has a million microcents; a US dollar has 10^8. */
const CENT_DECIMALS = 6;
/** What an offer holds: 64 bits. */
const MAX_MICROCENTS = 2n ** 64n - 1n;

/** What a token costs, as the currencies contract says. */
export interface TokenRate {
  /** Price of a whole token, 10^decimals units, in microcents. */
  readonly microcentsPerToken: bigint;
  /** As the token was listed. */
  readonly decimals: number;
}

/**
 * Microcents, millionths of a US cent, of a decimal number of cents.
 *
 * @throws AthanorError `InvalidArgument` when `cents` is no decimal number, has more than 6 decimals, or is more than an offer holds
 * @example parseCents("12.5") // 12500000n
 */
export function parseCents(cents: string): bigint {
  if (/^\d{1,15}(?:\.\d{1,6})?$/.test(cents)) {
    const microcents = parseUnits(cents, CENT_DECIMALS);
    if (microcents <= MAX_MICROCENTS) return microcents;
  }
  throw athanorError("InvalidArgument", {
    name: "cents",
    found: JSON.stringify(cents),
    expected: `US cents as a decimal number with at most ${CENT_DECIMALS} decimals, below ${formatCents(MAX_MICROCENTS)}, such as "12.5"`,
  });
}

/**
 * Microcents as a decimal number of US cents with its unit.
 *
 * @example formatCents(12_500_000n) // "12.5 US cents"
 */
export function formatCents(microcents: bigint): string {
  return `${formatUnits(microcents, CENT_DECIMALS).replace(/\.0$/, "")} US cents`;
}

/**
 * Token units of an amount in microcents, rounded up: as the contracts convert the price of an offer when a job is created, and as both
 * sides of a channel convert it off chain.
 *
 * @param microcents for prices: for a million tokens, and so is the result
 * @example tokenUnitsOf(12_500_000n, { microcentsPerToken: 2_500_000n, decimals: 18 }) // 5 ATH at 2.5 cents
 */
export function tokenUnitsOf(microcents: bigint, { microcentsPerToken, decimals }: TokenRate): bigint {
  return (microcents * 10n ** BigInt(decimals) + microcentsPerToken - 1n) / microcentsPerToken;
}
