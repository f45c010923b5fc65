import { expect } from "chai";
import type { Model } from "../model.ts";
import { generate, type GenerateOptions, type Generation } from "../run/generate.ts";
import type { Observation } from "../run/session.ts";
import { sameBytes } from "./same-bytes.ts";

export interface RecordedRequest {
  readonly seen: Observation[];
  readonly generation: Generation;
}

/** A request with every intermediate that its executor shows. */
export async function recordRequest(model: Model, options: GenerateOptions): Promise<RecordedRequest> {
  const seen: Observation[] = [];
  const generation = await generate(model, { ...options, observer: (observation) => seen.push(observation) });
  return { seen, generation };
}

/** Expects the same intermediates in the same order, and the same answer. */
export function expectSameRequest(found: RecordedRequest, expected: RecordedRequest, what: string): void {
  for (const [index, observation] of expected.seen.entries()) {
    const { position, name, section, values } = observation;
    const where = `${what}: position ${position}, ${name} ${section}`;
    const other = found.seen[index];
    expect(other && { ...other, values: other.values.constructor.name }, where).to.deep.equal({
      ...observation,
      values: values.constructor.name,
    });
    if (!sameBytes(other!.values, values)) expect(other!.values, where).to.deep.equal(values);
  }
  expect(found.seen.length, what).to.equal(expected.seen.length);
  expect(found.generation, what).to.deep.equal(expected.generation);
}
