import { expect } from "chai";
import { LLAMA_SHAPES, llamaProgram } from "../../scripts/generate/cost-sheet/llama-program.ts";
import { deployJudge, type Judge } from "../support/step/judge.ts";
import { largeSteps } from "../support/step/large-steps.ts";

/** The aim of docs/cost-sheet.md, for a transaction that does nothing but the step. */
const AIM = 2_000_000n;

describe("StepVerifier: gas at the shapes of large models", () => {
  let judge: Judge;
  before(async () => {
    judge = await deployJudge();
  });

  for (const shape of LLAMA_SHAPES) {
    it(`no step of a model of ${shape.name} takes more than ${AIM} gas, and both judges agree about it`, async () => {
      const program = llamaProgram(shape);
      for (const { name, section, evidence, address, needed } of largeSteps(program)) {
        await judge.register(evidence, { needed });
        const question = { address, leaf: evidence.leaf(address), witness: evidence.witness(address) };
        const [answer] = await judge.ask(evidence.claim, [question]);
        const expected = evidence.verdict(address, question.leaf, question.witness);
        expect(answer!.verdict, `${name} ${section}`).to.equal(expected);
        const gas = await judge.transactionGas(evidence.claim, question);
        expect(gas <= AIM, `${name} ${section} takes ${gas} gas`).to.equal(true);
      }
    });
  }
});
