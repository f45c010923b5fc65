import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import { generate } from "../run/generate.ts";
import { createSession } from "../run/session.ts";
import { generateRandom } from "../testing/random.ts";
import { randomGeneration } from "../testing/random-generation.ts";
import { randomShape } from "../testing/random-shape.ts";
import { expectSameRun, recordRun } from "../testing/record-run.ts";
import { tinySource } from "../testing/tiny-checkpoint.ts";
import { referenceExecutor, type Executor } from "../trace/request.ts";
import { traceRequest } from "../trace/trace.ts";
import { createFastExecutor, type FastExecutor } from "./executor.ts";

const MODELS = process.env.ATHANOR_AUDIT ? 96 : 24;

/** Cuts tokens into parts of random lengths. */
function cut(tokens: readonly number[], random: () => number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < tokens.length;) {
    const end = start + 1 + Math.floor(random() * 20);
    parts.push(tokens.slice(start, end));
    start = end;
  }
  return parts;
}

/** As traces ask for it, with an executor of one's own. */
function tracedBy(executor: FastExecutor): Executor {
  return (model, options) => generate(model, { ...options, executor });
}

describe(`a zoo of ${MODELS} random models`, () => {
  for (let seed = 1; seed <= MODELS; seed++) {
    const random = generateRandom(1000 + seed);
    const blockSize = 1 + Math.floor(random() * 18);
    const threads = 1 + (seed % 2);

    it(`number ${seed}, in blocks of ${blockSize} on ${threads} thread(s), has the reference's intermediates, tokens and trace root`, async () => {
      const model = await importModel(tinySource(randomShape(seed)));
      // Some shards hold a few rows only, and threads share whatever there is.
      const shardSize = seed % 4 < 2 ? 16384 : 2 ** 30;
      const executor = createFastExecutor(model, { blockSize, shardSize, threads, sharedWork: 1 });
      const { contextLength, vocabularySize } = model.header;
      const tokens = Array.from({ length: contextLength }, () => Math.floor(random() * vocabularySize));
      const parts = cut(tokens, random);
      const expected = recordRun((observer) => createSession(model, { observer }), parts);
      expect(expected.seen.length).to.be.greaterThan(0);
      expectSameRun(
        recordRun((observer) => executor.createSession({ observer }), parts),
        expected,
        "observed",
      );
      const session = executor.createSession();
      expect(
        parts.map((part) => session.run(part)),
        "logits that nobody observes",
      ).to.deep.equal(expected.logits);

      const prompt = tokens.slice(0, 1 + Math.floor(random() * (contextLength - 8)));
      const maxTokens = 1 + Math.floor(random() * 8);
      const request = { prompt, ...randomGeneration(random, vocabularySize, maxTokens) };
      const answer = await generate(model, { ...request, executor: "reference" });
      expect(answer.tokens.length).to.be.greaterThan(0);
      expect(await generate(model, { ...request, executor }), "tokens").to.deep.equal(answer);
      const commitment = await traceRequest(model, request, { executor: referenceExecutor });
      expect(commitment.tokens).to.deep.equal(answer.tokens);
      const found = await traceRequest(model, request, { executor: tracedBy(executor) });
      expect(found, "roots").to.deep.equal(commitment);
      executor.close();
    });
  }
});
