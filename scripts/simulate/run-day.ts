import {
  changeFees,
  changeRate,
  changeHardware,
  changePrice,
  changeReceiptKey,
  takeStakeOut,
  collectFees,
} from "./acts/changes.ts";
import { ENDINGS, type ChannelLife } from "./acts/channel-life.ts";
import { liveChannel, settleAll } from "./acts/channels.ts";
import type { Day, DaySize } from "./acts/day.ts";
import { everybodyLeaves } from "./acts/exit.ts";
import { finalizeAll, JOB_FATES, liveJob, type JobLife } from "./acts/jobs.ts";
import { KINDS, type Kind } from "./acts/kinds.ts";
import { LIES, lieOnce } from "./acts/liars.ts";
import { symbols } from "./acts/offers.ts";
import { QUARRELS, quarrel } from "./acts/quarrels.ts";
import { beginDay } from "./acts/setup.ts";
import type { Course } from "./agenda.ts";
import { COLUMNS, type Column } from "./model/totals.ts";
import { TOKENS, type TokenSymbol } from "./tokens.ts";

const HOUR = 3_600;
const END = 24 * HOUR;
/** Channels and jobs begin until then, so that most end within the day. */
const LAST_BEGINNING = 19 * HOUR;

export interface DayOptions extends DaySize {
  readonly requests: number;
  readonly seed: string;
  /** Threads that sign and verify; 0 for this one. */
  readonly threads: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export const FULL_DAY = { clients: 200, providers: 50, requests: 100_000, threads: 2 };
/** Everything happens in it at least once. */
export const SHORT_DAY = { clients: 8, providers: 8, requests: 300, threads: 0 };

export interface Progress {
  /** Of the day, from 0 to 1. */
  readonly share: number;
  /** Over channels, and of how many: they take most of the time. */
  readonly requests: number;
  readonly requested: number;
  readonly transactions: number;
  readonly compared: number;
}

/** What a day came to. */
export interface DayResult {
  readonly seed: string;
  readonly clients: number;
  readonly providers: number;
  readonly convicted: number;
  /** Over channels, and as jobs. */
  readonly requests: { readonly channels: number; readonly jobs: number };
  readonly channels: number;
  readonly transactions: number;
  /** Numbers read from the chain and compared with the model. */
  readonly compared: number;
  /** Token units. `left` is what the vault still has when everybody has left. */
  readonly totals: Readonly<Record<TokenSymbol, Readonly<Record<Column | "left", bigint>>>>;
  readonly counts: Readonly<Record<Kind, number>>;
}

/**
 * Lives through one day, compares every balance with the model every four hours, and once more when everybody has left.
 *
 * @throws Unexplained when a balance is not what the model says; the seed reproduces it
 */
export async function runDay({
  seed,
  threads,
  requests,
  onProgress,
  ...size
}: DayOptions): Promise<DayResult> {
  const day = await beginDay(seed, size, threads);
  try {
    const lives: ChannelLife[] = [];
    const finished: JobLife[] = [];
    plan(day, requests, lives, finished);
    await day.compare("before the day");
    const report = (share: number) =>
      onProgress?.({
        share,
        requests: day.pool.requests,
        requested: requests,
        transactions: day.chain.transactions,
        compared: day.compared,
      });
    for (let quarter = 1; quarter <= 4 * 24; quarter++) {
      await day.agenda.runUntil(day.begins + (quarter * END) / 96);
      if (quarter % 4 === 0) {
        for (const provider of day.providers) {
          if (!day.model.stakes.of(provider.name).jailed) await settleAll(day, provider, lives);
        }
        await finalizeAll(day, finished);
      }
      if (quarter === 72) await collectFees(day);
      if (quarter % 16 === 0) await day.compare(`after ${quarter / 4} hours`);
      report(quarter / 96);
    }
    await day.agenda.runUntil(Infinity);
    await finalizeAll(day, finished);
    await everybodyLeaves(day, lives);
    await day.compare("when everybody has left");
    return resultOf(day);
  } finally {
    await day.pool.close();
    await day.chain.close();
  }
}

function plan(day: Day, requested: number, lives: ChannelLife[], finished: JobLife[]): void {
  const { size, begins, providers } = day;
  const lots = day.lots.of("plan");
  const clients = Array.from({ length: size.clients }, (_, index) => `client ${index + 1}`);
  const honest = providers.filter(({ isLiar }) => !isLiar);
  const sometime = (least: number, most: number) => begins + lots.between(least, most);
  const symbolOf = (index: number) => TOKENS[index % TOKENS.length]!.symbol;
  const go = (at: number, course: Course) => day.agenda.add(at, course);

  const jobs = Math.max(JOB_FATES.length + 2, Math.floor(requested / 80));
  const channels = Math.max(3 * ENDINGS.length, Math.ceil(2.5 * size.clients));
  const perChannel = Math.floor((requested - jobs) / channels);
  let left = requested - Math.floor((jobs * (JOB_FATES.length - 1)) / JOB_FATES.length);
  for (let index = 0; index < channels; index++) {
    const requests =
      index === channels - 1
        ? left
        : Math.min(left, Math.max(1, lots.between(perChannel >> 1, perChannel + (perChannel >> 1))));
    left -= requests;
    const at = sometime(60, LAST_BEGINNING - 5 * HOUR);
    const provider = index % 4 === 3 ? lots.pick(providers) : lots.pick(honest);
    const client = clients[index % clients.length]!;
    const ending = ENDINGS[index % ENDINGS.length]!;
    const token = symbolOf(Math.floor(index / ENDINGS.length) + index);
    go(
      at,
      liveChannel(
        day,
        {
          client,
          provider,
          token,
          requests,
          ending,
          from: index % 2 === 0 ? "wallet" : "balance",
          topsUp: index % 3 === 1,
          rotatesKey: index % 5 === 2,
        },
        lives,
      ),
    );
  }
  for (let index = 0; index < jobs; index++) {
    const job = {
      client: lots.pick(clients),
      provider: lots.pick(index < JOB_FATES.length ? honest : providers),
      token: symbolOf(index),
      fate: JOB_FATES[index % JOB_FATES.length]!,
    };
    go(sometime(60, LAST_BEGINNING), liveJob(day, job, finished));
  }
  const quarrels = Math.max(QUARRELS.length, Math.floor(providers.length / 5));
  for (let index = 0; index < quarrels; index++) {
    const job = {
      client: lots.pick(clients),
      provider: honest[index % honest.length]!,
      token: symbolOf(index),
    };
    go(sometime(HOUR, LAST_BEGINNING), quarrel(day, job, QUARRELS[index % QUARRELS.length]!));
  }
  for (const [index, provider] of providers.filter(({ isLiar }) => isLiar).entries()) {
    const lie = {
      provider,
      client: lots.pick(clients),
      token: symbolOf(index),
      lie: LIES[index % LIES.length]!,
    };
    const at = sometime(8 * HOUR, 16 * HOUR);
    go(at, lieOnce(day, lie, lives));
    // Somebody is in the middle of something then.
    const trusting = {
      ...lie,
      requests: 12,
      ending: "both close",
      from: "balance",
      topsUp: true,
      rotatesKey: false,
    } as const;
    go(at - 1_200, liveChannel(day, trusting, lives));
  }
  for (const [index, provider] of honest.entries()) {
    go(begins, changePrice(day, provider, sometime(HOUR, 20 * HOUR)));
    if (index % 2 === 0) go(begins, changeReceiptKey(day, provider, sometime(3 * HOUR, 18 * HOUR)));
    else go(begins, changeHardware(day, provider, sometime(HOUR, 16 * HOUR)));
    if (index % 3 === 0) go(begins, takeStakeOut(day, provider, sometime(2 * HOUR, 22 * HOUR)));
  }
  for (const [index, symbol] of [...symbols, ...symbols].entries()) {
    const job = { client: lots.pick(clients), provider: honest[index % honest.length]!, token: symbol };
    const at = begins + (index < symbols.length ? 7 : 14) * HOUR + lots.between(0, HOUR);
    go(begins, changeRate(day, job, at, index < symbols.length ? -lots.between(2, 9) : lots.between(2, 9)));
  }
  go(begins, changeFees(day, begins + 12 * HOUR));
}

function resultOf(day: Day): DayResult {
  const { model, seed, size, chain, pool, compared } = day;
  const totals = TOKENS.map(({ symbol }) => {
    const columns = COLUMNS.map((column) => [column, model.totals.of(symbol, column)] as const);
    return [symbol, { ...Object.fromEntries(columns), left: model.inVault(symbol) }] as const;
  });
  return {
    ...{ seed, clients: size.clients, providers: size.providers, compared, transactions: chain.transactions },
    convicted: day.providers.filter(({ name }) => model.stakes.of(name).jailed).length,
    requests: { channels: pool.requests, jobs: model.jobs.all.length },
    channels: model.channels.all.length,
    totals: Object.fromEntries(totals) as DayResult["totals"],
    counts: Object.fromEntries(KINDS.map((kind) => [kind, day.counts.get(kind) ?? 0])) as DayResult["counts"],
  };
}
