import { expect } from "chai";
import { OPERATORS } from "../operators/index.ts";
import { replayFast, replayReference } from "./replay-vectors.ts";
import { operatorVectors } from "./vector-files.ts";

const EXECUTORS = { reference: replayReference, "fast executor": replayFast };

describe("the operators' vectors", () => {
  it("cover every operator, each with random, extreme and edge cases", () => {
    expect(operatorVectors.map(({ kind }) => kind).sort()).to.deep.equal(Object.keys(OPERATORS).sort());
    for (const { kind, opcode, cases } of operatorVectors) {
      expect(opcode, kind).to.equal(OPERATORS[kind].opcode);
      for (const sort of ["random", "extreme", "edge"]) {
        expect(cases.filter(({ name }) => name.startsWith(sort)).length, `${kind} ${sort}`).to.be.greaterThan(
          0,
        );
      }
    }
  });

  for (const file of operatorVectors) {
    for (const [executor, replay] of Object.entries(EXECUTORS)) {
      it(`${file.kind} of the ${executor} computes what they say, in every section of the trace`, () =>
        replay(file));
    }
  }
});
