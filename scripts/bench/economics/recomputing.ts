import { isFreeRider } from "./checkers.ts";
import { share } from "./described.ts";
import { recomputedAnswers } from "./detection.ts";
import { depositAthOf, figuresOf } from "./market.ts";
import {
  CHECKERS,
  checkersWith,
  type Gains,
  gainsOf,
  GPUS,
  MIXED_PROVIDERS,
  type Setting,
} from "./setting.ts";

/** How much dearer than in bulk on its provider's hardware an answer is recomputed. */
export const COSTS = [1, 10, 100, 1_000] as const;

/** Shares of wrong answers for which free riding is priced. */
export const WRONG = [0, 0.00001, 0.0001, 0.001, 0.01] as const;

/** Where a checker that bought an answer gains by recomputing it, if it is rewarded for what it finds. By formula. */
export interface RecomputingRow {
  readonly costTimes: number;
  readonly costUsd: number;
  /** Share of wrong answers at which recomputing one pays for itself. With fewer nobody who counts does it. */
  readonly payingShare: number;
  /** Wrong answers of a GPU in an epoch, and what they save it, at that share. */
  readonly wrongAnswers: number;
  readonly savedUsd: number;
  /** Epochs until one is found if everybody recomputes. */
  readonly epochsUntilFound: number;
  /** What a checker that does not recompute saves in an epoch. */
  readonly freeRiderSavesUsd: number;
  /** What it forgoes by that, by {@link WRONG}. */
  readonly freeRiderForgoesUsd: readonly number[];
}

export interface RecomputingResult {
  readonly rewardUsd: number;
  /** What a GPU of a convicted provider loses, after what stalling the dispute brought it and what it got back. */
  readonly lostUsd: number;
  /** Share of the bought answers that have to be recomputed so that wrong ones do not pay, whatever their share: every checker recomputes a few. */
  readonly neededShare: number;
  /** Share of the checkers that have to recompute, if the others do not at all: their answers come together, so a provider may be without for an epoch. */
  readonly neededCheckers: number;
  readonly rows: readonly RecomputingRow[];
  /** What cheaters gain by the share of checkers that do not recompute, simulated. */
  readonly freeRiders: readonly FreeRiderRow[];
}

export interface FreeRiderRow {
  readonly freeRiders: number;
  readonly gains: Gains;
}

/** Whether recomputing pays for itself, what it leaves a cheater, and how many have to do it all the same. */
export function recomputing(setting: Setting): RecomputingResult {
  const { rules, market } = setting;
  const figures = figuresOf(rules, market);
  const depositUsd = (depositAthOf(rules, GPUS) / GPUS) * market.athUsd;
  const lostUsd =
    depositUsd * (1 - share(rules.selfConvictionBasisPoints)) -
    figures.substituteGainUsd * figures.disputeEpochs;
  const answers = recomputedAnswers(rules);
  const bought = (answers * MIXED_PROVIDERS) / CHECKERS;
  return {
    rewardUsd: figures.rewardUsd,
    lostUsd,
    neededShare: figures.substituteGainUsd / (answers * lostUsd),
    neededCheckers: Math.log(1 + figures.substituteGainUsd / lostUsd) / rules.expectedCheckers,
    rows: COSTS.map((costTimes): RecomputingRow => {
      const costUsd = figures.recomputeUsd * costTimes;
      const payingShare = costUsd / figures.rewardUsd;
      return {
        costTimes,
        costUsd,
        payingShare,
        wrongAnswers: payingShare * figures.requestsPerGpuEpoch,
        savedUsd: payingShare * figures.substituteGainUsd,
        epochsUntilFound: 1 / (payingShare * answers),
        freeRiderSavesUsd: bought * costUsd,
        freeRiderForgoesUsd: WRONG.map((wrong) => bought * wrong * figures.rewardUsd),
      };
    }),
    freeRiders: [0, 28, 42, 50, 53, 54, 55, 56].map((count) => ({
      freeRiders: count / CHECKERS,
      gains: gainsOf(
        setting,
        ({ substituted }) => substituted > 0,
        `free riders ${count}`,
        checkersWith(setting, (each) => isFreeRider(each) && each.reports === "measured", count),
      ),
    })),
  };
}

/** What keeps auditors from copying: results that somebody computed wrongly on purpose. By formula. */
export interface TrapRow {
  readonly costTimes: number;
  /** What copying an attestation saves. */
  readonly savedUsd: number;
  /** Traps among so many attestations make copying a loss. */
  readonly attestationsPerTrap: number;
  /** The same for the network that is simulated. */
  readonly epochsPerTrap: number;
  /** What that costs whoever pays for traps, US dollars an epoch. */
  readonly costUsdPerEpoch: number;
}

export interface TrapResult {
  /** Half of the least fraud deposit, which burns, and the gas of the results until one is audited. */
  readonly trapUsd: number;
  /** What its author gets for each auditor that falls for it: a tenth of the penalty. */
  readonly bountyUsd: number;
  readonly rows: readonly TrapRow[];
}

/** Gas of creating, answering and ending a public job, test/snapshots. */
const JOB_GAS = 220_000;

export function traps({ rules, market }: Setting): TrapResult {
  const { recomputeUsd, gasUsd } = figuresOf(rules, market);
  const penaltyUsd = share(rules.falseAttestationBasisPoints) * rules.checkerStakeAth * market.athUsd;
  const rate = share(rules.auditRateBasisPoints);
  const burnedUsd = rules.fraudDepositAth * (1 - share(rules.selfConvictionBasisPoints)) * market.athUsd;
  const trapUsd = burnedUsd + (JOB_GAS * gasUsd) / rate;
  const attestations = MIXED_PROVIDERS * market.publicResults * rate * rules.expectedAuditors;
  return {
    trapUsd,
    bountyUsd: penaltyUsd / 10,
    rows: COSTS.map((costTimes): TrapRow => {
      const savedUsd = recomputeUsd * costTimes;
      const attestationsPerTrap = penaltyUsd / savedUsd;
      // Of a trap's auditors so many may copy; each attestation of theirs is a draw.
      const epochsPerTrap = (attestationsPerTrap * rules.expectedAuditors) / attestations;
      return {
        costTimes,
        savedUsd,
        attestationsPerTrap,
        epochsPerTrap,
        costUsdPerEpoch: trapUsd / epochsPerTrap,
      };
    }),
  };
}
