import { expect } from "chai";
import { commitmentVectors } from "../testing/vector-files.ts";
import { expectCommitmentVectors } from "../testing/commitment-vectors.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { fromHex, keccak256, toHex } from "./hash.ts";
import { encodeGeneration, stopsHash } from "./generation.ts";
import { leafHash, merkleRoot, nodeHash, PAD } from "./merkle.ts";
import { modelRootOf } from "./model.ts";
import { inputRoot, outputRoot } from "./request.ts";
import { decodeTokens, encodeTokens, tokensRoot } from "./tokens.ts";

const bytes = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("commitments", () => {
  it("use keccak256 as Ethereum does", () => {
    expect(toHex(keccak256(new Uint8Array()))).to.equal(
      "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    );
  });

  it("put a tag before everything that is hashed, and the level before a node", () => {
    const [left, right] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    expect(PAD).to.deep.equal(keccak256(bytes([2])));
    expect(leafHash(left)).to.deep.equal(keccak256(bytes([0], left)));
    expect(nodeHash(3, left, right)).to.deep.equal(keccak256(bytes([1, 3], left, right)));
  });

  it("pad a list of leaves to a power of two", () => {
    const [a, b, c] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    expect(merkleRoot([])).to.deep.equal(PAD);
    expect(merkleRoot([a])).to.deep.equal(a);
    expect(merkleRoot([a, b, c])).to.deep.equal(nodeHash(2, nodeHash(1, a, b), nodeHash(1, c, PAD)));
  });

  it("lay out roots byte for byte", () => {
    const leaf = new Uint8Array(128);
    leaf.set([0, 0, 1, 2, 255, 255, 255, 255]);
    const root = leafHash(leaf);
    expect(tokensRoot([258, 4294967295])).to.equal(toHex(root));
    expect(outputRoot([258, 4294967295], true)).to.equal(toHex(keccak256(bytes([3, 0, 0, 0, 2, 1], root))));
    expect(inputRoot({ prompt: [258, 4294967295], maxTokens: 513, seed: 7n })).to.equal(
      toHex(
        keccak256(
          bytes(
            [4, 0, 0, 0, 2],
            [0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 7],
            [...new Uint8Array(30), 2, 1],
            keccak256(bytes([7])),
            root,
          ),
        ),
      ),
    );
    const sampled = {
      ...{ maxTokens: 513, minTokens: 258, topK: 40, temperature: 800, topP: 9500, repetitionPenalty: 1100 },
      stopSequences: [[10], [4294967295, 3]],
    };
    const word = bytes(
      new Uint8Array(14),
      [4, 76],
      [37, 28],
      [3, 32],
      [0, 0, 0, 40],
      [0, 0, 1, 2],
      [0, 0, 2, 1],
    );
    const stops = keccak256(bytes([7], [1, 0, 0, 0, 10], [2, 255, 255, 255, 255, 0, 0, 0, 3]));
    expect(encodeGeneration(sampled)).to.deep.equal(word);
    expect(stopsHash(sampled.stopSequences)).to.equal(toHex(stops));
    expect(inputRoot({ ...sampled, prompt: [258, 4294967295], startOffset: 1 })).to.equal(
      toHex(keccak256(bytes([4, 0, 0, 0, 2], [0, 0, 0, 1], new Uint8Array(8), word, stops, root))),
    );
    const [program, weights, tokenizer] = [5, 6, 7].map((fill) => new Uint8Array(32).fill(fill)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    expect(
      modelRootOf({
        vocabularySize: 1024,
        contextLength: 512,
        workPerPosition: 65536n,
        programRoot: toHex(program),
        weightsRoot: toHex(weights),
        tokenizerHash: toHex(tokenizer),
      }),
    ).to.equal(
      toHex(
        keccak256(bytes([5, 0, 0, 4, 0, 0, 0, 2, 0], [0, 0, 0, 0, 0, 1, 0, 0], program, weights, tokenizer)),
      ),
    );
  });

  it("tell complete from partial outputs, and zero tokens from none", () => {
    expect(outputRoot([1], true)).to.not.equal(outputRoot([1], false));
    expect(outputRoot([], true)).to.not.equal(outputRoot([0], true));
    expect(inputRoot({ prompt: [1], maxTokens: 1 })).to.not.equal(
      inputRoot({ prompt: [1, 0], maxTokens: 1 }),
    );
  });

  it("equal the committed vectors", () => {
    expectCommitmentVectors(commitmentVectors);
  });

  it("refuse what does not fit", async () => {
    await expectRefusal(() => tokensRoot([2 ** 32]), "INVALID_ARGUMENT", "4294967296");
    await expectRefusal(() => tokensRoot([-1]), "INVALID_ARGUMENT", "-1");
    await expectRefusal(() => encodeTokens([0.5]), "INVALID_ARGUMENT", "0.5");
    await expectRefusal(() => decodeTokens(new Uint8Array(5)), "INVALID_ARGUMENT", "5");
    await expectRefusal(
      () => inputRoot({ prompt: [1], maxTokens: 2 ** 32 }),
      "INVALID_ARGUMENT",
      "maxTokens",
    );
    await expectRefusal(
      () => inputRoot({ prompt: [1], maxTokens: 1, seed: 1n << 64n }),
      "INVALID_ARGUMENT",
      "seed",
    );
    await expectRefusal(() => fromHex("0x123"), "INVALID_ARGUMENT", "0x123");
  });
});
