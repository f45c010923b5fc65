import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { toHex } from "../commitments/hash.ts";
import { leafHash } from "../commitments/merkle.ts";
import { PAGE } from "../operators/page.ts";
import type { SectionValues } from "../operators/definition.ts";
import { decodeCase, type VectorFile } from "../testing/operator-vectors.ts";
import { generateRandom } from "../testing/random.ts";
import { runOperator, type OperatorRun } from "../testing/run-operator.ts";
import { stepOperator } from "../testing/run-step-operator.ts";
import { longScene, sampledWideScene, tinyScenes, wideScene } from "../testing/step-models.ts";
import { exponentialTable } from "../tables/tables.ts";
import { randomElement, stageOf } from "../testing/step-scenes.ts";
import type { OperatorKind } from "../program/program.ts";
import { traceLayout } from "../trace/layout.ts";
import { openingShape } from "./openings.ts";
import { stepReads } from "./step.ts";

const FOLDER = fileURLToPath(new URL("../../vectors/operators/", import.meta.url));
/** Elements of a section that are recomputed; all in the audit. */
const SAMPLES = process.env.ATHANOR_AUDIT ? Infinity : 24;

/** Steps some elements of every section, first and last ones included, and holds them to what the executor shows. */
function expectSteps(kind: OperatorKind, run: OperatorRun, name: string): number {
  const { sections } = runOperator(kind, run);
  const step = stepOperator(kind, run, sections);
  let steps = 0;
  for (const [section, values] of Object.entries(sections)) {
    for (const index of sampled(values)) {
      // Columns of later positions are 0 on every page that can be; the vectors' have any values there.
      if (kind === "page" && index % PAGE > (run.position ?? 0) % PAGE) continue;
      expect(step(section, index), `${name}: ${section} ${index}`).to.equal(BigInt(values[index]!));
      steps++;
    }
  }
  return steps;
}

function sampled({ length }: SectionValues): number[] {
  const count = Math.min(length, SAMPLES);
  return Array.from({ length: count }, (_, sample) =>
    Math.round((sample * (length - 1)) / Math.max(1, count - 1)),
  );
}

describe("the step", () => {
  for (const name of readdirSync(FOLDER)) {
    const file = JSON.parse(readFileSync(FOLDER + name, "utf8")) as VectorFile;
    it(`of ${file.kind} computes what the operator's vectors say, element by element`, () => {
      for (const vector of file.cases) {
        const steps = expectSteps(file.kind, decodeCase(file, vector), vector.name);
        expect(steps, vector.name).to.be.greaterThan(0);
      }
    });
  }

  it("of sample reads winners from more tiles than one, and of equal ones takes the first", () => {
    const vocabulary = 300 * 1024 + 5;
    const values = new Int32Array(vocabulary).fill(-7);
    for (const winner of [200_000, 299_999]) values[winner] = 12;
    const run = {
      constants: [vocabulary, 0],
      inputs: [{ values }, { values: new Int32Array(Math.ceil(vocabulary / 32)) }],
      tensors: [exponentialTable()],
    };
    expectSteps("sample", run, "two largest");
    values[vocabulary - 1] = 13;
    expectSteps("sample", run, "the last one");
  });

  it("reads nothing but what stands before its tile: earlier positions, operators or sections", async () => {
    const random = generateRandom(5);
    const scenes = [...(await tinyScenes()), await longScene(), wideScene(), sampledWideScene()];
    for (const stage of await Promise.all(scenes.map(stageOf))) {
      const { model, claim, request, last } = stage;
      const { program } = model;
      const subject = {
        program,
        claim,
        request: { ...request, promptCount: request.prompt.length },
      };
      traceLayout(program).operators.forEach(({ sections }, operator) => {
        for (const section of sections) {
          const address = randomElement(stage, random, last, operator, section);
          const own = openingShape(subject, { ...address, from: "trace" }).length;
          const reads = stepReads(subject, address, toHex(leafHash(Uint8Array.of())), (read) =>
            read.from === "own"
              ? new Uint8Array(own)
              : new Uint8Array(read.from === "stops" ? 0 : openingShape(subject, read).length),
          );
          for (const read of reads) {
            if (read.from !== "trace") continue;
            const before =
              read.position - address.position ||
              read.operator - address.operator ||
              // A tile of an earlier section, not an earlier tile of the same.
              (read.tile < section.firstTile ? -1 : 1);
            expect(
              before,
              `${section.name} of operator ${operator} reads ${JSON.stringify(read)}`,
            ).to.be.below(0);
          }
          const isThere = !section.sampled || (request.temperature ?? 0) > 0;
          expect(reads.filter(({ from }) => from === "own").length).to.equal(isThere ? 1 : 0);
        }
      });
    }
  });
});
