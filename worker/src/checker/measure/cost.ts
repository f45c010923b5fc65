import { connectToken, costOf, type AthanorContracts, type Prices } from "@athanor/sdk/protocol";
import { DerivedRandom } from "./derived-random.ts";
import type { Target } from "./options.ts";
import { promptTokensAtMost, questionOf, type PromptSource, type Question } from "./prompts.ts";
import type { StandingOffer } from "./offers.ts";
import type { Plan } from "./store.ts";

/** What is paid beside the tokens of an answer. Token units. */
export interface Charges {
  /** With every job, or once with a channel. */
  readonly exitBounty: bigint;
  readonly minimumCharge: bigint;
}

export async function readCharges(
  { jobEscrow, channelEscrow }: AthanorContracts,
  by: Plan["by"],
  token: string,
): Promise<Charges> {
  if (by === "channel") {
    const { exitBounty } = await channelEscrow.tokenTermsOf(token);
    return { exitBounty, minimumCharge: 0n };
  }
  const { exitBounty, minimumCharge } = await jobEscrow.tokenTermsOf(token);
  return { exitBounty, minimumCharge };
}

/** A request with the most that it can cost, token units. */
export interface PricedQuestion {
  readonly question: Question;
  readonly limit: bigint;
}

/**
 * The request with this number: the same again for the same target, prices and limit.
 *
 * @param mostCost token units
 * @returns undefined when even the shortest costs more
 */
export function pricedQuestion(
  { blinding }: Target,
  number: number,
  source: PromptSource,
  offer: StandingOffer,
  by: Plan["by"],
  charges: Charges,
  mostCost: bigint,
): PricedQuestion | undefined {
  const limitOf = (bytes: number, maxTokens: number) => {
    const cost = costOf(
      withRoom({ ...offer, minimumCharge: charges.minimumCharge }),
      promptTokensAtMost(bytes),
      maxTokens,
    );
    return by === "job" ? cost + charges.exitBounty : cost;
  };
  const random = new DerivedRandom(blinding, `question ${number}`);
  const limits = { contextLength: offer.contextLength, costOf: limitOf, mostCost };
  const question = questionOf(random, source, limits);
  if (question === undefined) return undefined;
  const bytes = new TextEncoder().encode(question.prompt).length;
  return { question, limit: limitOf(bytes, question.maxTokens) };
}

/** Offers are in cents: rates move between the look at them and the request. A client of a channel takes 2 % for that. */
function withRoom<Terms extends Prices>({ inputPrice, outputPrice, ...rest }: Terms) {
  const room = (price: bigint) => price + price / 50n + 1n;
  return { ...rest, inputPrice: room(inputPrice), outputPrice: room(outputPrice) };
}

/** What an account can pay with: wallet and vault together, token units. */
export async function fundsOf(contracts: AthanorContracts, token: string, owner: string): Promise<bigint> {
  const [wallet, { available }] = await Promise.all([
    connectToken(contracts.vault.runner, token).balanceOf(owner),
    contracts.vault.accountOf(token, owner),
  ]);
  return wallet + available;
}

/** A deposit as people choose them: two digits and zeros. */
export function roundDeposit(amount: bigint): bigint {
  const unit = 10n ** BigInt(Math.max(0, amount.toString().length - 2));
  return ((amount + unit - 1n) / unit) * unit;
}
