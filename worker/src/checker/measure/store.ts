import type { ChannelAnswer, ChannelTerms, Receipt, SessionStore, Signed } from "@athanor/sdk/channels";
import type { RequestStore } from "@athanor/sdk/private";
import type { JobTerms } from "@athanor/sdk/protocol";
import type { Timing } from "./statistics.ts";

/** How a provider is asked in an epoch, decided once. Times are seconds since 1970 by the chain's clock. */
export interface Plan {
  readonly epoch: number;
  /** Owner account of the provider. */
  readonly provider: string;
  /** The buyer's account that asks. */
  readonly account: string;
  /** When the first request may be sent, and the last. */
  readonly from: number;
  readonly until: number;
  /** The epoch's first second, and the one after its last. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** Through a channel, by jobs, or not at all: it offers nothing. */
  readonly by: "channel" | "job" | "nothing";
  /** Root of the model that is asked, and token that is paid; empty if it offers nothing. */
  readonly model: string;
  readonly token: string;
}

/** sent: on its way, or interrupted. void: not counted, because the fault was the checker's own. */
export type RequestState = "sent" | "answered" | "unanswered" | "void";

/** What shows that a request was answered. */
export type Shown =
  | { readonly kind: "receipt"; readonly channel: ChannelTerms; readonly receipt: Signed<Receipt> }
  | { readonly kind: "job"; readonly terms: JobTerms; readonly submittedAt: number };

/** An answer that was bought, with all that recomputing and challenging it takes. */
export type BoughtAnswer =
  | {
      readonly kind: "receipt";
      /** The buyer's account: of a private answer only it and its delegates can challenge. */
      readonly account: string;
      readonly channel: ChannelTerms;
      readonly receipt: Signed<Receipt>;
      readonly request: ChannelAnswer["request"];
      readonly tokens: readonly number[];
    }
  | { readonly kind: "job"; readonly account: string; readonly jobId: string };

/** One request, recorded before anything of it is sent. */
export interface StoredRequest {
  readonly number: number;
  readonly state: RequestState;
  readonly by: "channel" | "job";
  /** Seconds since 1970 by the chain's clock. */
  readonly sentAt: number;
  /** Number of the newest block then. */
  readonly block: number;
  readonly token: string;
  /** Most that it costs, token units. */
  readonly limit: bigint;
  /** What it cost, once that is known for sure; until then its limit counts. */
  readonly cost: bigint | null;
  /** Of a channel: nonce of the voucher before. Of a job: which of the epoch's salts it has. */
  readonly mark: number;
  readonly jobId: string | null;
  readonly timing: Timing | null;
  readonly shown: Shown | null;
  /** Code of the error that ended it, or null. */
  readonly reason: string | null;
}

export type RequestChange = Partial<
  Pick<StoredRequest, "state" | "cost" | "mark" | "jobId" | "timing" | "shown" | "reason">
>;

/** A channel of a plan: `sent` from before its deposit leaves, `never` once it is sure that it did not open. */
export interface StoredChannel {
  readonly id: string;
  readonly state: "sent" | "closed" | "never";
}

/** A job whose escrow is not back, or paid out, yet. */
export interface OpenJob {
  readonly epoch: number;
  readonly provider: string;
  readonly account: string;
  readonly number: number;
  readonly jobId: string;
  readonly token: string;
}

/**
 * What the buyer must not forget. Every method is durable when it returns: requests are recorded before they are sent, so that a restart neither buys twice nor
 * loses what was bought.
 */
export interface MeasureStore {
  plan(epoch: number, provider: string): Plan | undefined;
  putPlan(plan: Plan): void;
  /** Plans of epochs before this one of which money may still be out. */
  unsettledPlans(before: number): Plan[];
  setSettled(plan: Plan): void;
  /** Accounts that asked this provider before. */
  accountsOf(provider: string): string[];

  /** In the order in which they were sent. */
  requests(epoch: number, provider: string): StoredRequest[];
  addRequest(epoch: number, provider: string, request: StoredRequest): void;
  changeRequest(epoch: number, provider: string, number: number, change: RequestChange): void;
  openJobs(plan: Plan): OpenJob[];
  setJobEnded(job: OpenJob): void;

  /** Token units that left in an epoch for good, or may have: costs or limits of requests, bounties of channels. */
  spent(epoch: number, token: string, provider?: string): bigint;

  /** An answer that nobody has looked at yet. */
  putBought(epoch: number, provider: string, number: number, answer: BoughtAnswer): void;
  /** Oldest first. */
  unverified(): { readonly key: number; readonly answer: BoughtAnswer }[];
  setVerified(key: number): void;

  /** Where the SDK keeps the channels of a plan. */
  sessions(plan: Plan): SessionStore;
  channels(plan: Plan): StoredChannel[];
  setChannelState(id: string, state: StoredChannel["state"]): void;
  /** Where the SDK keeps private requests. */
  readonly privateRequests: RequestStore;

  /** Forgets epochs before this one that are settled. */
  prune(epoch: number): void;
}
