import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { generateRandom } from "../testing/random.ts";
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

  describe("with a temperature", () => {
    let endless: Model;
    const request = {
      prompt: [5, 6, 7],
      maxTokens: 40,
      temperature: 2500,
      repetitionPenalty: 1200,
      seed: 8n,
    };
    before(async () => {
      const checkpoint = tinyCheckpoint();
      delete checkpoint.generation.eos_token_id;
      endless = await importModel(memorySource(filesOf(checkpoint)));
    });

    it("draws other tokens with another seed, the same ones with the same, from every executor", async () => {
      const { tokens, stopped } = await generate(endless, request);
      expect(tokens).to.have.length(40);
      expect(stopped).to.equal("max-tokens");
      expect((await generate(endless, { ...request, executor: "reference" })).tokens).to.deep.equal(tokens);
      expect((await generate(endless, { ...request, seed: 9n })).tokens).to.not.deep.equal(tokens);
    });

    it("ends with the first stop sequence that its output has, no earlier than the minimum", async () => {
      const random = generateRandom(51);
      const integer = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
      const { tokens } = await generate(endless, request);
      const ends = { "stop-sequence": 0, "max-tokens": 0 };
      for (let round = 0; round < 60; round++) {
        const cut = () => {
          const start = integer(0, 38);
          return tokens.slice(start, start + integer(1, 6));
        };
        const stopSequences = [[...cut(), integer(0, 47)], ...(round % 3 === 0 ? [] : [cut(), cut()])];
        const given = integer(0, 12);
        const maxTokens = integer(1, 40 - given);
        const minTokens = round % 2 === 0 ? 0 : integer(1, maxTokens);
        const isEnd = (count: number) =>
          count === maxTokens ||
          (count >= minTokens &&
            stopSequences.some((sequence) => {
              const text = tokens.slice(0, given + count);
              return (
                text.length >= sequence.length && text.slice(-sequence.length).join() === sequence.join()
              );
            }));
        let count = 1;
        while (!isEnd(count)) count++;
        const generation = await generate(endless, {
          ...{ ...request, maxTokens, minTokens, stopSequences, startOffset: given },
          prompt: [...request.prompt, ...tokens.slice(0, given)],
          ...(round % 2 === 0 && { executor: "reference" }),
        });
        expect(generation.tokens, `round ${round}`).to.deep.equal(tokens.slice(given, given + count));
        if (count < maxTokens) expect(generation.stopped, `round ${round}`).to.equal("stop-sequence");
        ends[generation.stopped as keyof typeof ends]++;
      }
      expect(ends["stop-sequence"], "ended by a sequence").to.be.greaterThan(10);
      expect(ends["max-tokens"], "ended by the maximum").to.be.greaterThan(10);
    });

    it("does not take a stop sequence from the prompt", async () => {
      const { tokens } = await generate(endless, request);
      const stopSequences = [[7, tokens[0]!]];
      expect((await generate(endless, { ...request, stopSequences })).tokens).to.deep.equal(tokens);
    });

    it("draws no stop token before the minimum, and from then on as if there were none", async () => {
      const { tokens } = await generate(endless, request);
      const checkpoint = tinyCheckpoint();
      checkpoint.generation.eos_token_id = [tokens[3]!, tokens[6]!];
      const stopping = await importModel(memorySource(filesOf(checkpoint)));
      const end = tokens.findIndex((token) => token === tokens[3] || token === tokens[6]) + 1;
      const free = await generate(stopping, request);
      expect(free.tokens).to.deep.equal(tokens.slice(0, end));
      for (const minTokens of [end + 1, 30, 40]) {
        const { tokens: longer } = await generate(stopping, { ...request, minTokens });
        expect(longer.length).to.be.at.least(minTokens);
        const early = longer.slice(0, minTokens - 1);
        expect(early).to.not.include(tokens[3]).and.to.not.include(tokens[6]);
        expect(longer.slice(0, end - 1)).to.deep.equal(tokens.slice(0, end - 1));
      }
    });

    it("keeps the set of all tokens so far, and the last sixteen", async () => {
      const seen = endless.program.operators.findIndex(({ kind }) => kind === "seen");
      const shown = new Map<string, Int32Array>();
      const { tokens } = await generate(endless, {
        ...request,
        observer: ({ position, operator, section, values }) => {
          if (section === "output") shown.set(`${position} ${operator}`, values.slice() as Int32Array);
        },
      });
      const text = [...request.prompt, ...tokens];
      for (let position = 0; position < text.length - 1; position++) {
        const so = text.slice(0, position + 1);
        const words = shown.get(`${position} ${seen}`)!;
        const set = Array.from({ length: 48 }, (_, token) => token).filter(
          (token) => (words[token >> 5]! >>> (token & 31)) & 1,
        );
        expect(set).to.deep.equal([...new Set(so)].sort((a, b) => a - b));
        const last = [...new Array<number>(16).fill(-1), ...so].slice(-16);
        expect([...shown.get(`${position} ${seen + 1}`)!]).to.deep.equal(last);
      }
    });
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
    for (const [change, ...fragments] of [
      [{ temperature: 49 }, "temperature is 49"],
      [{ startOffset: 1 }, "startOffset 1"],
      [{ outputLimit: 6 }, "outputLimit 6"],
    ] as const) {
      await expectRefusal(
        () => generate(model, { prompt: [1], maxTokens: 5, ...change }),
        "INVALID_ARGUMENT",
        ...fragments,
      );
    }
    await expectRefusal(
      () => generate(model, { prompt: [1], maxTokens: 5, stopSequences: [[48]] }),
      "TOKEN_OUT_OF_VOCABULARY",
      "48",
      "stopSequences[0]",
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
