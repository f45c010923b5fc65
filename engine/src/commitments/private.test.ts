import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { testSecret } from "../testing/step-models.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { fromHex, keccak256, toHex, type Hex } from "./hash.ts";
import { merkleRoot } from "./merkle.ts";
import {
  blindedLeafHash,
  blindedPrompt,
  decryptTokens,
  encryptTokens,
  keyLevels,
  outputKey,
  outputPad,
  privatePromptRootOf,
  promptBlind,
} from "./private.ts";
import { encodeRequest, inputRoot, outputRoot, outputTokensRoot } from "./request.ts";
import { encodeTokens, tokenLeaves, tokensRoot } from "./tokens.ts";

interface Vector {
  secret: Hex;
  prompt: number[];
  leaves: Hex[];
  leafHashes: Hex[];
  promptTreeRoot: Hex;
  keys: Hex[];
  keysRoot: Hex;
  promptRoot: Hex;
  maxTokens: number;
  seed: string;
  inputRoot: Hex;
  output: number[];
  encrypted: Hex;
  outputRoot: Hex;
}

const bytes = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("commitments of private requests", () => {
  const secret = testSecret(3);

  it("lay out blinds, keys and pads byte for byte", () => {
    const prompt = Array.from({ length: 33 }, (_, index) => 258 + index);
    const blinds = [0, 1].map((leaf) => keccak256(bytes([10], secret, [0, 0, 0, leaf])));
    expect([0, 1].map((leaf) => promptBlind(secret, leaf))).to.deep.equal(blinds);
    const hashes = tokenLeaves(prompt).map((data, leaf) => keccak256(bytes([9], blinds[leaf]!, data)));
    const keys = Array.from({ length: 256 }, (_, index) => keccak256(bytes([12], secret, [0, 0, 0, index])));
    expect(outputKey(secret, 255)).to.deep.equal(keys[255]);
    const root = keccak256(
      bytes([11], merkleRoot(hashes), merkleRoot(keys.map((key) => keccak256(bytes([0], key))))),
    );
    expect(privatePromptRootOf(prompt, secret)).to.deep.equal(root);
    const request = encodeRequest({ prompt, maxTokens: 3, secret });
    expect(request).to.have.length(112);
    expect(request[16]).to.equal(0x80);
    expect(request.subarray(80)).to.deep.equal(root);
    const word = (index: number) => keccak256(bytes([13], keys[0]!, [index]));
    expect(outputPad(keys[0]!, 1)).to.deep.equal(bytes(word(4), word(5), word(6), word(7)));
    const [encrypted] = encryptTokens([1], secret).subarray(3);
    expect(encrypted).to.equal(word(0)[3]! ^ 1);
  });

  it("equal the committed vectors", async () => {
    const file = new URL("../../vectors/commitments.json", import.meta.url);
    const { private: vectors } = JSON.parse(await readFile(file, "utf8")) as { private: Vector[] };
    expect(vectors.length).to.be.greaterThan(5);
    for (const vector of vectors) {
      const own = fromHex(vector.secret);
      const { prompt, output, maxTokens } = vector;
      const { leaves, levels } = blindedPrompt(prompt, own);
      expect(leaves.map(toHex)).to.deep.equal(vector.leaves);
      expect(
        leaves.map((leaf) => toHex(blindedLeafHash(leaf.subarray(0, 32), leaf.subarray(32)))),
      ).to.deep.equal(vector.leafHashes);
      expect(toHex(levels.at(-1)![0]!)).to.equal(vector.promptTreeRoot);
      expect([0, 1, 2, 255].map((key) => toHex(outputKey(own, key)))).to.deep.equal(vector.keys);
      expect(toHex(keyLevels(own).at(-1)![0]!)).to.equal(vector.keysRoot);
      const request = { prompt, maxTokens, seed: BigInt(vector.seed), secret: own };
      expect(inputRoot(request)).to.equal(vector.inputRoot);
      expect(toHex(encryptTokens(output, own))).to.equal(vector.encrypted);
      expect(decryptTokens(fromHex(vector.encrypted), own)).to.deep.equal(output);
      expect(outputRoot(output, true, own)).to.equal(vector.outputRoot);
    }
  });

  it("differ from those of the public request, and with the secret", () => {
    const request = { prompt: [5, 6], maxTokens: 4 };
    const roots = [undefined, secret, testSecret(4)].map((own) =>
      inputRoot(own ? { ...request, secret: own } : request),
    );
    expect(new Set(roots).size).to.equal(3);
    expect(outputTokensRoot([5, 6])).to.equal(tokensRoot([5, 6]));
    expect(outputTokensRoot([5, 6], secret)).to.not.equal(tokensRoot([5, 6]));
  });

  it("encrypt a beginning of an output as the whole", () => {
    const tokens = Array.from({ length: 300 }, (_, index) => index);
    const whole = encryptTokens(tokens, secret);
    for (const count of [1, 32, 255, 256, 257]) {
      expect(encryptTokens(tokens.slice(0, count), secret)).to.deep.equal(whole.subarray(0, 4 * count));
    }
    const same = encodeTokens(tokens).filter((byte, index) => byte === whole[index]).length;
    expect(same, "bytes that are the same by chance").to.be.below(40);
  });

  it("refuse what is no secret without showing it, and more tokens than have keys", async () => {
    for (const own of [new Uint8Array(31), new Uint8Array(33), "ab".repeat(16) as unknown as Uint8Array]) {
      await expectRefusal(
        () => inputRoot({ prompt: [1], maxTokens: 1, secret: own }),
        "INVALID_ARGUMENT",
        "32 bytes",
      );
    }
    await expectRefusal(
      () => encryptTokens(new Array<number>(65_537).fill(1), secret),
      "INVALID_ARGUMENT",
      "262148",
    );
  });
});
