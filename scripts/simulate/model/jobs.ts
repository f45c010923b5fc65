import { costOf, roundedUp, type Prices } from "../tokens.ts";
import { available, escrowed, type Ledger } from "./ledger.ts";
import type { Stakes } from "./stakes.ts";
import type { Totals } from "./totals.ts";

const ESCROW = "job escrow";
/** Before an unfinished job earns the bounty for whoever ends it (docs/protocol.md, "A job"). */
const GRACE = 600;

/** A job as docs/protocol.md has it: amounts in token units, times in seconds. */
export interface ModelJob {
  /** On chain; known once it is created. */
  id: string;
  readonly name: string;
  readonly client: string;
  readonly provider: string;
  readonly token: string;
  readonly prices: Prices;
  readonly feeBasisPoints: bigint;
  readonly exitBounty: bigint;
  readonly minimumCharge: bigint;
  readonly stakeLock: bigint;
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly submitDeadline: number;
  /** Seconds from the submission to the first in which the result can be final. */
  readonly window: number;
  submittedAt: number | undefined;
  status: "Created" | "Submitted" | "Finalized" | "Expired" | "Declined" | "Refunded";
}

/** Jobs: what each ending pays to whom. */
export class Jobs {
  readonly all: ModelJob[] = [];
  readonly #ledger: Ledger;
  readonly #stakes: Stakes;
  readonly #totals: Totals;

  constructor(ledger: Ledger, stakes: Stakes, totals: Totals) {
    this.#ledger = ledger;
    this.#stakes = stakes;
    this.#totals = totals;
  }

  /** The most that a job can charge. */
  largestPrice(job: ModelJob): bigint {
    return this.#charge(job, job.maxTokens);
  }

  create(job: ModelJob): void {
    const { name, token, client, provider, stakeLock } = job;
    const bound = this.largestPrice(job) + job.exitBounty;
    this.#ledger.move(bound, available(token, client), escrowed(token, client), `creates ${name}`);
    this.#stakes.openWork(provider, stakeLock);
    this.all.push(job);
  }

  submit(job: ModelJob, time: number): void {
    job.submittedAt = time;
    job.status = "Submitted";
  }

  finalize(job: ModelJob, outputTokens: number, recipient: string): void {
    const charge = this.#charge(job, outputTokens);
    const fee = roundedUp(charge * job.feeBasisPoints, 10_000n);
    this.#end(job, "Finalized", { earned: charge - fee, fee, bounty: job.exitBounty, recipient });
  }

  expire(job: ModelJob, recipient: string, time: number): void {
    const bounty = time > job.submitDeadline + GRACE ? job.exitBounty : 0n;
    this.#end(job, "Expired", { bounty, recipient });
  }

  decline(job: ModelJob): void {
    this.#end(job, "Declined", { bounty: 0n, recipient: job.client });
  }

  /** Of a convicted provider. */
  refund(job: ModelJob, recipient: string, time: number): void {
    const end = job.submittedAt === undefined ? job.submitDeadline : job.submittedAt + job.window;
    const bounty = time > end + GRACE ? job.exitBounty : 0n;
    this.#end(job, "Refunded", { bounty, recipient });
  }

  #charge({ prices, promptTokens, minimumCharge }: ModelJob, outputTokens: number): bigint {
    const cost = costOf(prices, promptTokens, outputTokens);
    return cost > minimumCharge ? cost : minimumCharge;
  }

  #end(
    job: ModelJob,
    status: ModelJob["status"],
    paid: { earned?: bigint; fee?: bigint; bounty: bigint; recipient: string },
  ): void {
    const { name, token, client, provider } = job;
    const { earned = 0n, fee = 0n, bounty, recipient } = paid;
    const from = escrowed(token, client);
    const returned = this.largestPrice(job) + job.exitBounty - earned - fee - bounty;
    this.#ledger.move(earned, from, available(token, provider), `earns ${name}`);
    this.#ledger.move(fee, from, available(token, ESCROW), `fee of ${name}`);
    this.#ledger.move(bounty, from, available(token, recipient), `ends ${name}`);
    this.#ledger.move(returned, from, available(token, client), `rest of ${name}`);
    this.#totals.add(token, "paid", earned);
    this.#totals.add(token, "fees", fee);
    this.#totals.add(token, "bounties", bounty);
    this.#totals.add(token, "refunds", returned);
    this.#stakes.endWork(provider, job.stakeLock);
    job.status = status;
  }
}
