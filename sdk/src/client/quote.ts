import { encodeGeneration, encodeStopSequences } from "@athanor/engine/commitments";
import { hexlify, ZeroHash } from "ethers";
import type { ErrorContext } from "../errors/render.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import type { IJobEscrow } from "../generated/contracts/JobEscrow.ts";
import { describePrivacy } from "../private/describe.ts";
import { costOf } from "../protocol/cost.ts";
import { requireUnpaused } from "../protocol/new-work.ts";
import { compareScores, withScore } from "../protocol/scores.ts";
import { tokenBytes } from "../protocol/tokens.ts";
import { sameAddress, simulatedSender, tokenizerOf, tokenInfo, type ClientContext } from "./context.ts";
import { findOffers, readOffer } from "./find-offers.ts";
import { generationOf } from "./generation.ts";
import { encryptionKeyOf, hide, type Hidden } from "./hide.ts";
import type { Offer, Quote, QuoteRequest } from "./types.ts";

const DEFAULT_DEADLINE_SECONDS = 300;

/** A quote with the request that `create` of the escrow takes. */
export interface PreparedRequest {
  readonly quote: Quote;
  readonly request: IJobEscrow.RequestStruct;
  /** Of a private request. */
  readonly hidden?: Hidden | undefined;
  readonly errorContext: ErrorContext;
}

/**
 * Tokenises, chooses the provider, computes the exact cost, and lets the escrow itself check the request by simulating it: whatever
 * it would refuse is refused here, by the same error, before anything is sent.
 *
 * @param limit most to escrow, bounty included, token units; undefined for no limit
 */
export async function prepare(
  context: ClientContext,
  request: QuoteRequest,
  limit?: bigint,
): Promise<PreparedRequest> {
  const { contracts } = context;
  const { model, signal } = request;
  const address = request.token ?? contracts.deployment.ath;
  await contracts.modelRegistry.modelOf(model);
  const terms = await contracts.jobEscrow.tokenTermsOf(address);
  if (!terms.accepted) throw athanorError("PaymentTokenNotAccepted", { token: address });
  await requireUnpaused(contracts, contracts.deployment.jobEscrow, context.reader, signal);
  const token = await tokenInfo(context, address);

  const promptTokens =
    request.promptTokens ?? encode(await tokenizerOf(context, model, signal), request.prompt!);
  const generation = await generationOf(request, () => tokenizerOf(context, model, signal));
  const { minimumCharge, exitBounty } = terms;
  const isPrivate = request.private === true;
  const price = (offer: Offer) => costOf({ ...offer, minimumCharge }, promptTokens.length, request.maxTokens);
  const offer = request.provider
    ? await pinnedOffer(context, request.provider, model, address)
    : await cheapestOffer(context, request, address, price);

  const cost = price(offer);
  const escrow = cost + exitBounty;
  const submitDeadline = await deadlineOf(context, request);
  const salt = request.salt ?? randomSalt();
  const hidden = isPrivate
    ? await hide(context, { prompt: promptTokens, generation }, offer, salt)
    : undefined;
  const prepared: PreparedRequest = {
    hidden,
    quote: {
      provider: offer.provider,
      token,
      promptTokens,
      generation,
      privacy: describePrivacy({
        private: isPrivate,
        contextLength: offer.contextLength,
        promptTokens: promptTokens.length,
        maxTokens: request.maxTokens,
      }),
      inputMicrocents: offer.inputMicrocents,
      outputMicrocents: offer.outputMicrocents,
      inputPrice: offer.inputPrice,
      outputPrice: offer.outputPrice,
      cost,
      exitBounty,
      escrow,
      submitDeadline,
    },
    request: {
      provider: offer.provider,
      modelRoot: model,
      token: address,
      generation: hexlify(encodeGeneration(generation)),
      // The quote and nothing above it: who changes offer or bounty in between gets a refusal, not the difference.
      maxCost: escrow,
      maxInputPrice: offer.inputPrice,
      maxOutputPrice: offer.outputPrice,
      submitDeadline,
      seed: generation.seed,
      salt,
      promptTokens: hidden ? "0x" : tokenBytes(promptTokens),
      stopSequences: hidden ? "0x" : hexlify(encodeStopSequences(generation.stopSequences)),
    },
    errorContext: { token, tokens: context.tokens.values() },
  };
  await simulate(context, prepared);
  if (limit !== undefined && escrow > limit) {
    throw athanorError("PriceAboveLimit", { cost: escrow, maxCost: limit }, prepared.errorContext);
  }
  if (!offer.available) await refuseUnavailable(context, offer);
  return prepared;
}

function encode(tokenizer: { encode(text: string): number[] }, prompt: string): number[] {
  try {
    return tokenizer.encode(prompt);
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    throw athanorError("TextNotEncodable", { details }, { cause: error });
  }
}

async function pinnedOffer(
  context: ClientContext,
  provider: string,
  model: string,
  token: string,
): Promise<Offer> {
  const offer = await readOffer(context, provider, model, token);
  if (!offer) throw athanorError("NoSuchOffer", { provider, modelRoot: model, token });
  return offer;
}

async function cheapestOffer(
  context: ClientContext,
  { model, excludeProviders = [], minimumScore, signal, private: isPrivate }: QuoteRequest,
  token: string,
  price: (offer: Offer) => bigint,
): Promise<Offer> {
  const offers = (await findOffers(context, model, token, signal)).filter(
    ({ provider }) => !excludeProviders.some((excluded) => sameAddress(excluded, provider)),
  );
  if (offers.length === 0) throw athanorError("NoOffer", { model, token });
  const available = offers.filter((offer) => offer.available);
  if (available.length === 0) {
    const { stakePerJob } = await context.contracts.jobEscrow.parameters();
    throw athanorError("NoProviderAvailable", { offers: offers.length, stakePerJob });
  }
  const scored = withScore(available, minimumScore, context.contracts.deployment);
  const suitable = isPrivate ? await takingPrivateRequests(context, scored) : scored;
  return suitable.reduce((best, offer) => {
    // At the same price the better one, then the one with more room for work.
    const difference =
      Number(price(offer) - price(best)) ||
      compareScores(offer, best) ||
      Number(best.freeStake - offer.freeStake);
    return difference < 0 ? offer : best;
  });
}

async function takingPrivateRequests(context: ClientContext, offers: readonly Offer[]): Promise<Offer[]> {
  const keys = await Promise.all(offers.map(({ provider }) => encryptionKeyOf(context, provider)));
  const suitable = offers.filter((_, index) => keys[index] !== ZeroHash);
  if (suitable.length === 0) throw athanorError("NoPrivateProvider", { offers: offers.length });
  return suitable;
}

async function deadlineOf(
  context: ClientContext,
  { deadlineSeconds, signal }: QuoteRequest,
): Promise<number> {
  const now = await context.reader.time(signal);
  if (deadlineSeconds !== undefined) return Math.max(0, now + deadlineSeconds);
  const { minimumResponseTime, maximumResponseTime } = await context.contracts.jobEscrow.parameters();
  // Twice the minimum: the block that includes the request may come a while after the latest one.
  const seconds = Math.max(DEFAULT_DEADLINE_SECONDS, 2 * Number(minimumResponseTime));
  return now + Math.min(seconds, Number(maximumResponseTime));
}

/** What only money can cure comes last in the escrow's checks; the funding cures it. */
const curedByFunding = new Set(["ModuleNotApproved", "InsufficientBalance"]);

async function simulate(
  context: ClientContext,
  { request, hidden, errorContext }: PreparedRequest,
): Promise<void> {
  const { jobEscrow } = context.contracts;
  const blockTag = context.reader.hasPendingBlock ? "pending" : "latest";
  const overrides = { from: simulatedSender(context), blockTag };
  try {
    if (hidden) await jobEscrow.createPrivate.staticCall(request, hidden.onChain, overrides);
    else await jobEscrow.create.staticCall(request, overrides);
  } catch (error) {
    const failure = toAthanorError(error, errorContext);
    // The provider's stake is checked after the client's account; see refuseUnavailable.
    if (!curedByFunding.has(failure.code) && failure.code !== "InsufficientStake") throw failure;
  }
}

async function refuseUnavailable(
  { contracts }: ClientContext,
  { provider: owner, freeStake, takesWork }: Offer,
): Promise<never> {
  if (!takesWork) throw athanorError("ProviderTakesNoWork", { provider: owner });
  const { stakePerJob: required } = await contracts.jobEscrow.parameters();
  if (freeStake < required) throw athanorError("InsufficientStake", { owner, free: freeStake, required });
  throw athanorError("StakeModuleNotApproved", { owner, module: contracts.deployment.jobEscrow });
}

/** Two equal requests in one block would otherwise be one job. */
function randomSalt(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!;
}
