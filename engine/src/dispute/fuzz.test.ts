import { expect } from "chai";
import fc from "fast-check";
import { importModel } from "../import/import-model.ts";
import { modelShapes } from "../testing/model-shapes.ts";
import { generateRandom } from "../testing/random.ts";
import { randomGeneration } from "../testing/random-generation.ts";
import { flipElement, randomElement, sectionsAt, stageOf } from "../testing/step-scenes.ts";
import { tinySource } from "../testing/tiny-checkpoint.ts";
import { openTiles } from "../trace/trace.ts";
import { stepWitnesses } from "./witness.ts";

const RUNS = process.env.ATHANOR_AUDIT ? 60 : 6;

const requests = fc.record({
  prompt: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
  maxTokens: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(),
});

describe("the steps of random models", () => {
  it("are right in every section at every kind of position, and wrong with a flipped bit", () =>
    fc.assert(
      fc.asyncProperty(modelShapes, requests, async (shape, { prompt, maxTokens, seed }) => {
        const model = await importModel(tinySource(shape));
        const limit = Math.min(maxTokens, shape.context - 1);
        const request = {
          ...randomGeneration(generateRandom(seed), shape.vocabulary, limit),
          prompt: prompt.slice(0, shape.context - limit).map((token) => token % shape.vocabulary),
        };
        const stage = await stageOf({ name: "random", model, request });
        const random = generateRandom(seed);
        const given = request.prompt.length - 1;
        const positions = [Math.floor(random() * given), given, stage.last];
        const addresses = positions.flatMap((position) =>
          sectionsAt(stage, position).map(({ operator, section }) =>
            randomElement(stage, random, position, operator, section),
          ),
        );
        const { openings } = await openTiles(model, request, addresses);
        const flipped = addresses.map((address, index) => ({
          address,
          ownTile: flipElement(stage, random, openings[index]!.data!, address),
        }));
        const tasks = [...addresses.map((address) => ({ address })), ...flipped];
        const steps = await stepWitnesses(model, request, stage.claim, tasks);
        for (const [index, { correct }] of steps.entries()) {
          expect(correct, JSON.stringify(tasks[index]!.address)).to.equal(index < addresses.length);
        }
      }),
      { numRuns: RUNS },
    ));
});
