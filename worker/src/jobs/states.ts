import { WorkerError } from "../errors.ts";

/** Where a job stands on this worker. */
export type JobStateName =
  | "seen"
  | "running"
  | "computed"
  | "submitting"
  | "submitted"
  | "collecting"
  | "collected"
  | "declining"
  | "declined"
  | "late"
  | "releasing"
  | "missed";

/**
 * The life of a job: every state, what it means, and the states that may follow.
 *
 *   seen ─▶ running ─▶ computed ─▶ submitting ─▶ submitted ─▶ collecting ─▶ collected
 *     └─▶ declining ─▶ declined        │ (from seen, running, computed too)
 *                                    late ─▶ releasing ─▶ missed
 *
 * What the chain says wins over what is stored: a crash, somebody else's transaction or a reorganisation moves a job to the state
 * in which the chain has it, forwards or backwards. Those moves are the ones marked `chain` below.
 */
export const jobStates: Readonly<Record<JobStateName, JobStateRow>> = {
  seen: {
    meaning: "created on chain, waiting for a free place",
    next: ["running", "declining", "late"],
    chain: ["submitted", "collected", "declined", "missed"],
  },
  running: {
    meaning: "tokens are being generated; a restart continues after the last stored one",
    next: ["computed", "declining", "late"],
    chain: ["submitted", "collected", "declined", "missed"],
  },
  computed: {
    meaning: "the output is stored and waits to be submitted",
    next: ["submitting", "late"],
    chain: ["submitted", "collected", "declined", "missed"],
  },
  submitting: {
    meaning: "a signed submission is stored and, as far as we know, sent",
    next: ["submitted", "computed", "late"],
    chain: ["submitted", "collected", "declined", "missed"],
  },
  submitted: {
    meaning: "the result is on chain, inside its challenge window",
    next: ["collecting"],
    chain: ["collected", "computed", "seen", "missed", "declined"],
  },
  collecting: {
    meaning: "a signed finalisation is stored and, as far as we know, sent",
    next: ["collected", "submitted"],
    chain: ["collected", "submitted", "computed", "seen", "missed", "declined"],
  },
  collected: {
    meaning: "finalised: the payment is in the owner's vault account",
    next: [],
    chain: ["submitted", "computed", "seen", "missed", "declined"],
  },
  declining: {
    meaning: "a signed decline is stored and, as far as we know, sent",
    next: ["declined", "seen", "late"],
    chain: ["declined", "submitted", "collected", "missed"],
  },
  declined: {
    meaning: "given back: the client has its money",
    next: [],
    chain: ["seen", "computed", "submitted", "collected", "missed"],
  },
  late: {
    meaning: "the deadline passed without our result; our stake is bound until somebody expires the job",
    next: ["releasing", "missed"],
    chain: ["submitted", "collected", "declined", "missed", "computed", "seen"],
  },
  releasing: {
    meaning: "a signed expiry is stored and, as far as we know, sent",
    next: ["missed", "late"],
    chain: ["submitted", "collected", "declined", "missed"],
  },
  missed: {
    meaning: "ended without payment: expired, refunded after a conviction, or gone with a reorganisation",
    next: [],
    chain: ["seen", "computed", "submitted", "collected", "declined", "late"],
  },
};

interface JobStateRow {
  readonly meaning: string;
  /** Moves that this worker makes. */
  readonly next: readonly JobStateName[];
  /** Moves that the chain forces. */
  readonly chain: readonly JobStateName[];
}

/** States in which nothing remains to be done, unless the chain changes its mind. */
export const endedStates: readonly JobStateName[] = ["collected", "declined", "missed"];

/** States in which a stored transaction decides how it goes on. */
export const waitingStates: readonly JobStateName[] = ["submitting", "collecting", "declining", "releasing"];

/**
 * Throws unless the move stands in the table.
 *
 * @throws WorkerError TRANSITION_INVALID: a fault of the worker, not of its user
 */
export function requireTransition(from: JobStateName, to: JobStateName): void {
  if (from === to || jobStates[from].next.includes(to) || jobStates[from].chain.includes(to)) return;
  throw new WorkerError("TRANSITION_INVALID", `A job cannot go from ${from} to ${to}.`, {
    remedy: "This is a defect of the worker; please report it with the log lines before it.",
    details: { from, to },
  });
}
