/** One transaction of a plan: what it does, in words, and the call. */
export interface PlanStep {
  readonly title: string;
  readonly to: string;
  readonly data: string;
}

/** What a command wants to send from one account, and what it found done already. */
export interface Plan {
  /** The account that sends all steps. */
  readonly sender: string;
  readonly done: readonly string[];
  /** What the amounts of the steps are made of: rows of cells. */
  readonly table?: readonly (readonly string[])[];
  readonly steps: readonly PlanStep[];
}
