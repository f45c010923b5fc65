import { findJob, verifyRecord } from "../client/job-records.ts";
import { validateHash } from "../client/arguments.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import type { AthanorContracts } from "../protocol/connect-contracts.ts";
import type { JobRecord } from "../protocol/job.ts";
import { challengeDispute } from "./challenge.ts";
import { claimedDispute, type ClaimedReceipt } from "./claimed-receipt.ts";
import { createDisputeContext, openedJob, type DisputeContext } from "./context.ts";
import { defendDispute, defendJob } from "./defend.ts";
import { disputeOf, type Dispute } from "./dispute.ts";
import { receiptDispute, type ReceiptResult } from "./receipt-result.ts";
import type {
  ChallengeOptions,
  ChallengeOutcome,
  DefenceOutcome,
  DefendOptions,
  DisputesOptions,
  Recomputation,
  Verification,
} from "./types.ts";
import { recomputeDispute, verifyDispute } from "./verify.ts";

/**
 * Checks results, challenges wrong ones, defends right ones. Everything is read from the chain at every step, so a call that was
 * interrupted anywhere goes on when it is made again, by the same account.
 *
 * @example
 * const disputes = await Disputes.connect({ signer, model: async (root) => models.get(root) });
 * const { honest } = await disputes.verify(jobId);
 * if (!honest) await disputes.challenge(jobId, { onMove: console.log });
 */
export class Disputes {
  readonly #context: DisputeContext;

  private constructor(context: DisputeContext) {
    this.#context = context;
  }

  /** @throws AthanorError as `AthanorClient.connect` */
  static async connect(options: DisputesOptions): Promise<Disputes> {
    return guard(async () => new Disputes(await createDisputeContext(options)));
  }

  /** The signer's account. */
  get account(): string {
    return this.#context.account;
  }

  /** The contracts, connected for reading. */
  get contracts(): AthanorContracts {
    return this.#context.contracts;
  }

  /** Recomputes a job's request with its model and compares the result. Sends nothing. */
  async verify(job: string | JobRecord, options: { signal?: AbortSignal } = {}): Promise<Verification> {
    return guard(async () => {
      const { signal } = options;
      return verifyDispute(this.#context, await this.#dispute(job, signal), signal);
    });
  }

  /**
   * The same, and hashes the trace, which takes longer than `verify`: what a checker attests to. Sends nothing.
   *
   * @throws AthanorError as `verify`
   */
  async recompute(job: string | JobRecord, options: { signal?: AbortSignal } = {}): Promise<Recomputation> {
    return guard(async () => {
      const { signal } = options;
      return recomputeDispute(this.#context, await this.#dispute(job, signal), signal);
    });
  }

  /**
   * Challenges a result if it is wrong: commits, opens, walks down to the first difference, has it executed, claims what the
   * provider lets lapse, and collects bond and reward. Takes as long as the provider's clocks allow.
   */
  async challenge(job: string | JobRecord, options: ChallengeOptions = {}): Promise<ChallengeOutcome> {
    return guard(async () => {
      const dispute = await this.#dispute(job, options.signal);
      return challengeDispute(this.#context, dispute, options);
    });
  }

  /**
   * Recomputes what a channel's receipt is for and compares. Sends nothing.
   *
   * @throws AthanorError `InvalidArgument` when channel, request or tokens are not those of the receipt, `ModelUnavailable`
   */
  async verifyReceipt(
    claimed: ClaimedReceipt,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Verification> {
    return guard(async () => {
      const { signal } = options;
      return verifyDispute(this.#context, await claimedDispute(this.#context, claimed, signal), signal);
    });
  }

  /**
   * Challenges a channel's receipt if it is wrong, until it expires: commits, presents it, and goes on as `challenge` does. Whether it can be presented is found
   * out before the bond is paid.
   *
   * @throws AthanorError as `verifyReceipt`; `ChallengeTooLate`, `BondAboveLimit`, `NotClientOrDelegate`, and what `present` refuses
   */
  async challengeReceipt(claimed: ClaimedReceipt, options: ChallengeOptions = {}): Promise<ChallengeOutcome> {
    return guard(async () => {
      const dispute = await claimedDispute(this.#context, claimed, options.signal);
      return challengeDispute(this.#context, dispute, options);
    });
  }

  /** Answers all challenges of a result until none is alive, or makes one move. */
  async defend(job: string | JobRecord, options: DefendOptions = {}): Promise<DefenceOutcome> {
    return guard(async () => defendJob(this.#context, await this.#job(job), options));
  }

  /** Answers all challenges of a channel's receipt until none is alive, or makes one move. */
  async defendReceipt(result: ReceiptResult, options: DefendOptions = {}): Promise<DefenceOutcome> {
    return guard(async () =>
      defendDispute(this.#context, await receiptDispute(this.#context, result), options),
    );
  }

  async #dispute(job: string | JobRecord, signal: AbortSignal | undefined): Promise<Dispute> {
    return disputeOf(this.#context, await this.#job(job), signal);
  }

  async #job(job: string | JobRecord): Promise<JobRecord> {
    if (typeof job === "string") validateHash("job", job);
    const record =
      typeof job === "string" ? await findJob(this.#context, job) : verifyRecord(this.#context, job);
    return openedJob(this.#context, record);
  }
}

async function guard<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toAthanorError(error);
  }
}
