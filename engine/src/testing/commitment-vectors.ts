import { expect } from "chai";
import {
  decodeGeneration,
  decodeStopSequences,
  encodeGeneration,
  encodeStopSequences,
  type GenerationParameters,
} from "../commitments/generation.ts";
import { fromHex, toHex, type Hex } from "../commitments/hash.ts";
import { merkleRoot, PAD } from "../commitments/merkle.ts";
import { inputRoot, outputRoot } from "../commitments/request.ts";
import { decodeTokens, encodeTokens, tokensRoot } from "../commitments/tokens.ts";

/** engine/vectors/commitments.json, as the contracts see them. */
export interface CommitmentVectors {
  pad: Hex;
  merkleRoot: { leaves: Hex[]; root: Hex }[];
  tokensRoot: { tokens: number[]; encoded: Hex; root: Hex }[];
  outputRoot: { tokens: number[]; complete: boolean; root: Hex }[];
  inputRoot: (Required<Omit<GenerationParameters, "seed">> & {
    prompt: number[];
    startOffset: number;
    seed: string;
    generation: Hex;
    encodedStopSequences: Hex;
    root: Hex;
  })[];
}

/** Runs in Node.js and in browsers; throws where a commitment is not what the file says. */
export function expectCommitmentVectors(vectors: CommitmentVectors): void {
  expect(vectors.pad).to.equal(toHex(PAD));
  for (const { leaves, root } of vectors.merkleRoot) {
    expect(toHex(merkleRoot(leaves.map(fromHex)))).to.equal(root);
  }
  for (const { tokens, encoded, root } of vectors.tokensRoot) {
    expect(toHex(encodeTokens(tokens))).to.equal(encoded);
    expect(decodeTokens(fromHex(encoded))).to.deep.equal(tokens);
    expect(tokensRoot(tokens)).to.equal(root);
  }
  for (const { tokens, complete, root } of vectors.outputRoot) {
    expect(outputRoot(tokens, complete)).to.equal(root);
  }
  for (const { root, generation, encodedStopSequences, seed, ...request } of vectors.inputRoot) {
    const { stopSequences } = request;
    expect(inputRoot({ ...request, seed: BigInt(seed) })).to.equal(root);
    expect(toHex(encodeGeneration(request))).to.equal(generation);
    for (const [name, value] of Object.entries(decodeGeneration(fromHex(generation)))) {
      expect(value, name).to.equal((request as Partial<typeof request>)[name as keyof typeof request] ?? 0);
    }
    expect(toHex(encodeStopSequences(stopSequences))).to.equal(encodedStopSequences);
    expect(decodeStopSequences(fromHex(encodedStopSequences))).to.deep.equal(stopSequences);
  }
  const { merkleRoot: trees, tokensRoot: lists, outputRoot: outputs, inputRoot: inputs } = vectors;
  expect(trees.length * lists.length * outputs.length * inputs.length).to.be.greaterThan(0);
}
