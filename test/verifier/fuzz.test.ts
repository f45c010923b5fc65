import { expect } from "chai";
import fc from "fast-check";
import { OPERATORS } from "../../engine/src/operators/index.ts";
import type { OperatorKind } from "../../engine/src/program/program.ts";
import { generateRandom } from "../../engine/src/testing/random.ts";
import { inventedStep } from "../support/step/invented-step.ts";
import { deployJudge, type Judge } from "../support/step/judge.ts";

/** Sections of `sample` that differ. */
const MANY_SECTIONS = 10;
const RUNS = process.env.ATHANOR_AUDIT ? 300 : 12;

describe("StepVerifier: any inputs", () => {
  let judge: Judge;
  before(async () => {
    judge = await deployJudge();
  });

  for (const kind of Object.keys(OPERATORS) as OperatorKind[]) {
    it(`${kind}: the chain computes what the engine computes, and never fails`, async () => {
      let correct = 0;
      const runs = kind === "sample" ? RUNS * MANY_SECTIONS : RUNS;
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          const { evidence, questions } = inventedStep(kind, generateRandom(seed));
          await judge.register(evidence);
          const answers = await judge.ask(evidence.claim, questions);
          const expected = questions.map(({ address, leaf, witness }) =>
            evidence.verdict(address, leaf!, witness),
          );
          expect(answers.map(({ verdict }) => verdict)).to.deep.equal(expected);
          expect(expected[1]).to.equal("wrong");
          if (expected[0] === "correct") correct++;
        }),
        { numRuns: runs },
      );
      // Almost all values fit; those of invalid tensors and impossible traces may not.
      expect(correct).to.be.greaterThan(runs / 3);
    });
  }
});
