import { sameAddress } from "../client/context.ts";
import { costOf, type Prices } from "../protocol/cost.ts";
import type { ProviderOffer } from "./messages.ts";

const PRICE_UNIT = 1_000_000n;
/** The part of a price, 2 %, by which a provider's may be above what its offer in the registry comes to now: offers are in cents, and the rate may have moved since it looked. */
const RATE_ROOM = 50n;

/** What a provider itself asks for a model in a token; undefined if it does not serve that. */
export function pricesAsked({ models }: ProviderOffer, modelRoot: string, token: string): Prices | undefined {
  const model = models.find((one) => one.modelRoot === modelRoot.toLowerCase());
  return model?.prices.find((one) => sameAddress(one.token, token));
}

/** Whether a provider asks no more than its offer in the registry. */
export function isWithin(asked: Prices, standing: Prices): boolean {
  const most = (price: bigint) => price + price / RATE_ROOM;
  return asked.inputPrice <= most(standing.inputPrice) && asked.outputPrice <= most(standing.outputPrice);
}

/** What the tokens behind the first `paid` ones cost, token units: the steps of an answer cost together what the answer costs. */
export function stepCost(prices: Prices, promptTokens: number, paid: number, tokens: number): bigint {
  const terms = { ...prices, minimumCharge: 0n };
  const before = paid === 0 ? 0n : costOf(terms, promptTokens, paid);
  return costOf(terms, promptTokens, tokens) - before;
}

/** The largest number of tokens, at most `most`, whose step costs at most `limit`; `paid` or less when it pays for none. */
export function tokensWithin(
  prices: Prices,
  promptTokens: number,
  paid: number,
  limit: bigint,
  most: number,
): number {
  if (stepCost(prices, promptTokens, paid, most) <= limit) return most;
  const { inputPrice, outputPrice } = prices;
  const before = paid === 0 ? 0n : costOf({ ...prices, minimumCharge: 0n }, promptTokens, paid);
  const left = (limit + before) * PRICE_UNIT - BigInt(promptTokens) * inputPrice;
  // The whole answer is above the limit, but not its prompt: then tokens cost something.
  return left < 0n ? 0 : Number(left / outputPrice);
}
