import { share } from "./described.ts";
import { depositAthOf, type Figures, type Market } from "./market.ts";
import { type Rules } from "./rules.ts";

export type Intent = "honest" | "careless" | "dishonest";

/** How a provider behaves, in every epoch the same. Shares are of an honest provider's. */
export interface ProviderStrategy {
  readonly name: string;
  /** Careless is what happens to honest people, too. */
  readonly intent: Intent;
  readonly revenueShare: number;
  readonly gpuCostShare: number;
  /** Of what the hardware promises. */
  readonly speed: number;
  /** Share of the answers that a smaller model computes. */
  readonly substituted: number;
  /** In the epochs in which it is offline at all. */
  readonly hoursOffline: number;
  readonly offlineEpochs: number;
  /** Its speed is reported as honest by the checkers of the coalition. */
  readonly bribes: boolean;
  /** Which epochs are exams is known when they begin: it serves honestly in them, on hired hardware if need be. */
  readonly meetsExams: boolean;
  /** Always, or only while one more bad epoch makes no case. */
  readonly timing: "always" | "when safe";
  /** Where a case is made against it: waits, or comes back at once under another account with more stake. */
  readonly afterPenalty: "waits" | "new account";
  /** Takes another account when its score's speed is below this share of an honest one's. */
  readonly leavesBelow: number;
}

/** Shares of answers that strategies leave to a smaller model. */
export const SUBSTITUTED = [0.0001, 0.001, 0.01, 0.1, 1] as const;

export function providerStrategies(market: Market): readonly [ProviderStrategy, ...ProviderStrategy[]] {
  const honest: ProviderStrategy = {
    name: "honest",
    intent: "honest",
    revenueShare: 1,
    gpuCostShare: 1,
    speed: share(market.headroomBasisPoints),
    substituted: 0,
    hoursOffline: 0,
    offlineEpochs: 1,
    bribes: false,
    meetsExams: true,
    timing: "always",
    afterPenalty: "waits",
    leavesBelow: 0,
  };
  const offline = (name: string, intent: Intent, hours: number, epochs = 1): ProviderStrategy => ({
    ...honest,
    name,
    intent,
    hoursOffline: hours,
    offlineEpochs: epochs,
    revenueShare: 1 - (hours / 24) * epochs,
  });
  // Whoever is away on purpose rents its GPUs to somebody else meanwhile.
  const half = {
    ...offline("half offline", "dishonest", 12),
    gpuCostShare: 1 - 0.5 * share(market.elsewhereBasisPoints),
  };
  const gone = { ...offline("offline for good", "dishonest", 24), gpuCostShare: 0 };
  const lesser: ProviderStrategy = {
    ...honest,
    name: "lesser hardware",
    intent: "dishonest",
    revenueShare: share(market.lesserRevenueBasisPoints),
    gpuCostShare: market.lesserGpuHourUsd / market.gpuHourUsd,
    speed: share(market.lesserSpeedBasisPoints),
    meetsExams: false,
  };
  const overbooked: ProviderStrategy = {
    ...honest,
    name: "overbooked",
    intent: "dishonest",
    revenueShare: share(market.overbookedRevenueBasisPoints),
    speed: share(market.overbookedSpeedBasisPoints),
  };
  return [
    honest,
    offline("a bad hour in one epoch of ten", "careless", 1, 0.1),
    offline("offline an hour an epoch", "careless", 1),
    half,
    { ...half, name: "half offline, new accounts", afterPenalty: "new account" },
    { ...half, name: "half offline when safe", timing: "when safe" },
    gone,
    overbooked,
    { ...overbooked, name: "overbooked, new accounts", afterPenalty: "new account", leavesBelow: 0.75 },
    lesser,
    { ...lesser, name: "lesser hardware, hired for exams", meetsExams: true },
    { ...lesser, name: "lesser hardware, bribes checkers", bribes: true },
    ...SUBSTITUTED.map((substituted) => ({
      ...honest,
      name: `smaller model for ${substituted * 100} %`,
      intent: "dishonest" as const,
      substituted,
    })),
  ];
}

/** What an epoch brought a provider, for all its GPUs. */
export interface ProviderEpoch {
  /** After the protocol's fee. */
  revenueUsd: number;
  feeUsd: number;
  costUsd: number;
  /** Stake lost to penalties, and to a conviction net of what came back. */
  slashedUsd: number;
  /** Stake bound: locked, and unbonding after another account took its place. */
  capitalUsd: number;
}

/** Taking new work; suspended, with its hardware examined; neither. */
export type Phase = "works" | "is examined" | "idle";

/** Epochs from a measurement to the judgement about it. */
const JUDGED_AFTER = 2;

/** One provider, through its accounts. */
export class Provider {
  readonly strategy: ProviderStrategy;
  readonly gpus: number;
  /** Epochs from each account's first work to its first wrong answer found. */
  readonly detectionEpochs: number[] = [];
  penalties = 0;
  convictions = 0;
  /** Counts its accounts. */
  account = 0;

  readonly #honest: ProviderStrategy;
  readonly #rules: Rules;
  readonly #figures: Figures;
  readonly #athUsd: number;
  #unbonding: { usd: number; until: number }[] = [];
  #idleUntil = 0;
  #registered = false;
  #workedEpochs = 0;
  #disputeLeft: number | undefined;
  /** Exams are those after this epoch, until it passes; undefined where it may work. */
  #examsSince: number | undefined;
  /** When an exam's result takes effect. */
  #passesAt = Infinity;
  #failsAt = Infinity;
  #badEpochs = 0;
  #nextCaseAt = 0;
  #penaltyAt = Infinity;
  #accountPenalties = 0;

  constructor(strategy: ProviderStrategy, gpus: number, rules: Rules, market: Market, figures: Figures) {
    this.strategy = strategy;
    this.gpus = gpus;
    this.#honest = providerStrategies(market)[0];
    this.#rules = rules;
    this.#figures = figures;
    this.#athUsd = market.athUsd;
  }

  get hardwareUsd(): number {
    return this.gpus * this.#rules.hardwareStakeAth * this.#athUsd;
  }

  get depositUsd(): number {
    return depositAthOf(this.#rules, this.gpus) * this.#athUsd;
  }

  /** Nobody looks for wrong answers of a provider that is challenged already. */
  get isChallenged(): boolean {
    return this.#disputeLeft !== undefined;
  }

  /** What this epoch is for it. Registers where it is not. */
  phase(epoch: number, hasExams: boolean): Phase {
    if (epoch < this.#idleUntil) return "idle";
    if (!this.#registered) {
      this.#registered = true;
      this.#examsSince = hasExams ? epoch : undefined;
    }
    if (epoch >= this.#failsAt) {
      this.#failsAt = Infinity;
      this.#examsSince ??= epoch;
    }
    if (epoch >= this.#passesAt || !hasExams) {
      this.#passesAt = Infinity;
      this.#examsSince = undefined;
    }
    if (this.#examsSince === undefined) return "works";
    return epoch > this.#examsSince && this.#passesAt === Infinity ? "is examined" : "idle";
  }

  /** How it runs in this epoch. */
  behaviour(
    isExam = false,
  ): Pick<ProviderStrategy, "revenueShare" | "gpuCostShare" | "speed" | "substituted" | "hoursOffline"> {
    if (isExam && this.strategy.meetsExams) {
      return { ...this.#honest, substituted: this.strategy.substituted };
    }
    if (this.strategy.timing === "always") return this.strategy;
    return this.#badEpochs + 1 < this.#rules.floorEpochs ? this.strategy : this.#honest;
  }

  /**
   * Money of an epoch of work.
   * @param demand share of the usual demand
   * @param detected when in this epoch somebody finds a wrong answer, from 0 to 1; undefined if nobody does
   * From then until the conviction, which the provider delays as long as it can, every answer is the smaller model's.
   */
  work(epoch: number, detected: number | undefined, demand = 1, isExam = false): ProviderEpoch {
    const strategy = this.behaviour(isExam);
    let honestPace = 1;
    let active = 1;
    if (this.#disputeLeft === undefined && detected !== undefined) {
      this.detectionEpochs.push(this.#workedEpochs + detected);
      honestPace = detected;
      active = Math.min(1, detected + this.#figures.disputeEpochs);
      this.#disputeLeft = this.#figures.disputeEpochs - (active - detected);
    } else if (this.#disputeLeft !== undefined) {
      honestPace = 0;
      active = Math.min(1, this.#disputeLeft);
      this.#disputeLeft -= active;
    }
    const substituted = honestPace * strategy.substituted + (active - honestPace);
    const usualCost = this.#figures.gpuEpochUsd * strategy.gpuCostShare * active;
    const saved = strategy.substituted > 0 ? substituted * this.#figures.substituteGainUsd : 0;
    const sales = this.gpus * this.#figures.revenueUsd * strategy.revenueShare * active * demand;
    this.#workedEpochs++;
    const convicted = this.#disputeLeft !== undefined && this.#disputeLeft <= 1e-9;
    const capitalUsd = this.#capital(epoch);
    const slashedUsd = convicted ? this.#convict(epoch) : 0;
    return {
      revenueUsd: sales * (1 - this.#figures.feeShare),
      feeUsd: sales * this.#figures.feeShare,
      costUsd: this.gpus * (usualCost - saved),
      slashedUsd,
      capitalUsd,
    };
  }

  /** An epoch without work: suspended, or between two accounts. Its GPUs are let go meanwhile, but for an exam that it means to pass. */
  idle(epoch: number, phase: Phase): ProviderEpoch {
    const { gpuCostShare } = this.behaviour(true);
    const isTried = phase === "is examined" && (this.strategy.meetsExams || this.strategy.bribes);
    return {
      revenueUsd: 0,
      feeUsd: 0,
      costUsd: isTried ? this.gpus * this.#figures.gpuEpochUsd * gpuCostShare : 0,
      slashedUsd: 0,
      capitalUsd: this.#capital(epoch),
    };
  }

  /** Takes the result of an exam. Without a quorum there is none. */
  takeExam(epoch: number, hasPassed: boolean): void {
    if (hasPassed) this.#passesAt = Math.min(this.#passesAt, epoch + JUDGED_AFTER);
    else if (this.#examsSince === undefined) this.#failsAt = epoch + JUDGED_AFTER;
  }

  /** Takes the verdict of an epoch with a quorum. Enough bad ones in a row make a case, if none is open and the last is long enough ago. */
  judge(epoch: number, isBad: boolean): void {
    this.#badEpochs = isBad ? this.#badEpochs + 1 : 0;
    const { floorEpochs, caseIntervalSeconds, appealSeconds } = this.#rules;
    if (this.#badEpochs < floorEpochs || epoch < this.#nextCaseAt) return;
    this.#badEpochs = 0;
    this.#nextCaseAt = epoch + this.#epochs(caseIntervalSeconds);
    this.#penaltyAt = epoch + JUDGED_AFTER + this.#epochs(appealSeconds);
  }

  /** @returns US dollars that the quality court takes in this epoch. The guilty do not appeal, and get the discount. */
  takePenalty(epoch: number): number {
    if (epoch < this.#penaltyAt) return 0;
    this.#penaltyAt = Infinity;
    this.penalties++;
    this.#accountPenalties++;
    const { penaltyBasisPoints, discountBasisPoints, suspensionSeconds, removalAfter } = this.#rules;
    const lostUsd = this.hardwareUsd * share(penaltyBasisPoints) * (1 - share(discountBasisPoints));
    const isOver = this.#accountPenalties >= removalAfter || this.strategy.afterPenalty === "new account";
    if (isOver) this.leave(epoch, lostUsd);
    else this.#idleUntil = epoch + this.#accountPenalties * this.#epochs(suspensionSeconds);
    return lostUsd;
  }

  /** The account ends; another one registers in the epoch after the next. */
  leave(epoch: number, lostUsd = 0): void {
    this.#release(epoch, this.hardwareUsd + this.depositUsd - lostUsd);
  }

  #convict(epoch: number): number {
    this.convictions++;
    this.#release(epoch, this.hardwareUsd);
    return this.depositUsd * (1 - share(this.#rules.selfConvictionBasisPoints));
  }

  #release(epoch: number, unbondingUsd: number): void {
    this.#unbonding.push({ usd: unbondingUsd, until: epoch + 1 + this.#rules.unbondingEpochs });
    this.#idleUntil = epoch + 2;
    this.#registered = false;
    this.account++;
    this.#workedEpochs = 0;
    this.#disputeLeft = undefined;
    this.#examsSince = undefined;
    this.#passesAt = Infinity;
    this.#failsAt = Infinity;
    this.#badEpochs = 0;
    this.#nextCaseAt = 0;
    this.#accountPenalties = 0;
  }

  #epochs(seconds: number): number {
    return Math.round(seconds / this.#rules.epochSeconds);
  }

  #capital(epoch: number): number {
    this.#unbonding = this.#unbonding.filter(({ until }) => until > epoch);
    const locked = this.#registered ? this.hardwareUsd + this.depositUsd : 0;
    return this.#unbonding.reduce((sum, { usd }) => sum + usd, locked);
  }
}
