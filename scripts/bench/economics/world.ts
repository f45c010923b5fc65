import { type CheckerStrategy, checkerStrategies, recheck, reportOf } from "./checkers.ts";
import { splitPool } from "./delegators.ts";
import { share } from "./described.ts";
import { type Figures, figuresOf, type Market } from "./market.ts";
import { Provider, type ProviderEpoch, providerStrategies } from "./providers.ts";
import { closeReports, isFault, type Report, surprisedReports, verdictOf } from "./quality.ts";
import { type Random } from "./random.ts";
import { type Rules } from "./rules.ts";

/** Who is there: the number of each strategy, in the order of `providerStrategies` and `checkerStrategies`. */
export interface Population {
  readonly providers: readonly number[];
  readonly checkers: readonly number[];
  readonly gpusPerProvider: number;
}

/** What a role's strategy got in a run. */
export interface Account {
  profitUsd: number;
  capitalUsd: number;
}

export interface ProviderAccount extends Account {
  managerUsd: number;
  delegatorsUsd: number;
  gpuEpochs: number;
  penalties: number;
  convictions: number;
  readonly detectionEpochs: number[];
}

export interface CheckerAccount extends Account {
  ticketEpochs: number;
  seats: number;
  unpaidSeats: number;
  slashes: number;
}

export interface RunResult {
  readonly providers: ReadonlyMap<string, ProviderAccount>;
  readonly checkers: ReadonlyMap<string, CheckerAccount>;
  /** What checkers were promised and what fees brought them, US dollars. */
  readonly promisedUsd: number;
  readonly feesUsd: number;
}

interface Checker {
  readonly strategy: CheckerStrategy;
  readonly account: CheckerAccount;
  /** Promised in this epoch. */
  pay: number;
  isMissing: boolean;
  seats: number;
}

interface Seat {
  readonly checker: Checker;
  readonly report: Report;
}

/** Plays so many epochs. Each one: draw, measure and recompute, reveal, judge, recheck, pay. */
export function simulate(
  rules: Rules,
  market: Market,
  population: Population,
  epochs: number,
  random: Random,
): RunResult {
  const figures = figuresOf(rules, market);
  const world = new World(rules, market, figures, population, random);
  for (let epoch = 0; epoch < epochs; epoch++) world.play(epoch);
  return world.result();
}

class World {
  readonly #rules: Rules;
  readonly #market: Market;
  readonly #figures: Figures;
  readonly #random: Random;
  readonly #providers: Provider[] = [];
  readonly #checkers: Checker[] = [];
  readonly #scores = new Map<Provider, { readonly account: number; readonly score: number }>();
  readonly #waiting = new Map<Provider, readonly Report[]>();
  readonly #providerAccounts = new Map<string, ProviderAccount>();
  readonly #checkerAccounts = new Map<string, CheckerAccount>();
  #poolUsd = 0;
  #promisedUsd = 0;
  #feesUsd = 0;

  constructor(rules: Rules, market: Market, figures: Figures, population: Population, random: Random) {
    this.#rules = rules;
    this.#market = market;
    this.#figures = figures;
    this.#random = random;
    providerStrategies(market).forEach((strategy, index) => {
      const count = population.providers[index] ?? 0;
      if (count === 0) return;
      this.#providerAccounts.set(strategy.name, {
        profitUsd: 0,
        capitalUsd: 0,
        managerUsd: 0,
        delegatorsUsd: 0,
        gpuEpochs: 0,
        penalties: 0,
        convictions: 0,
        detectionEpochs: [],
      });
      for (let each = 0; each < count; each++) {
        this.#providers.push(new Provider(strategy, population.gpusPerProvider, rules, market, figures));
      }
    });
    checkerStrategies(market).forEach((strategy, index) => {
      const count = population.checkers[index] ?? 0;
      if (count === 0) return;
      const account = { profitUsd: 0, capitalUsd: 0, ticketEpochs: 0, seats: 0, unpaidSeats: 0, slashes: 0 };
      this.#checkerAccounts.set(strategy.name, account);
      for (let each = 0; each < count; each++) {
        this.#checkers.push({ strategy, account, pay: 0, isMissing: false, seats: 0 });
      }
    });
  }

  play(epoch: number): void {
    for (const checker of this.#checkers) {
      checker.pay = 0;
      checker.seats = 0;
      checker.isMissing = this.#random.chance(checker.strategy.missing);
    }
    for (const provider of this.#providers) {
      const outcome = provider.works(epoch) ? this.#check(provider, epoch) : provider.idle(epoch);
      this.#book(provider, outcome);
    }
    this.#pay();
  }

  result(): RunResult {
    for (const { strategy, penalties, convictions, detectionEpochs } of this.#providers) {
      const account = this.#providerAccounts.get(strategy.name)!;
      account.penalties += penalties;
      account.convictions += convictions;
      account.detectionEpochs.push(...detectionEpochs);
    }
    return {
      providers: this.#providerAccounts,
      checkers: this.#checkerAccounts,
      promisedUsd: this.#promisedUsd,
      feesUsd: this.#feesUsd,
    };
  }

  /** An epoch of a provider that works: its seats, what they find, and what follows. */
  #check(provider: Provider, epoch: number): ProviderEpoch {
    const { strategy } = provider;
    const score = this.#scoreOf(provider);
    const demand =
      Math.min(1, score / share(this.#market.headroomBasisPoints)) ** this.#market.demandElasticity;
    const seats = this.#seatsAt(provider, score);
    const cheats = strategy.substituted > 0 && !provider.isChallenged;
    const { account } = provider;
    const detected = cheats ? this.#firstFinding(strategy.substituted, seats) : undefined;
    const outcome = provider.work(epoch, detected, demand);

    const revealed = seats.filter(({ checker }) => !checker.isMissing);
    // Too few reveals wait for those of the next epochs.
    const waiting = this.#waiting.get(provider) ?? [];
    const reports = [...revealed.map(({ report }) => report), ...waiting];
    const verdict = verdictOf(this.#rules, reports);
    this.#waiting.set(provider, verdict === undefined ? reports : []);
    if (verdict !== undefined) outcome.slashedUsd += provider.judge(epoch, isFault(this.#rules, verdict));

    const isClose = closeReports(this.#rules, reports);
    const isSurprised = verdict && surprisedReports(this.#rules, reports, verdict, score);
    revealed.forEach((seat, index) => {
      if (verdict !== undefined && !isClose[index]) seat.checker.account.unpaidSeats++;
      else this.#payForSeat(seat, verdict !== undefined, isSurprised?.[index] ?? false);
      this.#recheckAnswers(seat);
    });
    if (verdict !== undefined && verdict.speed > 0) {
      const weight = share(this.#rules.scoreBasisPoints);
      this.#scores.set(provider, { account, score: score + weight * (verdict.speed - score) });
    }
    return outcome;
  }

  /** Everybody whom the draw assigns, and what each would report. Costs are booked at once. */
  #seatsAt(agent: Provider, score: number): Seat[] {
    const { strategy, gpus } = agent;
    const part = Math.min(1, (gpus * this.#rules.hardwareStakeAth) / this.#rules.fullSeatsStakeAth);
    const chance = Math.min(1, (this.#rules.checkersPerProvider * part) / this.#checkers.length);
    const isBadDay = this.#random.chance(share(this.#market.badDayBasisPoints));
    const usual = isBadDay ? share(this.#market.badDaySpeedBasisPoints) : 1;
    const day = usual * Math.exp(this.#market.daySpread * this.#random.normal());
    const honestSpeed = share(this.#market.headroomBasisPoints) * day;
    const provider = {
      speed: agent.behaviour().speed * day,
      uptime: 1 - strategy.hoursOffline / 24,
      bribes: strategy.bribes,
      score,
    };
    const probes = this.#rules.probesPerSeat;
    const seats: Seat[] = [];
    const next = () => 1 + this.#random.failuresBeforeSuccess(chance);
    for (let index = next() - 1; index < this.#checkers.length; index += next()) {
      const checker = this.#checkers[index]!;
      const kind = checker.strategy;
      const report = reportOf(kind, provider, honestSpeed, this.#rules, this.#market, this.#random);
      seats.push({ checker, report });
      checker.seats++;
      checker.account.seats++;
      const isGift = kind.isBribed && strategy.bribes;
      const shown = this.#shown(kind, report);
      const bought = isGift ? 0 : this.#figures.seatSpendUsd * shown;
      const recomputed =
        kind.recomputes && !isGift
          ? probes * shown * share(this.#rules.recomputedBasisPoints) * this.#figures.recomputeUsd
          : 0;
      checker.account.profitUsd -= bought + recomputed + this.#market.seatGas * this.#figures.gasUsd;
    }
    return seats;
  }

  /** When in the epoch the first wrong answer is found, from 0 to 1, by seats or by audits of public results. */
  #firstFinding(substituted: number, seats: readonly Seat[]): number | undefined {
    let first = Infinity;
    const look = (count: number) => {
      const index = this.#random.failuresBeforeSuccess(substituted);
      if (index < count) first = Math.min(first, (index + this.#random.uniform()) / count);
    };
    for (const { checker, report } of seats) {
      if (!checker.strategy.recomputes) continue;
      const answered = this.#rules.probesPerSeat * this.#shown(checker.strategy, report);
      look(Math.round(answered * share(this.#rules.recomputedBasisPoints)));
    }
    const audits = Math.round(this.#market.publicResults * share(this.#rules.publicAuditBasisPoints));
    look(audits);
    return first === Infinity ? undefined : first;
  }

  #payForSeat({ checker, report }: Seat, isMeasured: boolean, isSurprised: boolean): void {
    const bonus = isSurprised ? 1 + share(this.#rules.surprisePayBasisPoints) : 1;
    const base = this.#rules.basePayAth * this.#market.athUsd * bonus;
    const spent = this.#figures.seatSpendUsd * this.#shown(checker.strategy, report);
    const forSpending = Math.min(
      share(this.#rules.spendPayBasisPoints) * spent,
      this.#rules.spendPayLimitAth * this.#market.athUsd,
    );
    const hasReceipts = report.speed !== undefined;
    checker.pay += hasReceipts && isMeasured ? base + forSpending : base;
  }

  /** Share of a seat's requests for which there are receipts. */
  #shown({ asks }: CheckerStrategy, { uptime }: Report): number {
    return Math.min(asks, uptime);
  }

  /** Before an account has one, what its hardware should make of it. */
  #scoreOf(provider: Provider): number {
    const found = this.#scores.get(provider);
    return found?.account === provider.account ? found.score : share(this.#market.headroomBasisPoints);
  }

  #recheckAnswers({ checker, report }: Seat): void {
    if (report.speed === undefined) return;
    const attested =
      this.#rules.probesPerSeat *
      this.#shown(checker.strategy, report) *
      share(this.#rules.recomputedBasisPoints);
    const count = this.#random.binomial(Math.round(attested), share(this.#rules.recheckBasisPoints));
    const slashUsd = this.#rules.attestationSlashAth * this.#market.athUsd;
    for (let each = 0; each < count; each++) {
      const second = this.#checkers[this.#random.below(this.#checkers.length)]!;
      if (second === checker) continue;
      const isTrap = this.#random.chance(share(this.#rules.trapBasisPoints));
      const outcome = recheck(checker.strategy, second.strategy, isTrap, this.#random);
      for (const [who, isSlashed] of [
        [checker, outcome.firstSlashed],
        [second, outcome.secondSlashed],
      ] as const) {
        if (!isSlashed) continue;
        who.account.profitUsd -= slashUsd;
        who.account.slashes++;
      }
      if (outcome.secondPaid) second.pay += this.#rules.recheckPayAth * this.#market.athUsd;
      if (outcome.secondComputes) second.account.profitUsd -= this.#figures.recomputeUsd;
    }
  }

  /** Audits of public results, by auditors who all recompute: the second attestation leaves no room to guess. */
  #payForAudits(): void {
    const results = this.#providers.length * this.#market.publicResults;
    const audits = results * share(this.#rules.publicAuditBasisPoints) * this.#rules.auditorsPerResult;
    const each = audits / this.#checkers.length;
    const cost = this.#figures.recomputeUsd + this.#market.auditGas * this.#figures.gasUsd;
    for (const checker of this.#checkers) {
      if (!checker.strategy.recomputes) continue;
      checker.pay += each * this.#rules.auditPayAth * this.#market.athUsd;
      checker.account.profitUsd -= each * cost;
    }
  }

  #book(provider: Provider, outcome: ProviderEpoch): void {
    const account = this.#providerAccounts.get(provider.strategy.name)!;
    account.profitUsd += outcome.revenueUsd - outcome.costUsd - outcome.slashedUsd;
    account.capitalUsd += outcome.capitalUsd;
    account.gpuEpochs += provider.gpus;
    const ownUsd = (provider.hardwareUsd + provider.depositUsd) * share(this.#rules.ownPartBasisPoints);
    const { managerUsd, delegatorsUsd } = splitPool(this.#rules, outcome, ownUsd);
    account.managerUsd += managerUsd;
    account.delegatorsUsd += delegatorsUsd;
    const fees = outcome.feeUsd * share(this.#rules.checkersFeeBasisPoints);
    this.#poolUsd += fees;
    this.#feesUsd += fees;
  }

  /** Pays what was promised, or the same part of it to everybody if fees do not suffice. */
  #pay(): void {
    this.#payForAudits();
    const missingUsd = this.#rules.missingRevealAth * this.#market.athUsd;
    const due = this.#checkers.map((checker) => (checker.isMissing ? 0 : checker.pay));
    const promised = due.reduce((sum, pay) => sum + pay, 0);
    const part = promised === 0 ? 0 : Math.min(1, this.#poolUsd / promised);
    this.#poolUsd -= promised * part;
    this.#promisedUsd += promised;
    this.#checkers.forEach((checker, index) => {
      const { account } = checker;
      account.profitUsd += due[index]! * part - this.#market.epochGas * this.#figures.gasUsd;
      if (checker.isMissing) account.profitUsd -= missingUsd;
      account.ticketEpochs++;
      account.capitalUsd += this.#rules.checkerStakeAth * this.#market.athUsd;
    });
  }
}
