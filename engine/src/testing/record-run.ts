import { expect } from "chai";
import type { Observation, Session } from "../run/session.ts";
import { sameBytes } from "./same-bytes.ts";

/** Runs `parts` one after another and returns every intermediate, and the logits after each part. */
export function recordRun(
  make: (observer: (observation: Observation) => void) => Session,
  parts: readonly (readonly number[])[],
) {
  const seen: Observation[] = [];
  const session = make((observation) => seen.push(observation));
  const logits = parts.map((part) => session.run(part));
  return { seen, logits };
}

/** Expects the same intermediates in the same order, and the same logits. */
export function expectSameRun(
  found: ReturnType<typeof recordRun>,
  expected: ReturnType<typeof recordRun>,
  what: string,
): void {
  expect(found.seen.length, what).to.equal(expected.seen.length);
  for (const [index, observation] of expected.seen.entries()) {
    const other = found.seen[index]!;
    const where = `${what}: position ${observation.position}, ${observation.name} ${observation.section}`;
    expect(
      [other.position, other.operator, other.name, other.section, other.values.constructor],
      where,
    ).to.deep.equal([
      observation.position,
      observation.operator,
      observation.name,
      observation.section,
      observation.values.constructor,
    ]);
    if (!sameBytes(other.values, observation.values)) {
      expect(other.values, where).to.deep.equal(observation.values);
    }
  }
  expect(found.logits, what).to.deep.equal(expected.logits);
}
