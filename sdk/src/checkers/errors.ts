import { athanorError, type AthanorError } from "../errors/athanor-error.ts";
import type { ErrorCode, ErrorValues } from "../errors/catalogue.ts";
import { checkingErrorCodes, checkingErrors } from "../errors/checking-errors.ts";
import { addErrors } from "../errors/to-athanor-error.ts";
import { checkingErrorSignatures } from "../generated/checking-errors.ts";

/** Has the SDK know the errors of the checkers' contracts, which the client's bundle does not carry. */
export function addCheckingErrors(): void {
  addErrors(checkingErrorSignatures, checkingErrors, checkingErrorCodes);
}

/** As `athanorError`, for what checkers do. */
export function checkerError<Code extends ErrorCode>(
  code: Code,
  values: ErrorValues<Code> & Record<string, unknown>,
): AthanorError {
  addCheckingErrors();
  return athanorError(code, values);
}
