import { AthanorError, type AthanorErrorOptions } from "./athanor-error.ts";
import type { InferenceReceipt } from "../protocol/receipt.ts";
import type { JobTerms } from "../protocol/job.ts";

/** The provider did not answer, declined, or was convicted of a wrong result before this one was final. What was escrowed is back in the client's vault account; the receipt shows it. */
export class ProviderFailedError extends AthanorError {
  override readonly name = "ProviderFailedError";
  readonly job: { readonly id: string; readonly terms: JobTerms };
  readonly receipt: InferenceReceipt;

  constructor(
    code: "ProviderDidNotAnswer" | "ProviderDeclined" | "ProviderConvicted",
    job: { readonly id: string; readonly terms: JobTerms },
    receipt: InferenceReceipt,
    options: AthanorErrorOptions = {},
  ) {
    const { provider, submitDeadline } = job.terms;
    const { refund, bounty, bountyRecipient } = receipt.payment;
    const returned = bountyRecipient === job.terms.client ? refund + bounty : refund;
    const values = { provider, submitDeadline, returned, token: job.terms.token };
    super(code, values, { ...options, token: receipt.payment.token });
    this.job = job;
    this.receipt = receipt;
  }
}
