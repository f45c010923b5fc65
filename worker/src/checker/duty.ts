import type { CheckerRules, EnrolledProvider, EpochView } from "@athanor/sdk/checkers";

/** What one look at the chain found. Epochs are the chain's: nothing here follows the machine's clock. */
export interface RoundView {
  /** Number of the newest block. */
  readonly block: number;
  /** The second that a transaction sent now would see, since 1970. */
  readonly now: number;
  /** The epoch of that second. */
  readonly epoch: number;
  /** The epoch of the newest block that is as deep as is configured: it has begun for good. */
  readonly settledEpoch: number;
  /** First second of an epoch, since 1970. */
  readonly startOf: (epoch: number) => number;
  /** The parameters of an epoch not older than five before the current one. Read once a round. */
  readonly rulesOf: (epoch: number) => Promise<CheckerRules>;
  /** What is known of an epoch: its seed, if it was drawn, and how many committed to it. Read once a round. */
  readonly readEpoch: (epoch: number) => Promise<EpochView>;
  /** Every provider that is or was measured. Read once a round. */
  readonly enrolled: () => Promise<readonly EnrolledProvider[]>;
}

/** Something that a checker does again and again. */
export interface Duty {
  readonly name: string;
  /**
   * Does what is due now, what expires first before the rest, and returns: it waits for transactions, never for an epoch. Before each move it
   * reads whether the chain has it already, so that it may be ended at any point and called again. What it throws is logged; the next round
   * calls it again.
   */
  advance(view: RoundView): Promise<void>;
}

/** Does all of these, one after the other, whatever becomes of those before. @throws what the first failure threw, at the end */
export async function inTurn(...parts: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts) {
    try {
      await part();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
