import { share } from "./described.ts";
import { type Figures, type Market } from "./market.ts";
import { FaultRecord } from "./quality.ts";
import { type Rules } from "./rules.ts";

export type Intent = "honest" | "careless" | "dishonest";

/** How a provider behaves, in every epoch the same. Shares are of an honest provider's. */
export interface ProviderStrategy {
  readonly name: string;
  /** Careless is what happens to honest people, too. */
  readonly intent: Intent;
  readonly revenueShare: number;
  readonly gpuCostShare: number;
  /** Of the class's minimum. */
  readonly speed: number;
  /** Share of the answers that a smaller model computes. */
  readonly substituted: number;
  readonly hoursOffline: number;
  /** Its speed is reported as honest by the checkers of the coalition. */
  readonly bribes: boolean;
  /** Sells too much always, or only while one more fault makes no penalty. */
  readonly timing: "always" | "when safe";
  /** What it does after a penalty: waits, or comes back at once under another account with more stake. */
  readonly afterPenalty: "waits" | "new account";
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
    bribes: false,
    timing: "always",
    afterPenalty: "waits",
  };
  const lesser: ProviderStrategy = {
    ...honest,
    name: "lesser hardware",
    intent: "dishonest",
    revenueShare: share(market.lesserRevenueBasisPoints),
    gpuCostShare: market.lesserGpuHourUsd / market.gpuHourUsd,
    speed: share(market.lesserSpeedBasisPoints),
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
    {
      ...honest,
      name: "offline an hour an epoch",
      intent: "careless",
      hoursOffline: 1,
      revenueShare: 23 / 24,
    },
    overbooked,
    { ...overbooked, name: "overbooked, new accounts", afterPenalty: "new account" },
    { ...overbooked, name: "overbooked when safe", timing: "when safe" },
    lesser,
    { ...lesser, name: "lesser hardware, new accounts", afterPenalty: "new account" },
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
  #faults: FaultRecord;
  #unbonding: { usd: number; until: number }[] = [];
  #idleUntil = 0;
  #registered = true;
  #workedEpochs = 0;
  /** Epochs with a verdict: faults are counted among these. */
  #judged = 0;
  #disputeLeft: number | undefined;

  constructor(strategy: ProviderStrategy, gpus: number, rules: Rules, market: Market, figures: Figures) {
    this.strategy = strategy;
    this.gpus = gpus;
    this.#honest = providerStrategies(market)[0];
    this.#rules = rules;
    this.#figures = figures;
    this.#athUsd = market.athUsd;
    this.#faults = new FaultRecord(rules);
  }

  get hardwareUsd(): number {
    return this.gpus * this.#rules.hardwareStakeAth * this.#athUsd;
  }

  get depositUsd(): number {
    return this.gpus * this.#rules.fraudDepositAth * this.#athUsd;
  }

  /** Takes new work in this epoch, so that checkers measure it. */
  works(epoch: number): boolean {
    if (epoch < this.#idleUntil) return false;
    this.#registered = true;
    return true;
  }

  /** How it runs in this epoch. */
  behaviour(): Pick<ProviderStrategy, "revenueShare" | "gpuCostShare" | "speed" | "substituted"> {
    if (this.strategy.timing === "always") return this.strategy;
    const isSafe = this.#faults.recent(this.#judged + 1) + 1 < this.#rules.faultsForPenalty;
    return isSafe ? this.strategy : this.#honest;
  }

  /** Nobody looks for wrong answers of a provider that is challenged already. */
  get isChallenged(): boolean {
    return this.#disputeLeft !== undefined;
  }

  /**
   * Money of an epoch of work.
   * @param demand share of the usual demand
   * @param detected when in this epoch somebody finds a wrong answer, from 0 to 1; undefined if nobody does
   * From then until the conviction, which the provider delays as long as it can, every answer is the smaller model's.
   */
  work(epoch: number, detected: number | undefined, demand = 1): ProviderEpoch {
    const strategy = this.behaviour();
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

  /** An epoch without work: suspended, or between two accounts. Its GPUs are let go meanwhile. */
  idle(epoch: number): ProviderEpoch {
    return { revenueUsd: 0, feeUsd: 0, costUsd: 0, slashedUsd: 0, capitalUsd: this.#capital(epoch) };
  }

  /**
   * Takes the verdict of an epoch that had reveals enough. An account that left meanwhile, or is challenged, has other worries.
   * @returns US dollars lost if it is a fault that completes a penalty
   */
  judge(epoch: number, isFault: boolean): number {
    if (this.#disputeLeft !== undefined || !this.#registered) return 0;
    this.#judged++;
    if (!isFault || !this.#faults.add(this.#judged)) return 0;
    this.penalties++;
    if (this.strategy.afterPenalty === "waits") {
      this.#idleUntil = epoch + 1 + this.#rules.suspensionEpochs;
    } else {
      this.#leave(epoch, this.hardwareUsd * (1 - share(this.#rules.penaltyBasisPoints)) + this.depositUsd);
    }
    return this.hardwareUsd * share(this.#rules.penaltyBasisPoints);
  }

  #convict(epoch: number): number {
    this.convictions++;
    this.#disputeLeft = undefined;
    this.#leave(epoch, this.hardwareUsd);
    return this.depositUsd * (1 - share(this.#rules.selfConvictionBasisPoints));
  }

  /** The account ends; another one works from the epoch after the next. */
  #leave(epoch: number, unbondingUsd: number): void {
    this.#unbonding.push({ usd: unbondingUsd, until: epoch + 1 + this.#rules.unbondingEpochs });
    this.#idleUntil = epoch + 2;
    this.#registered = false;
    this.account++;
    this.#workedEpochs = 0;
    this.#faults = new FaultRecord(this.#rules);
  }

  #capital(epoch: number): number {
    this.#unbonding = this.#unbonding.filter(({ until }) => until > epoch);
    const locked = this.#registered ? this.hardwareUsd + this.depositUsd : 0;
    return this.#unbonding.reduce((sum, { usd }) => sum + usd, locked);
  }
}
