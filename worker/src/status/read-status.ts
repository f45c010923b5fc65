import { formatAmount, formatCents, type TokenInfo } from "@athanor/sdk";
import { readHardware, readStanding } from "@athanor/sdk/protocol";
import { formatEther } from "ethers";
import type { Chain } from "../chain/chain.ts";
import { GAS_PER_JOB } from "../check/market.ts";
import type { Config } from "../config/schema.ts";
import { findOffers, type StandingOffer } from "../market/offers.ts";
import { readProviderState } from "../market/provider-state.ts";
import { readToken, resolveToken } from "../market/tokens.ts";
import { readOwnerAccount } from "../register/owner-account.ts";
import { claimOf } from "../serve/settle.ts";
import type { Storage } from "../storage/storage.ts";
import { courtHintsOf, courtStatusOf, type CourtStatus } from "./court.ts";
import { hintsOf } from "./hints.ts";
import { AWAITS_EXAM, hindrancesOf } from "./new-work.ts";
import { qualityHintsOf, readQuality, type QualityStatus } from "./quality.ts";

export interface StatusOffer {
  readonly modelRoot: string;
  readonly token: string;
  readonly inputPrice: string;
  readonly outputPrice: string;
  /** Lowest output price of another provider for the same model and token, or null. */
  readonly cheapestOther: string | null;
}

/** How a provider stands. Amounts are text with their unit. */
export interface Status {
  readonly provider: string;
  readonly operator: string;
  readonly registered: boolean;
  /** Why no new work begins, beside stake and offers: convicted, resting, suspended, paused. Empty when it does. */
  readonly noNewWork: readonly string[];
  readonly stake: {
    readonly staked: string;
    readonly locked: string;
    readonly free: string;
    readonly perJob: string;
  };
  /** What is registered, and what it needs today; `stake` above has what it locks. */
  readonly hardware: readonly {
    readonly class: string;
    readonly count: number;
    readonly stakeEach: string;
    readonly stake: string;
  }[];
  /** Of the locked stake. */
  readonly fraudDeposit: string;
  /** Multiply-adds a second that the hardware promises. */
  readonly throughput: string;
  readonly court: CourtStatus;
  /** What checkers found; null where the deployment has none. */
  readonly quality: QualityStatus | null;
  /** More jobs that the free stake covers. */
  readonly roomForJobs: number;
  /** Jobs open on chain. */
  readonly openJobs: number;
  /** Free in the vault, by token: what "athanor provider withdraw" pays out. Of a pool, the manager's part of what was harvested. */
  readonly balances: readonly { readonly token: string; readonly available: string }[];
  readonly operatorCoin: string;
  readonly offers: readonly StatusOffer[];
  /** From the database; null if there is none. */
  readonly jobs: Readonly<Record<string, number>> | null;
  readonly earned: readonly string[];
  /** Channels by stage, and what is unpaid in them by token; null where none are served. */
  readonly channels: {
    readonly stages: Readonly<Record<string, number>>;
    readonly unpaid: readonly string[];
  } | null;
  readonly gas: { readonly transactions: number; readonly gasUsed: string; readonly feePaid: string } | null;
  /** Whether a daemon was alive within the last minute. */
  readonly daemonAlive: boolean;
  /** Why there may be no jobs, each with its remedy. */
  readonly hints: readonly string[];
}

const ALIVE_WITHIN = 60_000;

/** Reads everything that a provider wants to know at a glance. */
export async function readStatus(
  chain: Chain,
  config: Config,
  storage: Storage | null,
  now: number,
): Promise<Status> {
  const { provider, contracts } = chain;
  const owner = config.provider.owner;
  const ath = await readToken(provider, contracts.deployment.ath);
  const state = await readProviderState(chain, owner);
  const hardware = state.registered ? await readHardware(contracts, owner) : null;
  const tokens = await tokensOf(chain, config, ath);
  const offers = await findOffers(chain, { provider: owner });
  const others = await otherOffers(chain, offers);
  const [coin, fees] = await Promise.all([provider.getBalance(state.operator), provider.getFeeData()]);
  const free = state.staked - state.locked;
  const chainTime = (await provider.getBlock("latest"))!.timestamp;
  const standing = await readStanding(contracts, owner);
  const quality = await readQuality(chain, owner);
  const suspensions = { byCourt: standing.suspended, byExams: quality?.exam.pending ?? false };
  const hindrances = hindrancesOf(state, suspensions, chainTime, config.channels !== null);
  const perJobGas = GAS_PER_JOB * (fees.maxFeePerGas ?? fees.gasPrice ?? 0n);
  const lastAlive = storage?.lastAlive() ?? null;
  const daemonAlive = lastAlive !== null && now - lastAlive < ALIVE_WITHIN;
  const roomForJobs = state.stakePerJob === 0n ? config.limits.maxOpenJobs : Number(free / state.stakePerJob);
  const cheapest = (offer: StandingOffer) => {
    const prices = others
      .filter(({ modelRoot, token }) => modelRoot === offer.modelRoot && token === offer.token)
      .map(({ outputMicrocents }) => outputMicrocents);
    return prices.length === 0 ? null : prices.reduce((least, price) => (price < least ? price : least));
  };
  const { pool, sender } = await readOwnerAccount(chain, owner);
  const withdrawable = async (token: string) =>
    pool === null ? (await contracts.vault.accountOf(token, owner)).available : pool.earned(token, sender);
  const infoOf = async (address: string) => tokens.get(address) ?? (await readToken(provider, address));
  return {
    provider: owner,
    operator: state.operator,
    registered: state.registered,
    noNewWork: [
      ...(state.convicted ? ["the provider was convicted of a wrong result, for good"] : []),
      ...hindrances.map(({ what }) => what),
    ],
    stake: {
      staked: formatAmount(ath, state.staked),
      locked: formatAmount(ath, state.locked),
      free: formatAmount(ath, free),
      perJob: formatAmount(ath, state.stakePerJob),
    },
    hardware: (hardware?.classes ?? []).map(({ hardwareClass: { name, minimumStakePerGpu }, count }) => ({
      class: name,
      count,
      stakeEach: formatAmount(ath, minimumStakePerGpu),
      stake: formatAmount(ath, minimumStakePerGpu * BigInt(count)),
    })),
    fraudDeposit: formatAmount(ath, state.fraudDeposit),
    throughput: String(hardware?.throughput ?? 0n),
    court: courtStatusOf(standing, ath),
    quality,
    roomForJobs,
    openJobs: state.openWork,
    balances: await Promise.all(
      [...tokens.values()].map(async (token) => {
        return { token: token.address, available: formatAmount(token, await withdrawable(token.address)) };
      }),
    ),
    operatorCoin: formatEther(coin),
    offers: offers.map((offer) => {
      const other = cheapest(offer);
      return {
        modelRoot: offer.modelRoot,
        token: offer.token,
        inputPrice: formatCents(offer.inputMicrocents),
        outputPrice: formatCents(offer.outputMicrocents),
        cheapestOther: other === null ? null : formatCents(other),
      };
    }),
    jobs: storage === null ? null : countsOf(storage),
    earned: storage === null ? [] : await earningsOf(storage, infoOf),
    channels: storage === null || config.channels === null ? null : await channelsOf(storage, infoOf),
    gas: storage === null ? null : gasOf(storage),
    daemonAlive,
    hints: hintsOf({
      registered: state.registered,
      convicted: state.convicted,
      hindrances: hindrances.filter((hindrance) => hindrance !== AWAITS_EXAM),
      court: [
        ...courtHintsOf(standing, ath, chainTime),
        ...(quality ? qualityHintsOf(quality, state.endpoint) : []),
      ].map(({ what, remedy }) => `${what} ${remedy}`),
      offers: offers.map((offer) => ({ ...offer, cheapestOther: cheapest(offer) })),
      roomForJobs,
      openJobs: state.openWork,
      daemonAlive,
      gasJobs: perJobGas === 0n ? Number.MAX_SAFE_INTEGER : Number(coin / perJobGas),
      operator: state.operator,
      uris: await Promise.all(offers.map(({ modelRoot }) => contracts.modelRegistry.uriOf(modelRoot))),
    }),
  };
}

async function tokensOf(chain: Chain, config: Config, ath: TokenInfo): Promise<Map<string, TokenInfo>> {
  const tokens = new Map([[ath.address, ath]]);
  for (const { offers } of config.models) {
    for (const { token: name } of offers) {
      const token = await resolveToken(chain, name);
      tokens.set(token.address, token);
    }
  }
  return tokens;
}

async function otherOffers(chain: Chain, own: readonly StandingOffer[]): Promise<StandingOffer[]> {
  const roots = new Set(own.map(({ modelRoot }) => modelRoot));
  const found = await Promise.all([...roots].map((modelRoot) => findOffers(chain, { modelRoot })));
  return found.flat().filter(({ provider }) => provider !== own[0]!.provider);
}

async function channelsOf(
  storage: Storage,
  infoOf: (address: string) => Promise<TokenInfo>,
): Promise<Status["channels"]> {
  const stages = Object.fromEntries(
    (["open", "closing", "closed", "ended"] as const).map((stage) => [stage, storage.channelCount(stage)]),
  );
  const unpaid = new Map<string, bigint>();
  for (const channel of [...storage.channelsIn("open"), ...storage.channelsIn("closing")]) {
    const claim = claimOf(channel);
    if (claim === undefined) continue;
    const { token } = channel.terms;
    unpaid.set(token, (unpaid.get(token) ?? 0n) + claim.owed);
  }
  const amounts = [...unpaid].map(async ([token, amount]) => formatAmount(await infoOf(token), amount));
  return { stages, unpaid: await Promise.all(amounts) };
}

function countsOf(storage: Storage): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, jobs } of storage.totals()) counts[state] = (counts[state] ?? 0) + jobs;
  return counts;
}

async function earningsOf(
  storage: Storage,
  infoOf: (address: string) => Promise<TokenInfo>,
): Promise<string[]> {
  const sums = new Map<string, bigint>();
  for (const { token, earned } of storage.totals()) sums.set(token, (sums.get(token) ?? 0n) + earned);
  const earnings = [...sums].filter(([, sum]) => sum > 0n);
  return Promise.all(earnings.map(async ([token, sum]) => formatAmount(await infoOf(token), sum)));
}

function gasOf(storage: Storage) {
  const { transactions, gasUsed, feePaid } = storage.gasTotals();
  return { transactions, gasUsed: gasUsed.toString(), feePaid: formatEther(feePaid) };
}
