import { expect } from "chai";
import { EngineError } from "../errors.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { generateRandom } from "../testing/random.ts";
import { randomGeneration } from "../testing/random-generation.ts";
import {
  checkGeneration,
  decodeGeneration,
  decodeStopSequences,
  encodeGeneration,
  encodeStopSequences,
  stopsHash,
  type GenerationParameters,
} from "./generation.ts";
import { inputRoot } from "./request.ts";

const VOCABULARY = 100;

describe("generation parameters", () => {
  const check = (change: Partial<GenerationParameters>) => () => {
    checkGeneration({ maxTokens: 10, ...change }, VOCABULARY);
  };

  it("are accepted within their ranges, ends included", () => {
    for (const change of [
      {},
      { maxTokens: 1 },
      { maxTokens: 2 ** 32 - 1, minTokens: 2 ** 32 - 1, topK: 2 ** 32 - 1 },
      { minTokens: 0, topK: 0, temperature: 0, topP: 0, repetitionPenalty: 0, seed: 0n, stopSequences: [] },
      { minTokens: 10, topK: 1, temperature: 50, topP: 1, repetitionPenalty: 100 },
      { temperature: 65_535, topP: 10_000, repetitionPenalty: 10_000, seed: 2n ** 64n - 1n },
      { stopSequences: Array.from({ length: 8 }, () => new Array<number>(16).fill(99)) },
    ]) {
      expect(
        check(change),
        JSON.stringify(change, (_, value: unknown) => String(value)),
      ).to.not.throw(EngineError);
    }
  });

  it("are refused outside of them, by name and value", async () => {
    for (const [change, ...fragments] of [
      [{ maxTokens: 0 }, "maxTokens is 0"],
      [{ maxTokens: 2 ** 32 }, "maxTokens is 4294967296"],
      [{ maxTokens: 1.5 }, "maxTokens is 1.5"],
      [{ minTokens: 11 }, "minTokens is 11", "10"],
      [{ minTokens: -1 }, "minTokens is -1"],
      [{ topK: 0.5 }, "topK is 0.5"],
      [{ topK: 2 ** 32 }, "topK is 4294967296"],
      [{ temperature: 49 }, "temperature is 49", "50", "65535"],
      [{ temperature: 0.7 }, "temperature is 0.7"],
      [{ temperature: 65_536 }, "temperature is 65536"],
      [{ temperature: NaN }, "temperature is NaN"],
      [{ topP: 10_001 }, "topP is 10001"],
      [{ topP: 0.95 }, "topP is 0.95"],
      [{ repetitionPenalty: 99 }, "repetitionPenalty is 99"],
      [{ repetitionPenalty: 10_001 }, "repetitionPenalty is 10001"],
      [{ seed: -1n }, "seed is -1"],
      [{ seed: 2n ** 64n }, "seed is 18446744073709551616"],
      [{ seed: 7 as unknown as bigint }, "seed is 7"],
      [{ stopSequences: new Array<number[]>(9).fill([1]) }, "number of stopSequences is 9"],
      [{ stopSequences: [[1], []] }, "length of stopSequences[1] is 0"],
      [{ stopSequences: [new Array<number>(17).fill(1)] }, "length of stopSequences[0] is 17"],
    ] as const) {
      await expectRefusal(check(change), "INVALID_ARGUMENT", ...fragments);
    }
    for (const token of [100, -1, 0.5]) {
      await expectRefusal(
        check({ stopSequences: [[1], [2, token]] }),
        "TOKEN_OUT_OF_VOCABULARY",
        `Token ${token} of stopSequences[1]`,
        "[0, 100)",
      );
    }
  });

  it("survive their word and their encoding", () => {
    const random = generateRandom(17);
    for (let round = 0; round < 200; round++) {
      const parameters = randomGeneration(random, 2 ** 20, 2 ** 31);
      const { seed: _seed, stopSequences = [], ...numbers } = parameters;
      const word = encodeGeneration(parameters);
      expect(word).to.have.length(32);
      expect(decodeGeneration(word)).to.deep.equal(numbers);
      expect(decodeStopSequences(encodeStopSequences(stopSequences))).to.deep.equal(stopSequences);
    }
  });

  it("of a greedy request are a word that holds maxTokens alone", () => {
    expect(encodeGeneration({ maxTokens: 0x01020304 })).to.deep.equal(
      Uint8Array.of(...new Uint8Array(28), 1, 2, 3, 4),
    );
  });

  it("are read from words whose highest bits are set, which are ignored", () => {
    const word = encodeGeneration({ maxTokens: 9, temperature: 800, repetitionPenalty: 1200 });
    word.fill(255, 0, 14);
    expect(decodeGeneration(word)).to.deep.equal({
      ...{ maxTokens: 9, minTokens: 0, topK: 0, temperature: 800, topP: 0, repetitionPenalty: 1200 },
    });
  });

  it("that do not fit into their bits have no word", async () => {
    await expectRefusal(() => encodeGeneration({ maxTokens: 2 ** 32 }), "INVALID_ARGUMENT", "maxTokens");
    await expectRefusal(
      () => encodeGeneration({ maxTokens: 1, temperature: 65_536 }),
      "INVALID_ARGUMENT",
      "temperature",
    );
    await expectRefusal(() => encodeStopSequences([[2 ** 32]]), "INVALID_ARGUMENT", "4294967296");
    await expectRefusal(
      () => encodeStopSequences([new Array<number>(256).fill(1)]),
      "INVALID_ARGUMENT",
      "256",
    );
  });

  it("are not decoded from bytes that are no stop sequences", async () => {
    for (const [bytes, fragment] of [
      [[0], "length of stopSequences[0] is 0"],
      [[1, 0, 0, 0, 5, 17], "length of stopSequences[1] is 17"],
      [[1, 0, 0, 0], "is 4, not at least 5"],
      [new Array<number[]>(9).fill([1, 0, 0, 0, 1]).flat(), "number of stopSequences is 9"],
    ] as const) {
      await expectRefusal(() => decodeStopSequences(Uint8Array.from(bytes)), "INVALID_ARGUMENT", fragment);
    }
  });

  it("are all part of what a request commits to, and so is where a stop sequence ends", () => {
    const request = { prompt: [1], maxTokens: 9 };
    const roots = [
      {},
      { maxTokens: 8 },
      { minTokens: 1 },
      { topK: 1 },
      { temperature: 50 },
      { topP: 1 },
      { repetitionPenalty: 100 },
      { seed: 1n },
      { startOffset: 1 },
      { stopSequences: [[1, 2]] },
      { stopSequences: [[1], [2]] },
      { stopSequences: [[2], [1]] },
    ].map((change) => inputRoot({ ...request, ...change }));
    expect(new Set(roots).size).to.equal(roots.length);
    expect(stopsHash([])).to.not.equal(stopsHash([[0]]));
  });
});
