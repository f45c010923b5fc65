import { concat, solidityPacked } from "ethers";
import { packTokens } from "./tokens.ts";

/** What the generation word of a request says; fields that are not given are 0. */
export interface GenerationWord {
  readonly maxTokens?: number | bigint;
  readonly minTokens?: number | bigint;
  readonly topK?: number | bigint;
  readonly temperature?: number | bigint;
  readonly topP?: number | bigint;
  readonly repetitionPenalty?: number | bigint;
  /** The bits that mean nothing. */
  readonly unused?: bigint;
}

/** The generation word as the chain takes it. */
export function generationWord(parts: GenerationWord): string {
  const { maxTokens = 20, minTokens = 0, topK = 0, temperature = 0, topP = 0 } = parts;
  const { repetitionPenalty = 0, unused = 0n } = parts;
  return solidityPacked(
    ["uint112", "uint16", "uint16", "uint16", "uint32", "uint32", "uint32"],
    [unused, repetitionPenalty, topP, temperature, topK, minTokens, maxTokens],
  );
}

/** Stop sequences as the chain takes them: uint8 length ‖ uint32 each token, one after another. */
export function packSequences(sequences: readonly (readonly number[])[]): string {
  return concat(
    sequences.flatMap((tokens) => [solidityPacked(["uint8"], [tokens.length]), packTokens(tokens)]),
  );
}
