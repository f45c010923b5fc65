import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PART } from "../../engine/src/dispute/claim.ts";
import { placeOf, positionOf } from "../../engine/src/dispute/place.ts";
import { leafHash } from "../../engine/src/commitments/merkle.ts";
import { generateRandom } from "../../engine/src/testing/random.ts";
import type { VectorFile } from "../../engine/src/testing/operator-vectors.ts";
import { ELEMENT_BYTES } from "../../engine/src/trace/encode-tile.ts";
import { deployJudge, type Judge, type Question } from "../support/step/judge.ts";
import { vectorEvidence } from "../support/step/vector-evidence.ts";

const KINDS = [
  "embed",
  "normalize",
  "narrow",
  "linear",
  "rotate",
  "page",
  "scores",
  "softmax",
  "mix",
  "gate",
  "add",
  "sample",
  "stop",
  "seen",
  "recent",
];
/** Elements of a section that are judged, at least the first and the last. */
const SAMPLE = 12;

describe("StepVerifier: the operators' vectors", function () {
  // Thousands of steps on a chain that shares its cores.
  this.timeout(600_000);
  let judge: Judge;
  before(async () => {
    judge = await deployJudge();
  });

  for (const kind of KINDS) {
    it(`${kind}: every section's elements are correct, and wrong with any bit flipped`, async () => {
      const path = join(import.meta.dirname, "../../engine/vectors/operators", `${kind}.json`);
      const file = JSON.parse(readFileSync(path, "utf8")) as VectorFile;
      const random = generateRandom(1);
      let judged = 0;
      for (const vector of file.cases) {
        const { evidence, operator, position } = vectorEvidence(file, vector);
        await judge.register(evidence);
        const questions: Question[] = [];
        const expected: string[] = [];
        const names: string[] = [];
        for (const section of evidence.layout.operators[operator]!.sections) {
          const { type, groups, size, tile, firstTile, tilesPerGroup, name } = section;
          if (!(name in vector.sections)) {
            // What only sampled requests have.
            const address = { part: PART.trace, position, operator, tile: firstTile, element: 0 };
            const witness = evidence.witness(address, "PAD");
            questions.push({ address, witness }, { address, witness, leaf: leafHash(new Uint8Array(4)) });
            expected.push("correct", "wrong");
            names.push(`${vector.name}: no ${name}`, `${vector.name}: ${name} in a greedy request`);
            continue;
          }
          // Of the rounds that find a threshold, which are alike, some.
          if (/^(counted|threshold)/.test(name) && random() < 0.85) continue;
          // A page's later columns are 0 in every trace; vectors carry on whatever the page before had there.
          const later = kind === "page" ? 31 - (position % 32) : 0;
          const at = { position, operator, tile: firstTile, element: 0 };
          const place = placeOf(evidence.shape.program, { promptCount: 1, maxTokens: 1 }, at);
          const stride = positionOf(place, 1);
          const active = stride > 0 ? Math.floor(position / stride) + 1 : size - later;
          const total = groups * active;
          const chosen = new Set([0, total - 1]);
          while (chosen.size < Math.min(SAMPLE, total)) chosen.add(Math.floor(random() * total));
          for (const index of chosen) {
            const [group, i] = [Math.floor(index / active), index % active];
            const at = { position, operator, tile: firstTile + group * tilesPerGroup + Math.floor(i / tile) };
            const address = { part: PART.trace, ...at, element: i % tile };
            const own = evidence.tile(at)!;
            questions.push({ address, leaf: leafHash(own), witness: evidence.witness(address) });
            const flipped = own.slice();
            const bit = Math.floor(random() * 8 * ELEMENT_BYTES[type]);
            flipped[address.element * ELEMENT_BYTES[type] + (bit >> 3)]! ^= 1 << (bit & 7);
            questions.push({ address, leaf: leafHash(flipped), witness: evidence.witness(address, flipped) });
            expected.push("correct", "wrong");
            names.push(
              `${vector.name}: ${name} ${group}/${i}`,
              `${vector.name}: ${name} ${group}/${i}, flipped`,
            );
          }
        }
        const answers = await judge.ask(evidence.claim, questions);
        const found = answers.map(({ verdict }, index) => `${names[index]!}: ${verdict}`);
        expect(found).to.deep.equal(expected.map((verdict, index) => `${names[index]!}: ${verdict}`));
        judged += answers.length;
      }
      expect(judged).to.be.greaterThan(0);
    });
  }
});
