import {
  logReaderOf,
  readLogs,
  readRateIfAny,
  toAthanorError,
  tokenPricesOf,
  type AthanorContracts,
  type Prices,
} from "@athanor/sdk/protocol";
import { getAddress, zeroPadValue } from "ethers";
import type { DerivedRandom } from "./derived-random.ts";

/** An offer that stands in the registry. Prices are token units for a million tokens. */
export interface StandingOffer extends Prices {
  readonly model: string;
  readonly token: string;
  readonly contextLength: number;
}

/** Offers that are looked at: one with thousands of them does not have a checker read for hours. */
const MOST_OFFERS = 64;

/**
 * One of a provider's standing offers, any as likely as another: all checkers together, over epochs, measure all of its models.
 *
 * @param tokens in which the buyer pays
 * @returns the offer; "elsewhere" if it offers only in other tokens; undefined if it offers nothing
 */
export async function chooseOffer(
  contracts: AthanorContracts,
  provider: string,
  tokens: readonly string[],
  random: DerivedRandom,
): Promise<StandingOffer | "elsewhere" | undefined> {
  const offered = await offeredPairs(contracts, provider);
  let isElsewhere = false;
  for (const [model, token] of random.shuffle(offered).slice(0, MOST_OFFERS)) {
    const offer = await readStanding(contracts, provider, model, token);
    if (offer === undefined) continue;
    if (tokens.includes(offer.token)) return offer;
    isElsewhere = true;
  }
  return isElsewhere ? "elsewhere" : undefined;
}

/** An offer as it stands now; undefined if it does not, or its token has no price now. */
export async function readStanding(
  contracts: AthanorContracts,
  provider: string,
  model: string,
  token: string,
): Promise<StandingOffer | undefined> {
  try {
    const { providerRegistry } = contracts;
    const [offer, rate] = await Promise.all([
      providerRegistry.offerOf(provider, model, token),
      readRateIfAny(contracts, token),
    ]);
    if (rate === undefined) return undefined;
    return { model, token, contextLength: Number(offer.contextLength), ...tokenPricesOf(offer, rate) };
  } catch (error) {
    const { code } = toAthanorError(error);
    if (code === "NoSuchOffer" || code === "ProviderJailed") return undefined;
    throw error;
  }
}

/** Models and tokens that a provider ever offered, each pair once. */
async function offeredPairs(contracts: AthanorContracts, provider: string): Promise<[string, string][]> {
  const { providerRegistry, deployment } = contracts;
  const address = deployment.providerRegistry;
  const { topicHash } = providerRegistry.interface.getEvent("OfferSet");
  const filter = { address, topics: [topicHash, zeroPadValue(provider, 32)] };
  const head = await providerRegistry.runner!.provider!.getBlockNumber();
  const logs = await readLogs(logReaderOf(providerRegistry), filter, deployment.startBlock ?? 0, head);
  const pairs = new Map<string, [string, string]>();
  for (const { topics } of logs) {
    const pair: [string, string] = [topics[2]!, getAddress(`0x${topics[3]!.slice(26)}`)];
    pairs.set(pair.join(), pair);
  }
  return [...pairs.values()];
}
