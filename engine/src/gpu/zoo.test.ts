import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import { generate } from "../run/generate.ts";
import { gpuForTest } from "../testing/gpu.ts";
import { generateRandom } from "../testing/random.ts";
import { expectSameRequest, recordRequest } from "../testing/record-request.ts";
import { randomGeneration } from "../testing/random-generation.ts";
import { randomShape } from "../testing/random-shape.ts";
import { tinySource } from "../testing/tiny-checkpoint.ts";
import { createGpuExecutor } from "./executor.ts";

const MODELS = process.env.ATHANOR_AUDIT ? 96 : 8;

describe(`a zoo of ${MODELS} random models on a GPU`, function () {
  // Software takes its time to compile kernels.
  this.timeout(300_000);
  for (let seed = 1; seed <= MODELS; seed++) {
    const random = generateRandom(2000 + seed);
    const maxRows = 1 + Math.floor(random() * 18);

    it(`number ${seed}, ${maxRows} rows at once, has the reference's intermediates and tokens`, async function () {
      const gpu = await gpuForTest(this);
      const model = await importModel(tinySource(randomShape(seed)));
      const { contextLength, vocabularySize } = model.header;
      const request = () => {
        const length = 1 + Math.floor(random() * (contextLength - 8));
        const prompt = Array.from({ length }, () => Math.floor(random() * vocabularySize));
        return { prompt, ...randomGeneration(random, vocabularySize, 1 + Math.floor(random() * 8)) };
      };
      const requests = Array.from({ length: 4 }, request);
      const executor = await createGpuExecutor(model, {
        open: () => Promise.resolve(gpu),
        maxRows,
        maxSequences: 3,
      });
      const [first] = requests;
      const expected = await recordRequest(model, { ...first!, executor: "reference" });
      expect(expected.seen.length).to.be.greaterThan(0);
      expectSameRequest(await recordRequest(model, { ...first!, executor }), expected, "observed");
      const [found, answers] = await Promise.all(
        [executor, "reference" as const].map((who) =>
          Promise.all(requests.map((each) => generate(model, { ...each, executor: who }))),
        ),
      );
      expect(found, "side by side").to.deep.equal(answers);
      executor.close();
    });
  }
});
