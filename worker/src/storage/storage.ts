import type { Generation, HiddenRequest, JobTerms } from "@athanor/sdk/protocol";
import type { ChannelState } from "@athanor/sdk/channels";
import type { JobStateName } from "../jobs/states.ts";
import type { ChannelStage, StoredAnswer, StoredChannel } from "./channels.ts";
import type { StoredContent } from "./contents.ts";
import type { StoredExam } from "./exams.ts";

/** What a database belongs to. Used for anything else, it would make the worker act on another chain's jobs. */
export interface Identity {
  readonly chainId: number;
  /** Hash of block 0: a local chain that was started anew is another chain. */
  readonly genesis: string;
  readonly jobEscrow: string;
  readonly provider: string;
}

/** The last block whose events are stored. */
export interface Cursor {
  readonly number: number;
  readonly hash: string;
}

export interface StoredJob {
  readonly id: string;
  readonly state: JobStateName;
  readonly terms: JobTerms;
  /**
   * Empty once it was moved to the content store, and after the job ended; no public job has an empty prompt. That of a private one is
   * always empty: its request is stored as it stands on chain only, sealed.
   */
  readonly prompt: readonly number[];
  readonly generation: Generation;
  readonly hidden: HiddenRequest | null;
  readonly createdBlock: number;
  /** Output so far; moved and removed together with the prompt. Of a private job the encrypted tokens of the whole one, or none. */
  readonly tokens: readonly number[];
  /** Whether `tokens` are the whole output. */
  readonly complete: boolean;
  /** Chain seconds, once the result is on chain. */
  readonly submittedAt: number | null;
  /** Paid to the provider, in units of the job's token, once collected. */
  readonly earned: bigint | null;
  /** Why the job was declined, is late or was missed. */
  readonly reason: string | null;
  /** Generations that failed. */
  readonly failures: number;
  /** Milliseconds since 1970, local clock: not tried again before this. */
  readonly notBefore: number;
}

/** What a step may change of a stored job. */
export type JobChange = Partial<
  Pick<
    StoredJob,
    | "state"
    | "prompt"
    | "tokens"
    | "complete"
    | "submittedAt"
    | "earned"
    | "reason"
    | "failures"
    | "notBefore"
  >
>;

export type TransactionKind =
  "submit" | "decline" | "finalize" | "expire" | "settle-channels" | "close-channel" | "release-channel";

/** One signed form of a transaction. All attempts of a transaction share its nonce, so at most one is ever mined. */
export interface Attempt {
  readonly hash: string;
  /** The signed transaction: sending it again is sending the same one. */
  readonly raw: string;
  /** Milliseconds since 1970, local clock. */
  readonly sentAt: number;
}

export interface StoredTransaction {
  readonly id: number;
  readonly nonce: number;
  readonly kind: TransactionKind;
  /** Ids of the jobs, or of the channels, that it is about. */
  readonly jobIds: readonly string[];
  readonly to: string;
  readonly data: string;
  readonly gasLimit: bigint;
  readonly attempts: readonly Attempt[];
  readonly status: "pending" | "mined" | "reverted" | "lost";
}

export interface TransactionOutcome {
  readonly status: "mined" | "reverted" | "lost";
  readonly gasUsed: bigint;
  /** Wei. */
  readonly feePaid: bigint;
}

export interface JobTotals {
  readonly state: JobStateName;
  readonly token: string;
  readonly jobs: number;
  readonly earned: bigint;
}

/** What must survive a crash. Every method is one atomic write or one read; `atomically` makes several writes one. */
export interface Storage {
  atomically<T>(writes: () => T): T;

  identity(): Identity | null;
  setIdentity(identity: Identity): void;
  cursor(): Cursor | null;
  setCursor(cursor: Cursor): void;
  /** Milliseconds since 1970 at which a daemon was last alive on this database, or null. */
  lastAlive(): number | null;
  setLastAlive(milliseconds: number): void;

  job(id: string): StoredJob | null;
  /** In the order of their deadlines. */
  jobsIn(states: readonly JobStateName[]): StoredJob[];
  jobCount(states: readonly JobStateName[]): number;
  /** Jobs that have not ended, and those that changed at or after the time (local milliseconds). */
  jobsToRecheck(changedSince: number): StoredJob[];
  /** Returns false, and changes nothing, if the job is known. */
  addJob(job: StoredJob): boolean;
  /**
   * Moves a job; the move must stand in the table of states.
   *
   * @throws WorkerError TRANSITION_INVALID
   */
  changeJob(id: string, change: JobChange): StoredJob;
  /** Jobs whose result is on chain, and whose prompt and tokens are here. */
  jobsToMove(most: number): StoredJob[];
  /** Jobs and earnings by state and token. */
  totals(): JobTotals[];
  /** Drops jobs and transactions that ended before the time (local milliseconds); their sums stay. Returns how many jobs. */
  prune(endedBefore: number): number;

  content(owner: string): StoredContent | null;
  /** Owners of contents whose name begins so. */
  contentOwners(beginning: string): string[];
  setContent(content: StoredContent): void;
  dropContent(owner: string): void;
  /** Whether the key is that of another owner's content, too. */
  isContentShared(key: string, owner: string): boolean;
  /** Contents whose time is over, and those of jobs that ended before another time or are not stored any more (local milliseconds). */
  dueContents(now: number, endedBefore: number): StoredContent[];
  /** Removes prompts and answers of jobs that ended before the time (local milliseconds). */
  clearEnded(endedBefore: number): void;

  pendingTransactions(): StoredTransaction[];
  addTransaction(transaction: Omit<StoredTransaction, "id" | "status">): StoredTransaction;
  addAttempt(id: number, attempt: Attempt): StoredTransaction;
  endTransaction(id: number, outcome: TransactionOutcome): void;
  /** Transactions of a kind whose first attempt was sent at or after the time (local milliseconds). */
  transactionsSince(kind: TransactionKind, milliseconds: number): number;
  /** Gas and wei that mined transactions have cost, ever. */
  gasTotals(): { transactions: number; gasUsed: bigint; feePaid: bigint };

  channel(id: string): StoredChannel | null;
  channelsIn(stage: ChannelStage): StoredChannel[];
  channelCount(stage: ChannelStage): number;
  /** Returns false, and changes nothing, if the channel is known. */
  addChannel(channel: Omit<StoredChannel, "book" | "notBefore">): boolean;
  changeChannel(id: string, change: Partial<Pick<StoredChannel, "stage" | "chain" | "notBefore">>): void;
  /** Replaces a book that is still `expected`; returns false, and changes nothing, if it is another by now. */
  saveBook(id: string, book: ChannelState, expected: ChannelState | null): boolean;
  answer(channel: string, nonce: number): StoredAnswer | null;
  /** Those of a channel that have a receipt, oldest first, read one after another. */
  answersWithReceipt(channel: string): Iterable<StoredAnswer>;
  putAnswer(answer: StoredAnswer): void;
  /** The block from which on channels may have opened that this database serves; null until it is set. */
  channelsSince(): number | null;
  setChannelsSince(block: number): void;
  /** Answers with a receipt that no client asks about any more: those before a channel's last two, and of channels that were dropped. */
  answersToMove(most: number): StoredAnswer[];
  dropAnswer(channel: string, nonce: number): void;
  /** Drops a channel's answers without a receipt before a nonce: a later voucher was taken, so nobody can ask for them. */
  dropUnanswered(channel: string, before: number): void;
  /** Drops channels that were over before the time (local milliseconds), and their answers without a receipt. */
  pruneChannels(endedBefore: number): void;

  /** What a checker had of this provider in the exam of an epoch. */
  exam(epoch: number, checker: string): StoredExam;
  /** Forgets other epochs. */
  putExam(epoch: number, checker: string, exam: StoredExam): void;

  close(): void;
}
