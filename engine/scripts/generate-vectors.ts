/*
 * Writes vectors/commitments.json, which every implementation of the commitments replays.
 * Usage: node engine/scripts/generate-vectors.ts [--check] — with --check, fails if the file is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  encodeGeneration,
  encodeStopSequences,
  encodeTokens,
  inputRoot,
  keccak256,
  leafHash,
  merkleRoot,
  modelRootOf,
  nodeHash,
  outputRoot,
  PAD,
  toHex,
  tokensRoot,
} from "../src/index.ts";
import {
  blindedPrompt,
  encryptTokens,
  keyLevels,
  outputKey,
  privatePromptRootOf,
} from "../src/commitments/private.ts";
import { generateRandom } from "../src/testing/random.ts";

const FILE = fileURLToPath(new URL("../vectors/commitments.json", import.meta.url));
const random = generateRandom(20260701);
const integer = (below: number) => Math.floor(random() * below);
const bytes = (length: number) => Uint8Array.from({ length }, () => integer(256));
const hash = () => toHex(bytes(32));

const LARGEST_UINT32 = 2 ** 32 - 1;
const LARGEST_UINT64 = 2n ** 64n - 1n;
const COUNTS = [0, 1, 2, 31, 32, 33, 63, 64, 65, 96, 97, 128, 129, 256];
const tokenLists = [
  ...COUNTS.map((count) => Array.from({ length: count }, () => integer(128256))),
  [0],
  [LARGEST_UINT32],
  Array.from({ length: 33 }, () => 0),
  Array.from({ length: 40 }, () => LARGEST_UINT32),
];

const vectors = {
  pad: toHex(PAD),
  leaf: [bytes(0), bytes(1), bytes(31), bytes(32), bytes(33), bytes(128), bytes(1000)].map((data) => ({
    data: toHex(data),
    hash: toHex(leafHash(data)),
  })),
  node: [1, 2, 7, 31, 255].map((level) => {
    const [left, right] = [bytes(32), bytes(32)];
    return { level, left: toHex(left), right: toHex(right), hash: toHex(nodeHash(level, left, right)) };
  }),
  merkleRoot: [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33].map((count) => {
    const leaves = Array.from({ length: count }, () => keccak256(bytes(8)));
    return { leaves: leaves.map(toHex), root: toHex(merkleRoot(leaves)) };
  }),
  tokensRoot: tokenLists.map((tokens) => ({
    tokens,
    encoded: toHex(encodeTokens(tokens)),
    root: tokensRoot(tokens),
  })),
  outputRoot: tokenLists.flatMap((tokens) => {
    return [true, false].map((complete) => ({ tokens, complete, root: outputRoot(tokens, complete) }));
  }),
  inputRoot: tokenLists.flatMap((prompt, index) => {
    const plain = {
      prompt,
      maxTokens: 1 + integer(4096),
      seed: 0n,
      startOffset: 0,
      stopSequences: [] as number[][],
    };
    const odd = {
      prompt,
      maxTokens: LARGEST_UINT32,
      seed: LARGEST_UINT64 - BigInt(index),
      startOffset: integer(2 ** 32),
      stopSequences: [],
    };
    const sampled = {
      ...plain,
      minTokens: integer(plain.maxTokens + 1),
      temperature: 50 + integer(65_486),
      topK: integer(2 ** 32),
      topP: integer(10_001),
      repetitionPenalty: 100 + integer(9_901),
      stopSequences: Array.from({ length: index % 9 }, (_, sequence) =>
        Array.from({ length: 1 + ((index + 5 * sequence) % 16) }, () => integer(2 ** 32)),
      ),
    };
    return [plain, odd, sampled].map((request) => ({
      ...request,
      seed: request.seed.toString(),
      generation: toHex(encodeGeneration(request)),
      encodedStopSequences: toHex(encodeStopSequences(request.stopSequences)),
      root: inputRoot(request),
    }));
  }),
  modelRoot: [0, 1, 2, 3].map((index) => {
    const parts = {
      vocabularySize: [1, 1024, 128256, LARGEST_UINT32][index]!,
      contextLength: [1, 512, 8192, LARGEST_UINT32][index]!,
      workPerPosition: [0n, 1310720n, 7504658432n, LARGEST_UINT64][index]!,
      programRoot: hash(),
      weightsRoot: hash(),
      tokenizerHash: hash(),
    };
    return { ...parts, workPerPosition: parts.workPerPosition.toString(), root: modelRootOf(parts) };
  }),
  private: [1, 31, 32, 33, 64, 65, 300].map((count, index) => {
    const prompt =
      tokenLists.find(({ length }) => length === count) ??
      Array.from({ length: count }, () => integer(2 ** 32));
    const output = Array.from({ length: [1, 32, 33, 255, 256, 257, 520][index]! }, () => integer(2 ** 32));
    const secret = bytes(32);
    const { leaves, levels } = blindedPrompt(prompt, secret);
    const keys = keyLevels(secret);
    const request = { prompt, maxTokens: 600, seed: BigInt(index), secret };
    return {
      secret: toHex(secret),
      prompt,
      leaves: leaves.map(toHex),
      leafHashes: levels[0]!.slice(0, leaves.length).map(toHex),
      promptTreeRoot: toHex(levels.at(-1)![0]!),
      keys: [0, 1, 2, 255].map((key) => toHex(outputKey(secret, key))),
      keysRoot: toHex(keys.at(-1)![0]!),
      promptRoot: toHex(privatePromptRootOf(prompt, secret)),
      maxTokens: request.maxTokens,
      seed: String(request.seed),
      inputRoot: inputRoot(request),
      output,
      encrypted: toHex(encryptTokens(output, secret)),
      outputRoot: outputRoot(output, true, secret),
    };
  }),
};

// One case a line.
const sections = Object.entries(vectors).map(([name, cases]) => {
  const lines = Array.isArray(cases) ? cases.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n") : "";
  return `  ${JSON.stringify(name)}: ${lines === "" ? JSON.stringify(cases) : `[\n${lines}\n  ]`}`;
});
const text = `{\n${sections.join(",\n")}\n}\n`;
if (process.argv.includes("--check")) {
  const written = await readFile(FILE, "utf8").catch(() => "");
  if (written !== text) {
    console.error("engine/vectors/commitments.json is stale. Run: node engine/scripts/generate-vectors.ts");
    process.exit(1);
  }
} else {
  await writeFile(FILE, text);
}
