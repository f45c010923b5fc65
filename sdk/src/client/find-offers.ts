import { getAddress, zeroPadValue } from "ethers";
import type { TokenRate } from "../amounts/microcents.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { mapLimited } from "../internal/map-limited.ts";
import { takesWork } from "../protocol/new-work.ts";
import { readRate, tokenPricesOf } from "../protocol/rates.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import { readScore } from "../protocol/scores.ts";
import { tokenInfo, type ClientContext } from "./context.ts";
import type { Offer } from "./types.ts";

/** Requests to the node under way at a time. */
const PARALLEL_READS = 8;
/** Blocks read again, in case they were reorganised since the last scan. */
const RESCANNED_BLOCKS = 64;
/** Prices of jobs have 80 bits. */
const MAX_TOKEN_PRICE = 2n ** 80n - 1n;

/**
 * The standing offers of a model in one token, as they are now. Events only say whom to ask; the registry says what stands.
 */
export async function findOffers(
  context: ClientContext,
  model: string,
  token: string,
  signal?: AbortSignal,
): Promise<Offer[]> {
  const providers = await scanProviders(context, model, token, signal);
  if (providers.length === 0) return [];
  const rate = await readRate(context.contracts, token);
  const offers = await mapLimited(providers, PARALLEL_READS, async (provider) => {
    const [offer, score] = await Promise.all([
      offerAt(context, provider, model, token, rate).catch(ignoreConvicted),
      readScore(context.reader.runner, context.contracts.deployment, provider),
    ]);
    return offer && { ...offer, score };
  });
  return offers.filter((offer) => offer !== undefined).filter(fitsJob);
}

/** Offers of convicted providers stand, but nobody can take them. */
function ignoreConvicted(error: unknown): undefined {
  if (toAthanorError(error).code !== "ProviderJailed") throw error;
}

/** Whether a job has room for these prices: an absurd offer must not keep anybody from the others. */
function fitsJob({ inputPrice, outputPrice }: Offer): boolean {
  return inputPrice <= MAX_TOKEN_PRICE && outputPrice <= MAX_TOKEN_PRICE;
}

/** @throws AthanorError TokenPriceTooLarge, as the contract would */
function requireFitting(offer: Offer): void {
  if (fitsJob(offer)) return;
  const { inputPrice, outputPrice, token } = offer;
  const price = inputPrice > outputPrice ? inputPrice : outputPrice;
  throw athanorError(
    "TokenPriceTooLarge",
    { token: token.address, price, maximum: MAX_TOKEN_PRICE },
    { token },
  );
}

/**
 * One provider's offer, or undefined if there is none.
 *
 * @throws AthanorError ProviderJailed if the provider was convicted of a wrong result; what `readRate` throws if the token has no price now; TokenPriceTooLarge
 */
export async function readOffer(
  context: ClientContext,
  provider: string,
  model: string,
  token: string,
): Promise<Offer | undefined> {
  const offer = await offerAt(context, provider, model, token, await readRate(context.contracts, token));
  if (offer) requireFitting(offer);
  return offer;
}

async function offerAt(
  context: ClientContext,
  provider: string,
  model: string,
  token: string,
  rate: TokenRate,
): Promise<Offer | undefined> {
  const { vault, providerRegistry, jobEscrow } = context.contracts;
  try {
    const [offer, stake, { stakePerJob }, info] = await Promise.all([
      providerRegistry.offerOf(provider, model, token),
      vault.stakeOf(provider),
      jobEscrow.parameters(),
      tokenInfo(context, token),
    ]);
    const freeStake = stake.staked - stake.locked;
    return {
      provider: getAddress(provider),
      model,
      token: info,
      inputMicrocents: offer.inputMicrocents,
      outputMicrocents: offer.outputMicrocents,
      ...tokenPricesOf(offer, rate),
      contextLength: Number(offer.contextLength),
      vocabularySize: Number(offer.vocabularySize),
      freeStake,
      takesWork: takesWork(stake),
      available: takesWork(stake) && freeStake >= stakePerJob && (stake.modules & context.moduleBit) !== 0n,
    };
  } catch (error) {
    if (toAthanorError(error).code === "NoSuchOffer") return undefined;
    throw toAthanorError(error);
  }
}

async function scanProviders(
  context: ClientContext,
  model: string,
  token: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { providerRegistry, deployment } = context.contracts;
  const key = `${model}:${token}`.toLowerCase();
  const scan = context.offerScans.get(key) ?? { providers: new Set(), scannedTo: -1 };
  const fromBlock = Math.max(deployment.startBlock ?? 0, scan.scannedTo + 1 - RESCANNED_BLOCKS);
  const toBlock = await context.reader.blockNumber(signal);
  const topics = [
    providerRegistry.interface.getEvent("OfferSet").topicHash,
    null,
    model,
    zeroPadValue(token, 32),
  ];
  const filter = { address: deployment.providerRegistry, topics };
  const logs = await readLogs(logReaderOf(providerRegistry), filter, fromBlock, toBlock, { signal });
  for (const log of logs) {
    scan.providers.add(String(providerRegistry.interface.parseLog(log)!.args["provider"]));
  }
  context.offerScans.set(key, { providers: scan.providers, scannedTo: toBlock });
  return [...scan.providers];
}
