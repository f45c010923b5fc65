import { expect } from "chai";
import { compare } from "../reference-float/compare.ts";
import { loadFloatLlama } from "../reference-float/float-llama.ts";
import { rescale } from "../testing/rescale.ts";
import {
  filesOf,
  memorySource,
  tinyCheckpoint,
  TINY,
  type TinyCheckpoint,
} from "../testing/tiny-checkpoint.ts";
import { importModel } from "./import-model.ts";

describe("equalisation", () => {
  for (const family of ["Llama", "Qwen2", "Qwen3"] as const) {
    it(`imports a ${family} whose channels are rescaled by powers of two to the very same root`, async () => {
      const original = tinyCheckpoint({ family });
      const rescaled = tinyCheckpoint({ family });
      rescale(rescaled, 1024);
      const [left, right] = await Promise.all(
        [original, rescaled].map((c) => importModel(memorySource(filesOf(c)))),
      );
      expect(right!.commitment.modelRoot).to.equal(left!.commitment.modelRoot);
    });

    it(`keeps the quality of a ${family} when a few channels have activations 1,000 times larger`, async () => {
      const tokens = Array.from({ length: 90 }, (_, index) => (7 * index * index + 3) % TINY.vocabulary);
      const divergence = async (checkpoint: TinyCheckpoint) => {
        const source = memorySource(filesOf(checkpoint));
        return compare(await loadFloatLlama(source), await importModel(source), [tokens]).meanKl;
      };
      const rescaled = tinyCheckpoint({ family });
      rescale(rescaled, 1000);
      const [plain, outliers] = [await divergence(tinyCheckpoint({ family })), await divergence(rescaled)];
      expect(outliers).to.be.lessThan(1e-3);
      expect(outliers).to.be.lessThan(1.05 * plain);
    });
  }
});
