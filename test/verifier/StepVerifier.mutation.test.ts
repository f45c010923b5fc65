// What single faults of the verifier would change, and traces of honest providers do not show.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { leafHash } from "../../engine/src/commitments/merkle.ts";
import { PART } from "../../engine/src/dispute/claim.ts";
import type { VectorFile } from "../../engine/src/testing/operator-vectors.ts";
import { deployJudge } from "../support/step/judge.ts";
import { vectorEvidence } from "../support/step/vector-evidence.ts";

describe("StepVerifier: an input that is PAD", () => {
  it("is refused: the step cannot be decided where an earlier tile is wrong", async () => {
    const path = join(import.meta.dirname, "../../engine/vectors/operators/narrow.json");
    const file = JSON.parse(readFileSync(path, "utf8")) as VectorFile;
    const judge = await deployJudge();
    let asked = 0;
    for (const vector of file.cases) {
      const { evidence, operator, position } = vectorEvidence(file, vector);
      const sections = evidence.layout.operators[operator]!.sections;
      const exponents = sections.find(({ name }) => name === "exponents")!;
      const address = { part: PART.trace, position, operator, tile: exponents.firstTile, element: 0 };
      const own = evidence.tile(address)!;
      const [first, input, ...others] = evidence.openings(address);
      if (others.length > 0 || input?.read.from !== "trace" || input.read.operator === operator) continue;

      // The way up from a tile is the same whatever the tile is; only the root changes.
      const tile = evidence.tile(input.read)!;
      const way = input.bytes.slice(1 + tile.length);
      evidence.putTile(input.read, undefined);
      const witness = Buffer.concat([evidence.request(), first!.bytes, Uint8Array.of(0), way]);
      await judge.register(evidence);
      const [answer] = await judge.ask(evidence.claim, [{ address, leaf: leafHash(own), witness }]);
      expect(answer!.verdict, vector.name).to.equal(`InputMissing(${position}, ${input.read.operator})`);
      asked += 1;
    }
    expect(asked).to.be.greaterThan(0);
  });
});
