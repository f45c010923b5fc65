import type { AthanorContracts } from "@athanor/sdk/protocol";
import { getAddress } from "ethers";
import { fundsOf, pricedQuestion, readCharges } from "./cost.ts";
import { DerivedRandom } from "./derived-random.ts";
import { chooseOffer, type StandingOffer } from "./offers.ts";
import type { BuyerOptions, Target } from "./options.ts";
import { composedPrompts } from "./prompts.ts";
import { moments } from "./schedule.ts";
import type { Plan, StoredRequest } from "./store.ts";

/** Seconds of an epoch in which nothing is asked: providers date receipts up to a minute back, and their clocks differ. */
const START_MARGIN = 120;
/** Seconds before something is tried again whose failure was this side's. */
export const RETRY_AFTER = 60;

/** Why nothing can be asked at present, by this side's doing. */
export interface Obstacle {
  readonly reason: string;
}

/**
 * Decides how a provider is asked: which of its offers, from which account, when.
 *
 * @param now seconds since 1970 by the chain's clock
 */
export async function makePlan(
  options: BuyerOptions,
  contracts: AthanorContracts,
  target: Target,
  now: number,
): Promise<Plan | Obstacle> {
  const { budgets, answerSeconds = 300 } = options;
  const provider = getAddress(target.provider);
  const { blinding, epoch, startsAt, endsAt, deadline } = target;
  const random = new DerivedRandom(blinding, "plan");
  const [{ profile }, offer] = await Promise.all([
    contracts.providerRegistry.providerOf(provider),
    chooseOffer(contracts, provider, [...budgets.keys()], random),
  ]);
  if (offer === "elsewhere") return { reason: "it offers nothing in a token of the budget" };
  const by = offer === undefined ? "nothing" : profile.endpoint === "" ? "job" : "channel";
  const from = Math.max(startsAt + START_MARGIN, now);
  const plan: Omit<Plan, "account"> = {
    ...{ epoch, provider, startsAt, endsAt, by, from },
    until: Math.max(from, Math.min(deadline, endsAt) - answerSeconds),
    model: offer?.model ?? "",
    token: offer?.token ?? "",
  };
  const account = await chooseAccount(options, contracts, target, plan, offer, random);
  if (account !== undefined) return { ...plan, account };
  return { reason: "no account of the buyer has money for the requests and coin for the gas" };
}

/** By chance, among those that have the money: first of those that never asked this provider. */
async function chooseAccount(
  options: BuyerOptions,
  contracts: AthanorContracts,
  target: Target,
  plan: Omit<Plan, "account">,
  offer: StandingOffer | undefined,
  random: DerivedRandom,
): Promise<string | undefined> {
  const { accounts, store, provider } = options;
  const shuffled = random.shuffle(accounts.map(({ address }) => address));
  if (offer === undefined) return shuffled[0];
  const used = store.accountsOf(plan.provider);
  const need = await costOfAll(options, contracts, target, plan, offer);
  const inOrder = [
    ...shuffled.filter((account) => !used.includes(account)),
    ...shuffled.filter((account) => used.includes(account)),
  ];
  for (const account of inOrder) {
    const [funds, coin] = await Promise.all([
      fundsOf(contracts, plan.token, account),
      provider.getBalance(account),
    ]);
    if (funds >= need && coin > 0n) return account;
  }
  return undefined;
}

/** What all requests of a target cost at most, bounties included, token units. */
export async function costOfAll(
  { prompts = composedPrompts, budgets }: BuyerOptions,
  contracts: AthanorContracts,
  target: Target,
  { by, token }: Pick<Plan, "by" | "token">,
  offer: StandingOffer,
): Promise<bigint> {
  const charges = await readCharges(contracts, by, token);
  const share = (budgets.get(token) ?? 0n) / BigInt(target.providers ?? 1);
  const once = by === "channel" ? charges.exitBounty : 0n;
  const cap = share > once ? (share - once) / BigInt(target.requests) : 0n;
  let sum = once;
  for (let number = 0; number < target.requests; number++) {
    sum += pricedQuestion(target, number, prompts, offer, by, charges, cap)?.limit ?? cap;
  }
  return sum;
}

/** Requests whose end says something of the provider. */
export const counted = (requests: readonly StoredRequest[]): StoredRequest[] =>
  requests.filter(({ state }) => state === "answered" || state === "unanswered");

/**
 * Whether all is asked: as many as count, one of them timed if any was answered. A number of those that did not count is made up for, not any number.
 */
export function isComplete(
  { requests: wanted }: Target,
  plan: Plan,
  requests: readonly StoredRequest[],
): boolean {
  if (plan.by === "nothing") return true;
  const count = counted(requests);
  const isUntimed =
    count.some(({ state }) => state === "answered") && !count.some(({ timing }) => timing !== null);
  const sent = requests.filter(({ state, cost }) => state !== "void" || cost !== 0n).length;
  return (count.length >= wanted && !isUntimed) || sent >= 2 * wanted;
}

/** When the next request is due, seconds since 1970. */
export function nextDue(
  { blinding, requests: wanted }: Target,
  plan: Plan,
  requests: readonly StoredRequest[],
): number {
  const all = moments(new DerivedRandom(blinding, "moments"), wanted, plan.from, plan.until);
  const due = all[counted(requests).length] ?? plan.from;
  const last = requests.at(-1);
  return last?.state === "void" ? Math.max(due, last.sentAt + RETRY_AFTER) : due;
}
