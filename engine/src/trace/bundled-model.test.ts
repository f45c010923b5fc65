import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createFastExecutor } from "../fast/executor.ts";
import { loadModel } from "../node.ts";
import { generate } from "../run/generate.ts";
import { Tokenizer } from "../tokenizer.ts";
import { referenceExecutor } from "./request.ts";
import { openTiles, traceRequest } from "./trace.ts";
import { verifyOpening } from "./verify.ts";

const DIRECTORY = fileURLToPath(new URL("../../../models/bard", import.meta.url));

describe("a trace of the bundled model", () => {
  it("has the recorded root from every executor, and opens", async () => {
    const model = await loadModel(DIRECTORY);
    const tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
    const request = { prompt: tokenizer.encode("ROMEO:\n"), maxTokens: 8 };
    const commitment = await traceRequest(model, request);
    expect(commitment.traceRoot).to.equal(
      "0xa9efceb0290567d180da3ea9cbe28393f81ece2678fe37f426d1eb32973b46cc",
    );
    for (const [blockSize, threads] of [
      [1, 1],
      [3, 2],
    ] as const) {
      const executor = createFastExecutor(model, { blockSize, threads, sharedWork: 1 });
      const found = await traceRequest(model, request, {
        executor: (_, options) => generate(model, { ...options, executor }),
      });
      expect(found, `blocks of ${blockSize} on ${threads} threads`).to.deep.equal(commitment);
      executor.close();
    }
    const last = model.program.operators.length - 1;
    const addresses = [
      { position: 0, operator: 7, tile: 63 },
      { position: request.prompt.length - 1 + 7, operator: last, tile: 0 },
      { position: 511, operator: last, tile: 0 },
    ];
    const reference = await openTiles(model, request, addresses, { executor: referenceExecutor });
    expect(reference.commitment).to.deep.equal(commitment);
    for (const opening of reference.openings) {
      expect(verifyOpening(model.program, commitment, opening), `position ${opening.position}`).to.equal(
        true,
      );
    }
    expect(reference.openings.map(({ data }) => data && [...data]).slice(1)).to.deep.equal([
      [0, 0, 0, 1],
      undefined,
    ]);
  });
});
