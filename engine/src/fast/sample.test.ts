import { expect } from "chai";
import type { GenerationParameters } from "../commitments/generation.ts";
import { exponentialTable } from "../tables/tables.ts";
import { generateRandom } from "../testing/random.ts";
import { runFastOperator } from "../testing/run-fast-operator.ts";
import { runOperator, type OperatorRun } from "../testing/run-operator.ts";

const CASES = process.env.ATHANOR_AUDIT ? 2000 : 150;

type Random = () => number;

const below = (random: Random, limit: number) => Math.floor(random() * limit);
const oneOf = <Item>(random: Random, items: readonly Item[]) => items[below(random, items.length)]!;

/** Logits as models have them, of few values, all equal, or all over the range of their type. */
function randomLogits(random: Random, vocabulary: number): Int32Array {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const make = oneOf<() => number>(random, [
    () => Math.round(normal() * 3 * 65536),
    () => Math.round(normal() * 20 * 65536),
    () => 65536 * below(random, 4),
    () => 12_345,
    () => -(2 ** 31) + below(random, 2 ** 32),
  ]);
  return Int32Array.from({ length: vocabulary }, make);
}

/** Every parameter or none of them, valid or not: operators are total. */
function randomParameters(random: Random, vocabulary: number): GenerationParameters {
  return {
    maxTokens: 9,
    minTokens: oneOf(random, [0, 4, 9]),
    temperature: oneOf(random, [0, 1, 50, 700, 1000, 1500, 65_535]),
    topK: oneOf(random, [0, 1, 2, 40, vocabulary, 2 ** 32 - 1, below(random, vocabulary)]),
    topP: oneOf(random, [0, 1, 5000, 9500, 9999, 10_000, 65_535]),
    repetitionPenalty: oneOf(random, [0, 1, 100, 900, 1000, 1100, 10_000, 65_535]),
    seed: BigInt(below(random, 2 ** 32)) << BigInt(below(random, 33)),
  };
}

function randomRun(random: Random): OperatorRun {
  const vocabulary = oneOf(random, [1, 2, 31, 33, 1023, 1024, 1025, 3000, 1 + below(random, 4000)]);
  const words = Math.ceil(vocabulary / 32);
  const isSeen = oneOf(random, [0, 0.01, 0.5, 1]);
  const seen = new Int32Array(words);
  for (let token = 0; token < vocabulary; token++) {
    if (random() < isSeen) seen[Math.floor(token / 32)]! |= 1 << (token % 32);
  }
  // Lists may name what the vocabulary does not have, and all that it has.
  const stopTokens = Int32Array.from({ length: below(random, 40) }, () => below(random, vocabulary + 2) - 1);
  const list = { kind: "table", rows: 1, columns: stopTokens.length, values: stopTokens } as const;
  return {
    constants: [vocabulary, stopTokens.length],
    inputs: [{ values: randomLogits(random, vocabulary) }, { values: seen }],
    tensors: [exponentialTable(), ...(stopTokens.length > 0 ? [list] : [])],
    position: below(random, 50),
    generated: 1 + below(random, 9),
    parameters: randomParameters(random, vocabulary),
  };
}

describe("sampling by the fast executor", () => {
  it(`has the reference's sections in ${CASES} random requests, extreme and invalid ones included`, () => {
    const random = generateRandom(14);
    const chosen = new Set<string>();
    for (let index = 0; index < CASES; index++) {
      const run = randomRun(random);
      const { sections } = runOperator("sample", run);
      const found = runFastOperator("sample", run);
      const what = `case ${index}: ${JSON.stringify(run.constants)} ${run.parameters!.temperature}`;
      expect(Object.keys(found), what).to.deep.equal(Object.keys(sections));
      for (const [name, values] of Object.entries(sections)) {
        const same = Buffer.from(values.buffer, values.byteOffset, values.byteLength).equals(
          Buffer.from(found[name]!.buffer, found[name]!.byteOffset, found[name]!.byteLength),
        );
        if (!same) expect(found[name], `${what}, ${name}`).to.deep.equal(values);
      }
      chosen.add(`${run.parameters!.temperature === 0} ${sections["output"]![0] === sections["best"]![0]}`);
    }
    expect(chosen, "greedy choices, likely and unlikely draws").to.have.members([
      ...["true true", "false true", "false false"],
    ]);
  });
});
