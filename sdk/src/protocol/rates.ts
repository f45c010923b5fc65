import { tokenUnitsOf, type TokenRate } from "../amounts/microcents.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { connectCurrencies, type AthanorContracts } from "./connect-contracts.ts";
import type { Prices } from "./cost.ts";

/** Prices of an offer, in microcents, millionths of a US cent, for a million tokens. */
export interface OfferPrices {
  readonly inputMicrocents: bigint;
  readonly outputMicrocents: bigint;
}

/**
 * What a token costs now, as new jobs are priced.
 *
 * @throws AthanorError what the contracts refuse new jobs in the token for: `CurrencyNotListed`, `ReferenceExpired`, `PriceDeviates`, or an error of the
 * token's price source, such as `StalePrice`
 */
export async function readRate(contracts: AthanorContracts, token: string): Promise<TokenRate> {
  try {
    const currencies = connectCurrencies(contracts.jobEscrow.runner, await contracts.jobEscrow.currencies());
    const [microcentsPerToken, { decimals }] = await Promise.all([
      currencies.microcentsPerToken(token),
      currencies.currencyOf(token),
    ]);
    return { microcentsPerToken, decimals: Number(decimals) };
  } catch (error) {
    throw toAthanorError(error);
  }
}

/** Why the contracts may have no price of a token at the moment. */
const PRICELESS: ReadonlySet<string> = new Set([
  "CurrencyNotListed",
  "ReferenceExpired",
  "PriceDeviates",
  "NoFeed",
  "FeedFailed",
  "InvalidAnswer",
  "RoundIncomplete",
  "StalePrice",
  "SequencerDown",
  "SequencerGrace",
]);

/** As `readRate`, but undefined while the token has no price. */
export async function readRateIfAny(
  contracts: AthanorContracts,
  token: string,
): Promise<TokenRate | undefined> {
  try {
    return await readRate(contracts, token);
  } catch (error) {
    if (PRICELESS.has(toAthanorError(error).code)) return undefined;
    throw error;
  }
}

/** Prices of an offer in token units for a million tokens, as a job or a channel has them. */
export function tokenPricesOf(offer: OfferPrices, rate: TokenRate): Prices {
  return {
    inputPrice: tokenUnitsOf(offer.inputMicrocents, rate),
    outputPrice: tokenUnitsOf(offer.outputMicrocents, rate),
  };
}
