import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { fromHex } from "../commitments/hash.ts";
import type { Model } from "../model.ts";
import { decodeProgram } from "../program/decode.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import type { StepVectors } from "../testing/step-vectors.ts";
import { verifyStep } from "./verify.ts";

const FILE = fileURLToPath(new URL("../../vectors/steps.json", import.meta.url));
const { models, claims, cases } = JSON.parse(readFileSync(FILE, "utf8")) as StepVectors;

describe("the steps' vectors", () => {
  it("are decided as they say, from programs and roots alone", async () => {
    const verdicts = { correct: 0, wrong: 0, reverts: 0 };
    const known = models.map(({ program, commitment }): Pick<Model, "program" | "commitment"> => ({
      program: decodeProgram(fromHex(program)),
      commitment: { ...commitment, workPerPosition: BigInt(commitment.workPerPosition) },
    }));
    for (const { name, model, claim, address, leaf, witness, expected } of cases) {
      const verify = () => verifyStep(known[model]!, claims[claim]!, address, leaf, fromHex(witness));
      if (expected === "reverts") await expectRefusal(verify, "WITNESS_INVALID");
      else expect(verify() ? "correct" : "wrong", name).to.equal(expected);
      verdicts[expected]++;
    }
    expect(verdicts.correct).to.be.greaterThan(80);
    expect(verdicts.wrong).to.be.greaterThan(40);
    expect(verdicts.reverts).to.be.greaterThan(10);
  });
});
