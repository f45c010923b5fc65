import { AssertionError } from "chai";
import { AthanorError } from "../errors/athanor-error.ts";

/** The AthanorError that a promise rejects with; anything else fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<AthanorError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AthanorError) return error;
    throw error;
  }
  throw new AssertionError("expected a rejection with an AthanorError, but it resolved");
}
