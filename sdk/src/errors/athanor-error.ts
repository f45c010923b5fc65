import { catalogue, type ErrorCode, type ErrorValues } from "./catalogue.ts";
import { render, type ErrorContext } from "./render.ts";

export interface AthanorErrorOptions extends ErrorContext {
  readonly cause?: unknown;
}

/**
 * The one error class of the SDK.
 *
 * @example
 * try {
 *   await client.infer(request);
 * } catch (error) {
 *   if (error instanceof AthanorError && error.code === "PriceAboveLimit") console.log(error.values, error.remedy);
 *   else throw error;
 * }
 */
export class AthanorError extends Error {
  override readonly name: string = "AthanorError";
  /** Stable: a custom error's Solidity name, or one of the SDK's own codes. */
  readonly code: ErrorCode;
  /** What is wrong, with the values. `message` is this and the remedy. */
  readonly shortMessage: string;
  /** What to do about it. */
  readonly remedy: string;
  /** The values the message speaks of, unformatted: amounts in token units, times in seconds since 1970. */
  readonly values: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, values: Record<string, unknown>, options: AthanorErrorOptions = {}) {
    const [template, remedy] = catalogue[code];
    const shortMessage = render(template, values, options);
    const remedyText = render(remedy, values, options);
    super(
      `${shortMessage} ${remedyText}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.shortMessage = shortMessage;
    this.remedy = remedyText;
    this.values = values;
  }
}

/** Makes an error of the catalogue; the compiler asks for all the values its message needs. */
export function athanorError<Code extends ErrorCode>(
  code: Code,
  values: ErrorValues<Code> & Record<string, unknown>,
  options: AthanorErrorOptions = {},
): AthanorError {
  return new AthanorError(code, values, options);
}
