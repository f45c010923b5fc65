import { expect } from "chai";
import { compare, sampleSequences } from "../reference-float/compare.ts";
import { loadFloatLlama } from "../reference-float/float-llama.ts";
import { rescale } from "../testing/rescale.ts";
import { SECOND_SHAPE, successorCheckpoint } from "../testing/successor-checkpoint.ts";
import { filesOf, memorySource, type TinyCheckpoint } from "../testing/tiny-checkpoint.ts";
import { importModel } from "./import-model.ts";

describe("the accuracy of the integer form", () => {
  /** On text that the float form samples. */
  const measure = async (checkpoint: TinyCheckpoint) => {
    const source = memorySource(filesOf(checkpoint));
    const float = await loadFloatLlama(source);
    return compare(float, await importModel(source), sampleSequences(float, 1, 500, 128, 1));
  };

  it("holds its limits on a model unlike the bundled one", async () => {
    const { perplexity, meanKl, top1Agreement } = await measure(successorCheckpoint());
    expect(perplexity.float, "a model that knows something").to.be.lessThan(10);
    expect(Math.abs(perplexity.integer / perplexity.float - 1), "perplexity").to.be.lessThan(1e-3);
    expect(meanKl, "mean KL").to.be.lessThan(5e-4);
    expect(top1Agreement, "same most likely token").to.be.greaterThan(0.985);
  });

  for (const family of ["Llama", "Qwen2", "Qwen3", "Gemma"] as const) {
    it(`holds them on a ${family} of which a few channels have activations 1,000 times larger`, async () => {
      const shape = { ...SECOND_SHAPE, family };
      const checkpoint = successorCheckpoint(shape);
      rescale(checkpoint, 1000, shape);
      const { meanKl, top1Agreement } = await measure(checkpoint);
      expect(meanKl, "mean KL").to.be.lessThan(5e-4);
      expect(top1Agreement, "same most likely token").to.be.greaterThan(0.985);
    });
  }
});
