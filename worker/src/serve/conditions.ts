import { ZeroAddress, getAddress } from "ethers";
import type { ChannelTerms, Prices } from "@athanor/sdk/channels";
import { readRateIfAny, takesWork, tokenPricesOf } from "@athanor/sdk/protocol";
import type { Chain } from "../chain/chain.ts";
import { isNodeTrouble } from "../errors.ts";
import { readOffer } from "../market/offers.ts";
import { Refusal } from "./refusal.ts";

/** What a channel must be like now, and what answers cost: read from the chain by the main loop, so that no caller can make the worker ask for it. */
export interface Conditions {
  readonly notice: bigint;
  readonly receiptLife: bigint;
  readonly workPerSecond: bigint;
  /** ATH units. */
  readonly stakeLock: bigint;
  /** Of the provider, ATH units. */
  readonly freeStake: bigint;
  readonly isJailed: boolean;
  /** Whether the provider is neither convicted nor suspended nor resting. */
  readonly takesWork: boolean;
  /** Before this time no channel opens with anybody, seconds since 1970. */
  readonly pausedUntil: bigint;
  /** By address. */
  readonly tokens: ReadonlyMap<string, { readonly feeBasisPoints: bigint; readonly exitBounty: bigint }>;
  /** By `priceKey`. */
  readonly prices: ReadonlyMap<string, Prices>;
}

export const priceKey = (modelRoot: string, token: string) => `${modelRoot} ${token}`.toLowerCase();

export async function readConditions(
  chain: Chain,
  owner: string,
  modelRoots: readonly string[],
  tokens: readonly string[],
  onFailure: (token: string, error: unknown) => void,
): Promise<Conditions> {
  const { channelEscrow, vault } = chain.contracts;
  const [parameters, stake, { until }, terms] = await Promise.all([
    channelEscrow.parameters(),
    vault.stakeOf(owner),
    vault.pauseOf(chain.contracts.deployment.channelEscrow),
    Promise.all(tokens.map(async (token) => [token, await channelEscrow.tokenTermsOf(token)] as const)),
  ]);
  const prices = new Map<string, Prices>();
  for (const token of tokens) {
    try {
      const rate = await readRateIfAny(chain.contracts, token);
      // Nobody can say now what the offer comes to: requests wait, what was answered is settled.
      if (rate === undefined) continue;
      for (const modelRoot of modelRoots) {
        const offer = await readOffer(chain, owner, modelRoot, token);
        if (offer !== null) prices.set(priceKey(modelRoot, token), tokenPricesOf(offer, rate));
      }
    } catch (error) {
      if (isNodeTrouble(error)) throw error;
      // Its price source reverts, or the price is out of bounds: other tokens are served.
      onFailure(token, error);
    }
  }
  return {
    notice: parameters.notice,
    receiptLife: parameters.receiptLife,
    workPerSecond: parameters.workPerSecond,
    stakeLock: parameters.stakePerChannel,
    freeStake: stake.staked - stake.locked,
    isJailed: stake.jailed,
    takesWork: takesWork(stake),
    pausedUntil: until,
    tokens: new Map(
      terms
        .filter(([, { accepted }]) => accepted)
        .map(([token, { feeBasisPoints, exitBounty }]) => [
          getAddress(token),
          { feeBasisPoints, exitBounty },
        ]),
    ),
    prices,
  };
}

export interface TermsLimits {
  readonly owner: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** Seconds. */
  readonly longestLife: number;
}

/**
 * Checks terms that a client proposes, and writes their addresses in one way.
 *
 * @throws Refusal `TermsRefused` naming the first term that is not as it must be, `ProviderBusy` when no stake is free
 */
export function checkTerms(
  proposed: ChannelTerms,
  conditions: Conditions,
  { owner, now, longestLife }: TermsLimits,
): ChannelTerms {
  const terms = { ...proposed };
  for (const name of ["client", "provider", "token", "voucherKey"] as const) {
    try {
      terms[name] = getAddress(proposed[name].toLowerCase());
    } catch {
      throw refuse(name, proposed[name], "an address");
    }
    if (terms[name] === ZeroAddress) throw refuse(name, proposed[name], "not zero");
  }
  if (terms.provider !== owner) throw refuse("provider", terms.provider, owner);
  const token = conditions.tokens.get(terms.token);
  if (token === undefined) throw refuse("token", terms.token, [...conditions.tokens.keys()].join(" or "));
  const expected = { ...conditions, ...token };
  for (const name of [
    "notice",
    "receiptLife",
    "workPerSecond",
    "stakeLock",
    "feeBasisPoints",
    "exitBounty",
  ] as const) {
    if (terms[name] !== expected[name]) throw refuse(name, terms[name], String(expected[name]));
  }
  const earliest = BigInt(now) + terms.notice;
  const latest = BigInt(now + longestLife);
  if (terms.expiresAt < earliest || terms.expiresAt > latest) {
    throw refuse("expiresAt", terms.expiresAt, `from ${earliest} to ${latest}`);
  }
  if (terms.salt >> 64n !== 0n) throw refuse("salt", terms.salt, "below 2^64");
  if (!conditions.takesWork || BigInt(now) < conditions.pausedUntil) {
    throw new Refusal(
      "ProviderBusy",
      "This provider opens no channels at present; those that are open go on.",
      "Ask another provider, or try again later.",
      60,
    );
  }
  if (conditions.freeStake < terms.stakeLock) {
    throw new Refusal(
      "ProviderBusy",
      "No stake is free for another channel.",
      "Ask another provider, or try again when others have closed.",
      60,
    );
  }
  return terms;
}

function refuse(field: string, found: unknown, expected: string): Refusal {
  return new Refusal(
    "TermsRefused",
    `The term ${field} is ${String(found)}; expected ${expected}.`,
    "Take the terms of GET /athanor/v1.",
  );
}
