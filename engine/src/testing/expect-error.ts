import { expect } from "chai";
import { EngineError, type EngineErrorCode } from "../errors.ts";

/** Runs `action` and asserts that it refuses with `code`, every fragment standing in the message. */
export async function expectRefusal(
  action: () => unknown,
  code: EngineErrorCode,
  ...fragments: readonly string[]
): Promise<EngineError> {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  expect(error, `expected a refusal with ${code}`).to.be.instanceOf(EngineError);
  const refusal = error as EngineError;
  expect(refusal.code, refusal.message).to.equal(code);
  for (const fragment of fragments) expect(refusal.message).to.contain(fragment);
  expect(refusal.remedy, "remedy").to.not.equal("");
  return refusal;
}
