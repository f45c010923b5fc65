import { channelSalt } from "@athanor/sdk/checkers";
import { decodeReceipt, type ChannelAnswer, type ChannelSession } from "@athanor/sdk/channels";
import { toAthanorError, type AthanorContracts } from "@athanor/sdk/protocol";
import type { Clients } from "./clients.ts";
import { fundsOf, roundDeposit, type PricedQuestion } from "./cost.ts";
import type { BuyerOptions, Target } from "./options.ts";
import type { Timing } from "./statistics.ts";
import type { Stopwatch } from "./stopwatch.ts";
import type { BoughtAnswer, Plan, Shown } from "./store.ts";

/** What a request came to. */
export interface Answered {
  /** Undefined for an answer whose request this process did not send. */
  readonly timing: Timing | undefined;
  /** Token units. */
  readonly cost: bigint;
  readonly shown: Shown;
  readonly bought: BoughtAnswer;
}

/** A provider asks for a larger deposit than the budget of an epoch, or than the account has. */
export class DepositAboveBudget extends Error {}

/** The channel of a plan: the one that it has, in whatever state the chain has it; else undefined. */
export async function sessionOf(
  clients: Clients,
  { store }: BuyerOptions,
  plan: Plan,
): Promise<ChannelSession | undefined> {
  for (const { id, state } of store.channels(plan)) {
    if (state === "never") continue;
    const client = await clients.ofPlan(plan);
    try {
      return await client.resumeChannel(id);
    } catch (error) {
      // It was written down, and has not opened.
      if (toAthanorError(error).code !== "UnknownChannel") throw error;
    }
  }
  return undefined;
}

/**
 * Opens a channel with the salt of the target, from the wallet of the plan's account.
 *
 * @param wanted what its requests cost at most, exit bounty included, token units
 */
export async function openSession(
  clients: Clients,
  { signal, budgets }: BuyerOptions,
  contracts: AthanorContracts,
  target: Target,
  plan: Plan,
  wanted: bigint,
): Promise<ChannelSession> {
  const client = await clients.ofPlan(plan);
  const { provider, token, account } = plan;
  const offer = await client.offer(provider, { signal });
  const terms = offer.tokens.find((one) => one.token.toLowerCase() === token.toLowerCase());
  const [funds, { available }] = await Promise.all([
    fundsOf(contracts, token, account),
    contracts.vault.accountOf(token, account),
  ]);
  // Twice what is asked for: what is repeated fits, too. What is left comes back.
  const usual = roundDeposit(2n * wanted);
  const least = terms?.minimumDeposit ?? 0n;
  const wallet = funds - available;
  const needed = largest(wanted, least);
  const from = available >= needed ? "vault" : "wallet";
  // A provider does not decide how much money is bound.
  const most = smallest(from === "vault" ? available : wallet, largest(budgets.get(token) ?? 0n, wanted));
  if (least > most) throw new DepositAboveBudget();
  const deposit = largest(needed, smallest(usual, most));
  return client.openChannel({ ...{ provider, token, salt: channelSalt(target), signal }, deposit, from });
}

/**
 * Asks once and waits for the end of the answer.
 *
 * @param workPerPosition multiply-adds of one position of the model
 * @throws AthanorError
 */
export async function askByChannel(
  session: ChannelSession,
  stopwatch: Stopwatch,
  plan: Plan,
  { question, limit }: PricedQuestion,
  workPerPosition: bigint,
  signal: AbortSignal,
): Promise<Answered> {
  stopwatch.reset(session.id);
  let first: number | undefined;
  let last = 0;
  const { maxTokens } = question;
  const parts = session.stream({
    ...question,
    model: plan.model,
    stepTokens: maxTokens,
    maxPrice: limit,
    signal,
  });
  let part = await parts.next();
  for (; !part.done; part = await parts.next()) {
    if (part.value.tokens.length === 0) continue;
    last = performance.now();
    first ??= last;
  }
  const answer = part.value;
  const sentAt = stopwatch.sentAt(session.id);
  if (sentAt === undefined || first === undefined) return answeredBy(session, plan, answer, undefined);
  const positions = answer.request.prompt.length + answer.tokens.length;
  const timing = { latency: first - sentAt, duration: last - sentAt, positions, workPerPosition };
  return answeredBy(session, plan, answer, timing);
}

/**
 * Finds out what became of a request that this process, or the one before, lost sight of.
 *
 * @param mark nonce of the voucher before it
 * @returns undefined when the provider has no receipt of it
 */
export async function recoverByChannel(
  session: ChannelSession,
  { store }: BuyerOptions,
  plan: Plan,
  mark: number,
  signal: AbortSignal,
): Promise<
  { answered: Omit<Answered, "bought"> & { bought: BoughtAnswer | undefined } } | { isSigned: boolean }
> {
  const answer = await session.recover({ signal });
  if (answer !== undefined) return { answered: answeredBy(session, plan, answer, undefined) };
  const book = await store.sessions(plan).load(session.id);
  const receipt = book?.receipt && decodeReceipt(book.receipt);
  // Acknowledged, and the process ended before that was noted. What was asked is not known any more.
  if (receipt !== undefined && receipt.message.nonce > BigInt(mark)) {
    const shown: Shown = { kind: "receipt", channel: session.terms, receipt };
    return { answered: { timing: undefined, cost: receipt.message.price, shown, bought: undefined } };
  }
  return { isSigned: (book?.nonce ?? 0) > mark };
}

function answeredBy(
  { terms: channel }: ChannelSession,
  { account }: Plan,
  { receipts, request, tokens, price }: ChannelAnswer,
  timing: Timing | undefined,
): Answered {
  // The last covers all tokens.
  const receipt = receipts.at(-1)!;
  return {
    ...{ timing, cost: price },
    shown: { kind: "receipt", channel, receipt },
    bought: { kind: "receipt", account, channel, receipt, request, tokens },
  };
}

const largest = (left: bigint, right: bigint): bigint => (left > right ? left : right);
const smallest = (left: bigint, right: bigint): bigint => (left < right ? left : right);
