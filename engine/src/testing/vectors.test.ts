import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { OPERATORS } from "../operators/index.ts";
import { decodeArray, decodeCase, type VectorFile } from "./operator-vectors.ts";
import { runFastOperator } from "./run-fast-operator.ts";
import { runOperator } from "./run-operator.ts";

const EXECUTORS = {
  reference: (...run: Parameters<typeof runOperator>) => runOperator(...run).sections,
  "fast executor": runFastOperator,
};

const FOLDER = fileURLToPath(new URL("../../vectors/operators/", import.meta.url));
const files = readdirSync(FOLDER).map(
  (name) => JSON.parse(readFileSync(FOLDER + name, "utf8")) as VectorFile,
);

describe("the operators' vectors", () => {
  it("cover every operator, each with random, extreme and edge cases", () => {
    expect(files.map(({ kind }) => kind).sort()).to.deep.equal(Object.keys(OPERATORS).sort());
    for (const { kind, opcode, cases } of files) {
      expect(opcode, kind).to.equal(OPERATORS[kind].opcode);
      for (const sort of ["random", "extreme", "edge"]) {
        expect(cases.filter(({ name }) => name.startsWith(sort)).length, `${kind} ${sort}`).to.be.greaterThan(
          0,
        );
      }
    }
  });

  for (const file of files) {
    for (const [executor, execute] of Object.entries(EXECUTORS)) {
      it(`${file.kind} of the ${executor} computes what they say, in every section of the trace`, () => {
        let replayed = 0;
        for (const vector of file.cases) {
          const sections = execute(file.kind, decodeCase(file, vector));
          expect(Object.keys(sections), vector.name).to.deep.equal(Object.keys(vector.sections));
          for (const [name, expected] of Object.entries(vector.sections)) {
            expect(sections[name], `${vector.name}: ${name}`).to.deep.equal(decodeArray(expected));
          }
          replayed++;
        }
        expect(replayed).to.equal(file.cases.length).and.to.be.greaterThan(0);
      });
    }
  }
});
