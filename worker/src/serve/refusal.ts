import { providerErrors, type ProviderErrorCode } from "@athanor/sdk/channels";

/** Why the provider does not do what a client asks; docs/native-protocol.md, section 6, lists the codes. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ProviderErrorCode;
  readonly remedy: string;
  /** Seconds after which the same message may succeed; undefined where it never will. */
  readonly retryAfter: number | undefined;

  constructor(code: ProviderErrorCode, message: string, remedy: string, retryAfter = 2) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.retryAfter = providerErrors[code].later ? retryAfter : undefined;
  }

  get status() {
    return providerErrors[this.code].status;
  }
}
