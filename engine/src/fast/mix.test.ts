import { expect } from "chai";
import type { Value } from "../operators/definition.ts";
import { PAGE } from "../operators/page.ts";
import { generateRandom } from "../testing/random.ts";
import { runFastOperator } from "../testing/run-fast-operator.ts";
import { runOperator } from "../testing/run-operator.ts";

/** What softmax can put out at most: from there on up, weights are not taken in halves. */
const LARGEST = 2 ** 22;

describe("the kernel of attention's sums", () => {
  const random = generateRandom(7);
  const kinds: [string, () => number][] = [
    ["the largest", () => LARGEST],
    ["all bits of the lower half", () => 2 ** 11 - 1],
    ["random", () => Math.floor(random() * (LARGEST + 1))],
    ["one more than the largest now and then", () => LARGEST + (random() < 0.02 ? 1 : -1)],
    ["of either sign", () => Math.floor((random() - 0.5) * LARGEST)],
  ];
  const extremes = [32639, -32639];
  const values: [string, () => number][] = [
    ["the largest values", () => extremes[0]!],
    ["the smallest values", () => extremes[1]!],
    ["values of either sign", () => extremes[Math.floor(2 * random())]!],
  ];

  for (const [weights, weight] of kinds) {
    for (const [what, value] of values) {
      it(`is exact for ${weights} weights and ${what}, four channels at a time and the rest`, () => {
        for (const count of [1, 8, 127, 128, 129, 255, 257, 300]) {
          const [heads, valueHeads, size] = [2, 1, 6];
          const pages = Array.from({ length: Math.ceil(count / PAGE) }, (): Value => {
            const channels = Int16Array.from({ length: valueHeads * size * PAGE }, value);
            return { values: channels };
          });
          const run = {
            constants: [heads, valueHeads, size],
            position: count - 1,
            inputs: [{ values: Int32Array.from({ length: heads * count }, weight) }, pages.at(-1)!],
            history: Array.from({ length: count }, (_, position) => pages[Math.floor(position / PAGE)]!),
          };
          const expected = runOperator("mix", run).sections;
          expect(expected.output, "channels").to.have.length(heads * size);
          expect(runFastOperator("mix", run), `${count} positions`).to.deep.equal(expected);
        }
      });
    }
  }
});
