import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "../../engine/src/commitments/hash.ts";
import { programParts } from "../../engine/src/program/encode.ts";
import { decodeProgram } from "../../engine/src/program/decode.ts";
import type { StepVectors } from "../../engine/src/testing/step-vectors.ts";
import type { ModelRegistry } from "../../sdk/src/generated/contracts/ModelRegistry.ts";
import type { ProgramRegistry } from "../../sdk/src/generated/contracts/ProgramRegistry.ts";
import { deployJudge } from "../support/step/judge.ts";
import { addProgram, ethers } from "../support/system.ts";

describe("StepVerifier: the steps' vectors", () => {
  it("are decided as they say, with the programs as the chain has checked them", async () => {
    const programs = (await ethers.deployContract("ProgramRegistry")) as unknown as ProgramRegistry;
    const models = (await ethers.deployContract("ModelRegistry", [programs])) as unknown as ModelRegistry;
    const judge = await deployJudge({ models, programs });
    const path = join(import.meta.dirname, "../../engine/vectors/steps.json");
    const vectors = JSON.parse(readFileSync(path, "utf8")) as StepVectors;
    const { claims, cases } = vectors;
    for (const { program, commitment } of vectors.models) {
      await addProgram(programs, programParts(decodeProgram(fromHex(program))));
      await models.register(commitment, "");
    }
    const verdicts = { correct: 0, wrong: 0, reverts: 0 };
    for (const { name, claim, address, leaf, witness, expected } of cases) {
      const question = { address, leaf: fromHex(leaf), witness: fromHex(witness) };
      const [answer] = await judge.ask(claims[claim]!, [question]);
      const { verdict } = answer!;
      if (expected === "reverts") expect(verdict, name).to.match(/^[A-Z]\w+\(.+\)$/);
      else expect(verdict, name).to.equal(expected);
      verdicts[expected]++;
    }
    expect(verdicts.correct).to.be.greaterThan(80);
    expect(verdicts.wrong).to.be.greaterThan(40);
    expect(verdicts.reverts).to.be.greaterThan(10);
  });
});
