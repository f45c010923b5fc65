import { share } from "./described.ts";
import { type Figures } from "./market.ts";
import { type Random } from "./random.ts";
import { type Rules } from "./rules.ts";
import { type Estimate, estimate } from "./statistics.ts";

/** Answers of one provider that checkers buy in an epoch, on average, and recompute if all of them are honest. */
export function recomputedAnswers(rules: Rules): number {
  return rules.expectedCheckers * rules.requests;
}

/** Chance that an epoch with `recomputed` answers shows a wrong one, if a share `wrong` of all is. */
export function detectionChance(wrong: number, recomputed: number): number {
  return 1 - (1 - wrong) ** recomputed;
}

export interface DetectionTime {
  /** Found within the first epoch. */
  readonly inEpoch: Estimate;
  readonly epochs: Estimate;
}

/** Plays accounts until their first wrong answer is found; the number of seats varies by draw as it does in an epoch. */
export function detectionTime(
  rules: Rules,
  wrong: number,
  tickets: number,
  accounts: number,
  random: Random,
): DetectionTime {
  const chance = Math.min(1, rules.expectedCheckers / tickets);
  const times = Array.from({ length: accounts }, () => {
    let left = random.failuresBeforeSuccess(wrong);
    for (let epoch = 0; ; epoch++) {
      const recomputed = random.binomial(tickets, chance) * rules.requests;
      if (left < recomputed) return epoch + (left + random.uniform()) / recomputed;
      left -= recomputed;
    }
  });
  return { inEpoch: estimate(times.map((time) => (time < 1 ? 1 : 0))), epochs: estimate(times) };
}

/**
 * The fraud deposit of a GPU, in ATH, at which answers of a smaller model bring nothing, whatever their share: until it is found, a
 * provider gains gain / recomputed on average whether it cheats much or little; from then to its conviction it gains all it can. Its own
 * conviction gives a part back. What it loses besides (clients, epochs without work) is left out, so less may do.
 */
export function breakEvenDepositAth(rules: Rules, figures: Figures, athUsd: number): number {
  const beforeUsd = figures.substituteGainUsd / recomputedAnswers(rules);
  const afterUsd = figures.substituteGainUsd * figures.disputeEpochs;
  return (beforeUsd + afterUsd) / (1 - share(rules.selfConvictionBasisPoints)) / athUsd;
}
