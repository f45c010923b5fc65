import { formatAmount, type TokenInfo } from "@athanor/sdk";
import type { CourtStanding } from "@athanor/sdk/protocol";
import type { Hindrance } from "./new-work.ts";

/** How a provider stands before the quality court (docs/quality.md). Amounts are text with their unit, times ISO 8601. */
export interface CourtStatus {
  /** Of the stake: locked, and backing nothing until the open case ends. */
  readonly frozen: string;
  /** Null if no case is open. */
  readonly openCase: {
    readonly id: string;
    readonly status: string;
    readonly appealUntil: string;
    readonly decideUntil: string;
  } | null;
  readonly penaltiesWithinYear: number;
  readonly suspended: boolean;
  /** Null if there is no suspension, or none that ends. */
  readonly suspendedUntil: string | null;
  readonly removed: boolean;
}

const time = (seconds: number) => new Date(seconds * 1_000).toISOString();

export function courtStatusOf(standing: CourtStanding, ath: TokenInfo): CourtStatus {
  const { open, suspendedUntil } = standing;
  return {
    frozen: formatAmount(ath, standing.frozen),
    openCase:
      open === null
        ? null
        : {
            id: open.id,
            status: open.status,
            appealUntil: time(open.appealUntil),
            decideUntil: time(open.decideUntil),
          },
    penaltiesWithinYear: standing.penalties,
    suspended: standing.suspended,
    suspendedUntil: suspendedUntil === null ? null : time(suspendedUntil),
    removed: standing.removed,
  };
}

/**
 * An open case and a suspension, in whole sentences, each with what to do about it; the most pressing first, empty where there is neither.
 *
 * @param now chain seconds
 */
export function courtHintsOf(standing: CourtStanding, ath: TokenInfo, now: number): Hindrance[] {
  const hints: Hindrance[] = [];
  const { open, suspendedUntil } = standing;
  const amount = (units: bigint) => formatAmount(ath, units);
  if (open?.status === "Announced" && now <= open.appealUntil) {
    hints.push({
      what: `A penalty of ${amount(open.amount)} for bad service is announced, case ${open.id}.`,
      remedy: `Appeal until ${time(open.appealUntil)}, or ${amount(open.amountWithoutAppeal)} are taken: athanor provider appeal --reasons TEXT --config FILE`,
    });
  } else if (open?.status === "Announced") {
    hints.push({
      what: `Nobody appealed against case ${open.id} in time.`,
      remedy: `Anyone can now execute the penalty of ${amount(open.amountWithoutAppeal)}.`,
    });
  } else if (open !== null) {
    hints.push({
      what: `The appeal against case ${open.id} is decided by ${time(open.decideUntil)}.`,
      remedy: `Undecided, anyone can drop the case then, and ${amount(open.amount)} come back.`,
    });
  }
  if (standing.removed) {
    hints.push({
      what: "The provider was removed for repeated bad service, for good.",
      remedy:
        "What is open goes on and is paid; get the stake back with: athanor provider leave --config FILE",
    });
  } else if (suspendedUntil !== null && now < suspendedUntil) {
    hints.push({
      what: `The provider is suspended for bad service until ${time(suspendedUntil)}: it gets no new work, and what is open goes on and is paid.`,
      remedy: "Afterwards run: athanor provider reinstate --config FILE",
    });
  } else if (suspendedUntil !== null) {
    hints.push({
      what: "The provider's suspension is over, but it ends only by its owner's call.",
      remedy: "Run: athanor provider reinstate --config FILE",
    });
  }
  return hints;
}
