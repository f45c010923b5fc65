import {
  agreeing,
  type CheckerStrategy,
  checkerStrategies,
  type Measured,
  measure,
  type Named,
  nameRoot,
} from "./checkers.ts";
import { splitPool } from "./delegators.ts";
import { share } from "./described.ts";
import { type Figures, figuresOf, type Market } from "./market.ts";
import { Provider, type ProviderEpoch, providerStrategies } from "./providers.ts";
import { isBad, type Score, scored, sharesOf, verdictOf } from "./quality.ts";
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
  slashedUsd: number;
  gpuEpochs: number;
  penalties: number;
  convictions: number;
  /** Provider epochs suspended until an exam is passed. */
  awaitingEpochs: number;
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
  /** All that checkers were paid, and the shares it was divided by. */
  readonly potsUsd: number;
  readonly shares: number;
  readonly reportShares: number;
}

interface Checker {
  readonly strategy: CheckerStrategy;
  readonly account: CheckerAccount;
  shares: number;
  isMissing: boolean;
  omitted: boolean;
}

interface Seat {
  readonly checker: Checker;
  readonly measured: Measured;
}

/** Plays so many epochs. Each one: draw, measure and recompute, reveal, judge, audit, pay. */
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
  readonly #scores = new Map<Provider, { readonly account: number; readonly score: Score }>();
  readonly #providerAccounts = new Map<string, ProviderAccount>();
  readonly #checkerAccounts = new Map<string, CheckerAccount>();
  #potUsd = 0;
  #potsUsd = 0;
  #shares = 0;
  #reportShares = 0;

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
        slashedUsd: 0,
        gpuEpochs: 0,
        penalties: 0,
        convictions: 0,
        awaitingEpochs: 0,
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
        this.#checkers.push({ strategy, account, shares: 0, isMissing: false, omitted: false });
      }
    });
  }

  play(epoch: number): void {
    const hasExams = this.#checkers.length >= this.#rules.minimumCheckers;
    for (const checker of this.#checkers) {
      checker.shares = 0;
      checker.omitted = false;
      checker.isMissing = this.#random.chance(checker.strategy.missing);
    }
    for (const provider of this.#providers) {
      const takenUsd = provider.takePenalty(epoch);
      const phase = provider.phase(epoch, hasExams);
      let outcome: ProviderEpoch;
      if (phase === "works") {
        const isExam = hasExams && this.#random.chance(share(this.#rules.examRateBasisPoints));
        outcome = this.#check(provider, epoch, isExam);
        for (let count = this.#auditsOf(); count > 0; count--) this.#audit(false);
      } else {
        outcome = provider.idle(epoch, phase);
        if (phase === "is examined") this.#examine(provider, epoch);
        if (hasExams) this.#providerAccounts.get(provider.strategy.name)!.awaitingEpochs++;
      }
      outcome.slashedUsd += takenUsd;
      this.#book(provider, outcome);
    }
    if (this.#random.chance(1 / this.#rules.trapEpochs)) this.#audit(true);
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
      potsUsd: this.#potsUsd,
      shares: this.#shares,
      reportShares: this.#reportShares,
    };
  }

  /** An epoch of a provider that works: who measures it, what they find, and what follows. */
  #check(provider: Provider, epoch: number, isExam: boolean): ProviderEpoch {
    const { strategy } = provider;
    const before = this.#scoreOf(provider);
    const isOffline = strategy.offlineEpochs === 1 || this.#random.chance(strategy.offlineEpochs);
    const hours = isOffline ? provider.behaviour(isExam).hoursOffline : 0;
    const seats = this.#seatsAt(provider, before, 1 - hours / 24, isExam);
    const cheats = strategy.substituted > 0 && !provider.isChallenged && !isExam;
    const detected = cheats ? this.#firstFinding(strategy.substituted, seats) : undefined;
    const outcome = provider.work(epoch, detected, this.#demandFor(before), isExam);
    this.#judge(provider, epoch, seats, before, isExam);
    for (const seat of seats) this.#recheck(seat);
    return outcome;
  }

  /** An epoch of a provider that takes no work until its hardware has passed. */
  #examine(provider: Provider, epoch: number): void {
    const seats = this.#seatsAt(provider, this.#scoreOf(provider), 1, true);
    this.#judge(provider, epoch, seats, this.#scoreOf(provider), true);
  }

  #judge(
    provider: Provider,
    epoch: number,
    seats: readonly Seat[],
    before: Score | undefined,
    isExam: boolean,
  ): void {
    const { account } = provider;
    const revealed = seats.filter(({ checker }) => !checker.isMissing && !checker.omitted);
    const verdict = verdictOf(
      this.#rules,
      revealed.map(({ measured }) => measured.report),
    );
    if (verdict === undefined) return;
    for (const { checker, measured } of revealed) {
      const shares = sharesOf(this.#rules, measured.report, verdict, isExam ? undefined : before?.speed);
      checker.shares += shares;
      this.#reportShares += shares;
      if (shares === 0) checker.account.unpaidSeats++;
    }
    if (isExam) provider.takeExam(epoch, (verdict.speed ?? 0) >= share(this.#rules.examToleranceBasisPoints));
    const score = scored(this.#rules, before, verdict, isExam);
    this.#scores.set(provider, { account, score });
    if (provider.isChallenged) return;
    provider.judge(epoch, isBad(this.#rules, verdict));
    const quality = (score.speed ?? Infinity) / share(this.#market.headroomBasisPoints);
    if (quality < provider.strategy.leavesBelow) provider.leave(epoch);
  }

  /** Everybody whom the draw assigns, and what each would report. Costs and omissions are booked at once. */
  #seatsAt(agent: Provider, score: Score | undefined, uptime: number, isExam: boolean): Seat[] {
    const isBadDay = this.#random.chance(share(this.#market.badDayBasisPoints));
    const usual = isBadDay ? share(this.#market.badDaySpeedBasisPoints) : 1;
    const day = usual * Math.exp(this.#market.daySpread * this.#random.normal());
    const honestSpeed = share(this.#market.headroomBasisPoints) * day;
    const provider = {
      speed: agent.behaviour(isExam).speed * day,
      uptime,
      bribes: agent.strategy.bribes,
      score: score?.speed ?? share(this.#market.headroomBasisPoints),
    };
    return this.#drawn(this.#rules.expectedCheckers).map((checker) => {
      const { strategy, account } = checker;
      const { omissionBasisPoints, checkerStakeAth } = this.#rules;
      account.seats++;
      const measured = measure(strategy, provider, honestSpeed, this.#rules, this.#market, this.#random);
      const isOmitted = strategy.omits > 0 && this.#random.chance(strategy.omits);
      if (isOmitted && !checker.omitted) this.#slash(checker, share(omissionBasisPoints) * checkerStakeAth);
      checker.omitted ||= isOmitted;
      account.profitUsd -= isOmitted ? 0 : this.#costOf(strategy, measured, isExam);
      return { checker, measured };
    });
  }

  /** Of a report, US dollars. In an exam the provider answers for nothing, and nobody recomputes a burst. */
  #costOf(strategy: CheckerStrategy, { answered, report }: Measured, isExam: boolean): number {
    const { gasUsd, requestUsd, recomputeUsd } = this.#figures;
    const { seatGas, requestGas, examGas, silentGas } = this.#market;
    // Without evidence there is no channel.
    if (report.uptime === 0) return silentGas * gasUsd;
    const shownGas = Math.round(report.uptime * this.#rules.requests) * requestGas;
    if (isExam) return (examGas + shownGas) * gasUsd;
    return (seatGas + shownGas) * gasUsd + answered * (requestUsd + (strategy.recomputes ? recomputeUsd : 0));
  }

  /** When in the epoch the first wrong answer is found, from 0 to 1, among those that checkers bought and recompute. */
  #firstFinding(substituted: number, seats: readonly Seat[]): number | undefined {
    let first = Infinity;
    for (const { checker, measured } of seats) {
      if (!checker.strategy.recomputes || checker.omitted) continue;
      const index = this.#random.failuresBeforeSuccess(substituted);
      if (index < measured.answered) {
        first = Math.min(first, (index + this.#random.uniform()) / measured.answered);
      }
    }
    return first === Infinity ? undefined : first;
  }

  /** Undefined before the account's first. */
  #scoreOf(provider: Provider): Score | undefined {
    const found = this.#scores.get(provider);
    return found?.account === provider.account ? found.score : undefined;
  }

  /** Of the usual. Nobody knows anything of a new account: clients take it for honest. */
  #demandFor(score: Score | undefined): number {
    if (score === undefined) return 1;
    const honest = share(this.#market.headroomBasisPoints);
    const quality = Math.min(1, (score.speed ?? honest) / honest) * score.uptime;
    return quality ** this.#market.demandElasticity;
  }

  /** Public results of a provider in an epoch that are audited. */
  #auditsOf(): number {
    return this.#random.binomial(this.#market.publicResults, share(this.#rules.auditRateBasisPoints));
  }

  /** @param isTrap a result that somebody had computed wrongly in order to catch copies; it was convicted of it by a step */
  #audit(isTrap: boolean): void {
    const auditors = this.#drawn(this.#rules.expectedAuditors).filter(({ isMissing }) => !isMissing);
    const named = auditors.map(({ strategy }): Named => nameRoot(strategy, this.#random));
    const paid = isTrap ? [] : agreeing(this.#rules, named);
    auditors.forEach((checker, index) => {
      const { root, computes, isCopy } = named[index]!;
      if (computes) checker.account.profitUsd -= this.#figures.recomputeUsd;
      if (root === undefined || (isTrap && !isCopy)) return;
      checker.account.profitUsd -= this.#market.auditGas * this.#figures.gasUsd;
      if (paid[index] ?? false) checker.shares += this.#rules.auditShares;
      if (isTrap) this.#slashFalse(checker);
    });
  }

  /** Where that is a rule: others recompute a part of what was bought, and whoever attested without computing pays. */
  #recheck({ checker, measured }: Seat): void {
    const count = this.#random.binomial(measured.answered, share(this.#rules.recheckBasisPoints));
    for (let each = 0; each < count; each++) {
      const second = this.#checkers[this.#random.below(this.#checkers.length)]!;
      if (second === checker) continue;
      const isTrap = this.#random.chance(share(this.#rules.recheckTrapBasisPoints));
      const { root, computes, isCopy } = nameRoot(second.strategy, this.#random);
      if (root === undefined) continue;
      if (computes) second.account.profitUsd -= this.#figures.recomputeUsd;
      // Others decide between two roots: a copy of a trap is wrong, and so is what was made up.
      const isWrong = root === "made up" || (isCopy && isTrap);
      if (isWrong) this.#slashFalse(second);
      else second.shares++;
      if (!checker.strategy.recomputes && computes) this.#slashFalse(checker);
    }
  }

  #drawn(expected: number): Checker[] {
    const chance = Math.min(1, expected / this.#checkers.length);
    const drawn: Checker[] = [];
    const next = () => 1 + this.#random.failuresBeforeSuccess(chance);
    for (let index = next() - 1; index < this.#checkers.length; index += next()) {
      drawn.push(this.#checkers[index]!);
    }
    return drawn;
  }

  #slashFalse(checker: Checker): void {
    const { falseAttestationBasisPoints, checkerStakeAth } = this.#rules;
    this.#slash(checker, share(falseAttestationBasisPoints) * checkerStakeAth);
  }

  #slash({ account }: Checker, ath: number): void {
    account.profitUsd -= ath * this.#market.athUsd;
    account.slashes++;
  }

  #book(provider: Provider, outcome: ProviderEpoch): void {
    const account = this.#providerAccounts.get(provider.strategy.name)!;
    account.profitUsd += outcome.revenueUsd - outcome.costUsd - outcome.slashedUsd;
    account.capitalUsd += outcome.capitalUsd;
    account.slashedUsd += outcome.slashedUsd;
    account.gpuEpochs += provider.gpus;
    const ownUsd = (provider.hardwareUsd + provider.depositUsd) * share(this.#rules.ownPartBasisPoints);
    const { managerUsd, delegatorsUsd } = splitPool(this.#rules, outcome, ownUsd);
    account.managerUsd += managerUsd;
    account.delegatorsUsd += delegatorsUsd;
    this.#potUsd += outcome.feeUsd * share(this.#rules.checkersFeeBasisPoints);
  }

  /** Divides what came in by shares. An epoch without shares passes it on. */
  #pay(): void {
    const { missingBasisPoints, checkerStakeAth } = this.#rules;
    const paid = this.#checkers.filter(({ isMissing }) => !isMissing);
    const shares = paid.reduce((sum, each) => sum + each.shares, 0);
    const shareUsd = shares === 0 ? 0 : this.#potUsd / shares;
    if (shares > 0) {
      this.#potsUsd += this.#potUsd;
      this.#potUsd = 0;
    }
    this.#shares += shares;
    for (const checker of this.#checkers) {
      const { account } = checker;
      account.profitUsd -= this.#market.epochGas * this.#figures.gasUsd;
      if (checker.isMissing) this.#slash(checker, share(missingBasisPoints) * checkerStakeAth);
      else account.profitUsd += checker.shares * shareUsd;
      account.ticketEpochs++;
      account.capitalUsd += checkerStakeAth * this.#market.athUsd;
    }
  }
}
