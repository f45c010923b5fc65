import type { TokenInfo } from "@athanor/sdk";
import { readLogs, toAthanorError, type OfferPrices } from "@athanor/sdk/protocol";
import { zeroPadValue } from "ethers";
import type { Chain } from "../chain/chain.ts";
import type { OfferConfig } from "../config/schema.ts";
import { resolveToken } from "./tokens.ts";

/** An offer that stands on chain. */
export interface StandingOffer extends OfferPrices {
  readonly provider: string;
  readonly modelRoot: string;
  readonly token: string;
}

/** An offer of the configuration, with its token. */
export interface WantedOffer extends OfferPrices {
  readonly modelRoot: string;
  readonly token: TokenInfo;
}

/** @throws WorkerError TOKEN_UNKNOWN */
export async function wantedOffer(chain: Chain, modelRoot: string, offer: OfferConfig): Promise<WantedOffer> {
  const token = await resolveToken(chain, offer.token);
  return {
    modelRoot,
    token,
    // Written in cents, held in microcents.
    inputMicrocents: offer.inputCents,
    outputMicrocents: offer.outputCents,
  };
}

/** The offer that stands on chain, or null. */
export async function readOffer(
  { contracts }: Chain,
  provider: string,
  modelRoot: string,
  token: string,
): Promise<StandingOffer | null> {
  try {
    const offer = await contracts.providerRegistry.offerOf(provider, modelRoot, token);
    const { inputMicrocents, outputMicrocents } = offer;
    return { provider, modelRoot, token, inputMicrocents, outputMicrocents };
  } catch (error) {
    const failure = toAthanorError(error);
    // The offers of a convicted provider stand, but nobody can take them.
    if (failure.code === "NoSuchOffer" || failure.code === "ProviderJailed") return null;
    throw failure;
  }
}

/** Offers that stand, found by their events: of one provider, or for one model. */
export async function findOffers(
  chain: Chain,
  filter: { readonly provider?: string; readonly modelRoot?: string },
): Promise<StandingOffer[]> {
  const { providerRegistry, deployment } = chain.contracts;
  const topics = [
    ["OfferSet", "OfferRemoved"].map(
      (name) => providerRegistry.interface.getEvent(name as "OfferSet").topicHash,
    ),
    filter.provider === undefined ? null : zeroPadValue(filter.provider, 32),
    filter.modelRoot ?? null,
  ];
  const head = await chain.provider.getBlockNumber();
  const logs = await readLogs(
    chain.provider,
    { address: deployment.providerRegistry, topics },
    deployment.startBlock ?? 0,
    head,
  );
  const standing = new Map<string, StandingOffer>();
  for (const log of logs) {
    const description = providerRegistry.interface.parseLog(log)!;
    const { provider, modelRoot, token, inputMicrocents, outputMicrocents } =
      description.args.toObject() as unknown as StandingOffer;
    const key = `${provider} ${modelRoot} ${token}`;
    if (description.name === "OfferRemoved") standing.delete(key);
    else standing.set(key, { provider, modelRoot, token, inputMicrocents, outputMicrocents });
  }
  return [...standing.values()];
}
