// Replays the vectors that every implementation of the commitments has to agree on.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Contract } from "ethers";
import { ethers, loadFixture } from "../support/system.ts";
import { packTokens, tokensRoot } from "../support/tokens.ts";

interface Vectors {
  pad: string;
  tokensRoot: { tokens: number[]; encoded: string; root: string }[];
  outputRoot: { tokens: number[]; complete: boolean; root: string }[];
  inputRoot: {
    prompt: number[];
    seed: string;
    startOffset: number;
    generation: string;
    encodedStopSequences: string;
    root: string;
  }[];
  private: {
    prompt: number[];
    leaves: string[];
    promptTreeRoot: string;
    keys: string[];
    keysRoot: string;
    promptRoot: string;
    maxTokens: number;
    seed: string;
    inputRoot: string;
    output: number[];
    encrypted: string;
    outputRoot: string;
  }[];
  modelRoot: {
    vocabularySize: number;
    contextLength: number;
    workPerPosition: string;
    programRoot: string;
    weightsRoot: string;
    tokenizerHash: string;
    root: string;
  }[];
}

const file = new URL("../../engine/vectors/commitments.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

const deploy = async () => ethers.deployContract("CommitmentsHarness");
const call = async (harness: Contract, verb: string, ...args: unknown[]) =>
  (await harness.getFunction(verb)(...args)) as unknown;

describe("Commitments: the shared vectors", () => {
  let harness: Contract;
  beforeEach(async () => {
    harness = await loadFixture(deploy);
  });

  it("tokensRoot gives every root", async () => {
    expect(vectors.tokensRoot.length).to.be.greaterThan(10);
    for (const { tokens, encoded, root } of vectors.tokensRoot) {
      expect(packTokens(tokens), "packing").to.equal(encoded);
      expect(await call(harness, "tokensRoot", encoded), `${tokens.length} tokens`).to.equal(root);
      expect(tokensRoot(encoded), "the tests' own root").to.equal(root);
    }
  });

  it("tokensRoot of nothing is the pad", async () => {
    expect(await call(harness, "tokensRoot", "0x")).to.equal(vectors.pad);
  });

  it("outputRoot gives every root", async () => {
    expect(vectors.outputRoot.length).to.be.greaterThan(10);
    for (const { tokens, complete, root } of vectors.outputRoot) {
      const inner = await call(harness, "tokensRoot", packTokens(tokens));
      expect(await call(harness, "outputRoot", tokens.length, complete, inner)).to.equal(root);
    }
  });

  it("inputRoot gives every root", async () => {
    expect(vectors.inputRoot.length).to.be.greaterThan(10);
    for (const { prompt, seed, startOffset, generation, encodedStopSequences, root } of vectors.inputRoot) {
      const inner = await call(harness, "tokensRoot", packTokens(prompt));
      const parts = [prompt.length, startOffset, seed, generation, encodedStopSequences, inner];
      expect(await call(harness, "inputRoot", ...parts)).to.equal(root);
    }
  });

  it("private requests and outputs have every root, and each token its pad", async () => {
    expect(vectors.private.length).to.be.greaterThan(5);
    for (const vector of vectors.private) {
      const { promptTreeRoot, keysRoot, promptRoot, output, encrypted } = vector;
      expect(await call(harness, "privatePromptRoot", promptTreeRoot, keysRoot)).to.equal(promptRoot);
      const word = ethers.toBeHex((1n << 255n) | BigInt(vector.maxTokens), 32);
      const parts = [vector.prompt.length, 0, vector.seed, word, "0x", promptRoot];
      expect(await call(harness, "inputRoot", ...parts)).to.equal(vector.inputRoot);
      const inner = await call(harness, "tokensRoot", encrypted);
      expect(await call(harness, "outputRoot", output.length, true, inner)).to.equal(vector.outputRoot);
      for (const index of [0, 7, 8, 31, 255, 256, 519].filter((at) => at < output.length)) {
        const key = vector.keys[Math.floor(index / 256)];
        const pad = (await call(harness, "padOf", key, index % 256)) as bigint;
        const posted = Number.parseInt(encrypted.slice(2 + 8 * index, 10 + 8 * index), 16);
        expect(BigInt(posted) ^ pad, `token ${index}`).to.equal(BigInt(output[index]!));
      }
    }
  });

  it("modelRoot gives every root", async () => {
    expect(vectors.modelRoot.length).to.be.greaterThan(0);
    for (const { root, ...model } of vectors.modelRoot) {
      expect(await call(harness, "modelRoot", ...Object.values(model))).to.equal(root);
    }
  });
});
