import { expect } from "chai";
import fc from "fast-check";
import { AthanorError } from "../errors/athanor-error.ts";
import type { Tokenizer } from "../models/tokenizer.ts";
import { rejection } from "../testing/rejection.ts";
import { generationOf, textOf, validateGenerationOptions } from "./generation.ts";
import type { GenerationOptions } from "./types.ts";

/** A token a character, put between two tokens that stand for no text. */
const tokenizer: Tokenizer = {
  encode: (text) => [1, ...Array.from(text, (character) => character.codePointAt(0)!), 2],
  decode: (tokens) => String.fromCodePoint(...tokens.filter((token) => token > 2)),
};
const tokens = (text: string) => tokenizer.encode(text).slice(1, -1);
const parametersOf = (options: GenerationOptions) => generationOf(options, () => Promise.resolve(tokenizer));

describe("generation parameters", () => {
  it("are greedy when nothing is asked for", async () => {
    const greedy = { minTokens: 0, temperature: 0, topK: 0, topP: 0, repetitionPenalty: 0 };
    const expected = { maxTokens: 5, ...greedy, stopSequences: [], seed: 0n };
    expect(await parametersOf({ maxTokens: 5 })).to.deep.equal(expected);
    const neutral = {
      maxTokens: 5,
      temperature: 0,
      topP: 1,
      repetitionPenalty: 1,
      topK: 0,
      minTokens: 0,
      stop: [],
    };
    expect(await parametersOf(neutral), "values that change nothing").to.deep.equal(expected);
  });

  it("are converted exactly", async () => {
    const options = {
      ...{ maxTokens: 64, minTokens: 3, temperature: 0.7, topK: 40, topP: 0.95, repetitionPenalty: 1.1 },
      ...{ stop: ["\n\n", [7, 8, 9]], seed: 2n ** 64n - 1n },
    };
    expect(await parametersOf(options)).to.deep.equal({
      ...{ maxTokens: 64, minTokens: 3, temperature: 700, topK: 40, topP: 9_500, repetitionPenalty: 1_100 },
      ...{
        stopSequences: [
          [10, 10],
          [7, 8, 9],
        ],
        seed: 2n ** 64n - 1n,
      },
    });
  });

  it("keep every decimal fraction that fits, and refuse all others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 50, max: 65_535 }), async (thousandths) => {
        const temperature = Number(
          `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, "0")}`,
        );
        expect((await parametersOf({ maxTokens: 1, temperature })).temperature).to.equal(thousandths);
        const finer = temperature + 0.0004;
        expect(() => validateGenerationOptions({ maxTokens: 1, temperature: finer })).to.throw(AthanorError);
      }),
    );
  });

  it("get a random seed when tokens are drawn, another one each time", async () => {
    const seeds = await Promise.all(
      Array.from({ length: 8 }, async () => (await parametersOf({ maxTokens: 1, temperature: 1 })).seed),
    );
    expect(new Set(seeds).size).to.equal(8);
    expect((await parametersOf({ maxTokens: 1, temperature: 1, seed: 0n })).seed, "one's own").to.equal(0n);
  });

  const refusals: readonly (readonly [string, object, string])[] = [
    [
      "a temperature near 0",
      { temperature: 0.049 },
      "temperature is 0.049; expected a number 0, or from 0.05 to 65.535",
    ],
    ["a temperature above all", { temperature: 65.536 }, "temperature is 65.536;"],
    ["four digits of temperature", { temperature: 0.7001 }, "at most 3 digits behind the point"],
    ["a temperature that is no number", { temperature: "hot" }, 'temperature is "hot";'],
    ["a temperature of NaN", { temperature: NaN }, "temperature is NaN;"],
    ["a probability of 0", { topP: 0 }, "topP is 0; expected a number from 0.0001 to 1"],
    ["a probability above 1", { topP: 1.5 }, "topP is 1.5;"],
    ["a penalty of 0", { repetitionPenalty: 0 }, "repetitionPenalty is 0; expected a number from 0.1 to 10"],
    ["half a token of top-k", { topK: 2.5 }, "topK is 2.5; expected a whole number from 0 to 4294967295"],
    ["a minimum above the maximum", { minTokens: 6 }, "minTokens is 6; expected a whole number from 0 to 5"],
    ["a seed of 65 bits", { seed: 2n ** 64n }, "expected a bigint from 0n to 2^64 - 1"],
    ["a seed that is no bigint", { seed: 7 }, "seed is 7; expected a bigint"],
    ["a stop text without a list", { stop: "\n" }, 'stop is "\\n"; expected a list'],
    ["an empty stop text", { stop: [""] }, 'stop[0] is ""; expected a text of at least one character'],
    ["a stop list without tokens", { stop: ["a", []] }, "stop[1] is 0 tokens long; expected from 1 to 16"],
    ["a stop list of 17 tokens", { stop: [Array(17).fill(1)] }, "stop[0] is 17 tokens long;"],
    ["a stop list of half a token", { stop: [[1, 0.5]] }, "stop[0][1] is 0.5; expected a whole number"],
    ["nine stops", { stop: Array(9).fill("a") }, "stop is a list of 9; expected at most 8"],
  ];
  for (const [name, options, message] of refusals) {
    it(`refuse ${name}`, () => {
      const validate = () => validateGenerationOptions({ maxTokens: 5, ...options });
      expect(validate).to.throw(AthanorError, message).with.property("code", "InvalidArgument");
    });
  }

  it("refuse a stop text of more tokens than there may be", async () => {
    const error = await rejection(parametersOf({ maxTokens: 1, stop: ["a".repeat(17)] }));
    expect([error.code, error.shortMessage]).to.deep.equal([
      "InvalidArgument",
      "stop[0] is 17 tokens long; expected from 1 to 16.",
    ]);
  });
});

describe("the text of an answer", () => {
  const text = (answer: string, stops: readonly (string | readonly number[])[], minTokens = 0) => {
    const stopSequences = stops.map((stop) => (typeof stop === "string" ? tokens(stop) : stop));
    return textOf(tokenizer, tokens(answer), { maxTokens: 99, minTokens, stopSequences });
  };

  it("ends before what ended it", () => {
    expect(text("To be\n\n", ["\n\n"])).to.equal("To be");
    expect(text("To be", ["\n\n"]), "not ended by it").to.equal("To be");
    expect(text("To be.", [[46]]), "a list of ids").to.equal("To be");
  });

  it("ends before the first of several stops, wherever tokens are cut", () => {
    expect(text("To be, or not\n", ["\n", "or", ","])).to.equal("To be");
  });

  it("is not cut within the minimum", () => {
    expect(text("a.b.c.", ["."], 4)).to.equal("a.b");
    expect(text("a.b.c.", ["."], 3)).to.equal("a.b");
    expect(text("a.b.c.", ["."], 2)).to.equal("a");
    expect(text("a.b.c.", ["."], 5)).to.equal("a.b.c");
  });

  it("is the whole text where a stop has no text of its own", () => {
    expect(textOf(tokenizer, [97, 98, 1], { maxTokens: 9, stopSequences: [[1]] })).to.equal("ab");
  });
});
