import { expect } from "chai";
import type { Program } from "../../engine/src/program/program.ts";
import { validateProgram } from "../../engine/src/program/validate.ts";
import { LLAMA_SHAPES, llamaProgram } from "../../scripts/generate/cost-sheet/llama-program.ts";
import { deployJudge, type Judge } from "../support/step/judge.ts";
import { largeSteps } from "../support/step/large-steps.ts";

/** The aim of docs/cost-sheet.md, for a transaction that does nothing but the step. */
const AIM = 2_000_000n;

/** A model of one layer with so many tokens and the longest list of stop tokens. */
function programOfVocabulary(vocabulary: number): Program {
  const program = llamaProgram({ ...LLAMA_SHAPES[0]!, vocabulary, layers: 1 });
  const list = program.operators.find(({ kind }) => kind === "stop")!.tensors[0]!;
  const operators = program.operators.map((operator) => {
    if (operator.kind === "sample") return { ...operator, constants: [vocabulary, 1024] };
    return operator.kind === "stop" ? { ...operator, constants: [1024] } : operator;
  });
  return {
    ...program,
    operators,
    tensors: program.tensors.with(list, { kind: "table", rows: 1, columns: 1024 }),
  };
}

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

  for (const vocabulary of [128_256, 2 ** 18, 2 ** 20]) {
    it(`no step that chooses among ${vocabulary} tokens or ends an answer takes more than ${AIM} gas`, async () => {
      const program = programOfVocabulary(vocabulary);
      validateProgram(program);
      const kinds = ["sample", "seen", "recent", "stop"];
      let measured = 0;
      for (const { operator, name, section, evidence, address, needed } of largeSteps(program)) {
        if (!kinds.includes(program.operators[operator]!.kind)) continue;
        await judge.register(evidence, { needed });
        const question = { address, leaf: evidence.leaf(address), witness: evidence.witness(address) };
        const [answer] = await judge.ask(evidence.claim, [question]);
        const expected = evidence.verdict(address, question.leaf, question.witness);
        expect(answer!.verdict, `${name} ${section}`).to.equal(expected);
        const gas = await judge.transactionGas(evidence.claim, question);
        expect(gas <= AIM, `${name} ${section} takes ${gas} gas`).to.equal(true);
        measured++;
      }
      expect(measured).to.equal(13);
    });
  }
});
