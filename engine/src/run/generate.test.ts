import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { filesOf, memorySource, tinyCheckpoint, tinySource } from "../testing/tiny-checkpoint.ts";
import { generate } from "./generate.ts";
import { createSession } from "./session.ts";

describe("generate", () => {
  let model: Model;
  before(async () => (model = await importModel(tinySource())));

  it("chooses the largest logit, the lowest index of equal ones, again and again", async () => {
    const { tokens, stopped } = await generate(model, { prompt: [5, 6, 7], maxTokens: 8 });
    const session = createSession(model);
    let input = [5, 6, 7];
    for (const [index, token] of tokens.entries()) {
      const logits = session.run(input);
      expect(token, `token ${index}`).to.equal(
        logits.indexOf(logits.reduce((left, right) => Math.max(left, right))),
      );
      input = [token];
    }
    expect(stopped).to.equal(tokens.at(-1) === 2 ? "stop-token" : "max-tokens");
  });

  it("ends with a stop token, which is part of the output", async () => {
    const free = await generate(model, { prompt: [5, 6, 7], maxTokens: 8 });
    const checkpoint = tinyCheckpoint();
    checkpoint.generation.eos_token_id = [free.tokens[2], 2];
    const stopping = await importModel(memorySource(filesOf(checkpoint)));
    const { tokens, stopped } = await generate(stopping, { prompt: [5, 6, 7], maxTokens: 8 });
    const end = free.tokens.indexOf(free.tokens[2]!);
    expect(tokens).to.deep.equal(free.tokens.slice(0, end + 1));
    expect(stopped).to.equal("stop-token");
  });

  it("runs without stop tokens to the maximum", async () => {
    const checkpoint = tinyCheckpoint();
    delete checkpoint.generation.eos_token_id;
    const endless = await importModel(memorySource(filesOf(checkpoint)));
    const { tokens, stopped } = await generate(endless, { prompt: [1], maxTokens: 95 });
    expect(tokens).to.have.length(95);
    expect(stopped).to.equal("max-tokens");
  });

  it("reports each token with its index", async () => {
    const seen: number[] = [];
    const { tokens } = await generate(model, {
      prompt: [5],
      maxTokens: 4,
      onToken: (token, index) => (seen[index] = token),
    });
    expect(seen).to.deep.equal(tokens);
  });

  it("stops between tokens when aborted, and says what it had", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const error = await expectRefusal(
      () =>
        generate(model, {
          prompt: [5],
          maxTokens: 50,
          signal: controller.signal,
          onToken: (_, index) => {
            if (index === 2) controller.abort(reason);
          },
        }),
      "ABORTED",
      "after 3 tokens",
    );
    expect(error.details.tokens).to.have.length(3);
    expect(error.cause).to.equal(reason);
  });

  it("computes nothing when aborted before", () =>
    expectRefusal(
      () => generate(model, { prompt: [5], maxTokens: 5, signal: AbortSignal.abort() }),
      "ABORTED",
      "0 tokens",
    ));

  it("refuses bad requests", async () => {
    await expectRefusal(() => generate(model, { prompt: [], maxTokens: 5 }), "PROMPT_EMPTY");
    await expectRefusal(
      () => generate(model, { prompt: [48], maxTokens: 5 }),
      "TOKEN_OUT_OF_VOCABULARY",
      "48",
    );
    await expectRefusal(
      () => generate(model, { prompt: [1, 2], maxTokens: 95 }),
      "CONTEXT_EXCEEDED",
      "97",
      "96",
    );
    for (const maxTokens of [0, -1, 1.5, NaN]) {
      await expectRefusal(
        () => generate(model, { prompt: [1], maxTokens }),
        "INVALID_ARGUMENT",
        String(maxTokens),
      );
    }
  });
});
