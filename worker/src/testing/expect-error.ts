import { expect } from "chai";
import { WorkerError, type WorkerErrorCode } from "../errors.ts";

/** Runs `action` and asserts that it refuses with `code`, every fragment standing in the message. */
export async function expectError(
  action: () => unknown,
  code: WorkerErrorCode,
  ...fragments: readonly string[]
): Promise<WorkerError> {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  expect(error, `expected a refusal with ${code}`).to.be.instanceOf(WorkerError);
  const refusal = error as WorkerError;
  expect(refusal.code, refusal.message).to.equal(code);
  for (const fragment of fragments) expect(refusal.message).to.contain(fragment);
  expect(refusal.remedy, "remedy").to.not.equal("");
  return refusal;
}
