import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Model } from "./model.ts";
import { loadModel, openCheckpoint } from "./node.ts";
import { compare, sampleSequences } from "./reference-float/compare.ts";
import { compareSampling } from "./reference-float/compare-sampling.ts";
import { loadFloatLlama } from "./reference-float/float-llama.ts";
import { generate } from "./run/generate.ts";
import { Tokenizer } from "./tokenizer.ts";

const DIRECTORY = fileURLToPath(new URL("../../models/bard", import.meta.url));

describe("the bundled model", () => {
  let model: Model;
  let tokenizer: Tokenizer;
  before(async () => {
    model = await loadModel(DIRECTORY);
    tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
  });

  it("is as good in integers as in float64", async () => {
    const float = await loadFloatLlama(openCheckpoint(DIRECTORY));
    const beginning = tokenizer.encode("")[0]!;
    const { meanKl, top1Agreement, perplexity } = compare(
      float,
      model,
      sampleSequences(float, beginning, 300, 160, 3),
    );
    expect(meanKl, "mean KL").to.be.lessThan(5e-4);
    expect(top1Agreement, "top-1 agreement").to.be.at.least(0.98);
    expect(Math.abs(perplexity.integer / perplexity.float - 1), "perplexity").to.be.lessThan(5e-3);
  });

  it("draws from the distribution that float64 would draw from", async () => {
    const float = await loadFloatLlama(openCheckpoint(DIRECTORY));
    const text = sampleSequences(float, tokenizer.encode("")[0]!, 150, 80, 5);
    const { meanDistance, meanOwnDistance } = compareSampling(float, model, text);
    expect(meanDistance, "to the float form").to.be.lessThan(0.02);
    expect(meanOwnDistance, "of sampling alone").to.be.lessThan(2e-4);
  });

  it("continues a prompt with text, the same every time", async () => {
    const request = { prompt: tokenizer.encode("ROMEO:\n"), maxTokens: 24 };
    const first = await generate(model, request);
    expect(await generate(model, request)).to.deep.equal(first);
    expect(tokenizer.decode(first.tokens)).to.match(/^[A-Z][a-z' ,;:.!?\n-]+/);
  });

  it("reads and writes any text", () => {
    for (const text of ["What light?\n\n", "  naïve — “quotes” 日本 🎉\t", "don't We'LL 123,456.7"]) {
      const ids = tokenizer.encode(text);
      expect(ids[0], "the beginning of a text").to.equal(0);
      expect(tokenizer.decode(ids)).to.equal(text);
    }
  });
});
