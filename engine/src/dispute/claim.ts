import { unsigned } from "../commitments/big-endian.ts";
import { fromHex, keccak256, toHex, type Hex } from "../commitments/hash.ts";
import { inputRoot, outputTokensRoot } from "../commitments/request.ts";
import type { Model } from "../model.ts";
import type { TraceRequest } from "../trace/request.ts";
import type { TraceCommitment } from "../trace/trace.ts";

/** What a provider stands for with a result and the trace it posted for it; contracts/types/Claim.sol. */
export interface Claim {
  readonly modelRoot: Hex;
  readonly inputRoot: Hex;
  readonly outputTokensRoot: Hex;
  readonly outputCount: number;
  /** Whether the output is the whole answer; else its number of tokens takes the place of the request's maximum. */
  readonly complete: boolean;
  /** Root over the positions of the trace. */
  readonly positionsRoot: Hex;
}

/** Parts of a claim, as the contracts number them. */
export const PART = { trace: 0, output: 1 } as const;
export type Part = (typeof PART)[keyof typeof PART];

/** One element of a claim; what is not needed to name it is 0. */
export interface ElementAddress {
  readonly part: Part;
  readonly position: number;
  readonly operator: number;
  readonly tile: number;
  /** In the trace the index in the tile; in the output the number of the token, or the number of tokens for the ending. */
  readonly element: number;
}

/** abi.encode(claim): six words of 32 bytes. */
export function encodeClaim(claim: Claim): Uint8Array {
  const bytes = new Uint8Array(192);
  bytes.set(fromHex(claim.modelRoot), 0);
  bytes.set(fromHex(claim.inputRoot), 32);
  bytes.set(fromHex(claim.outputTokensRoot), 64);
  bytes.set(unsigned(claim.outputCount, 4, "outputCount"), 96 + 28);
  bytes[128 + 31] = claim.complete ? 1 : 0;
  bytes.set(fromHex(claim.positionsRoot), 160);
  return bytes;
}

/** keccak256(abi.encode(claim)), as contracts keep it. */
export function claimHash(claim: Claim): Hex {
  return toHex(keccak256(encodeClaim(claim)));
}

/** The claim of who answers `request` with the trace that `commitment` describes. */
export function claimOf(model: Model, request: TraceRequest, commitment: TraceCommitment): Claim {
  return {
    modelRoot: model.commitment.modelRoot,
    inputRoot: inputRoot(request),
    outputTokensRoot: outputTokensRoot(commitment.tokens, request.secret),
    outputCount: commitment.tokens.length,
    complete: commitment.complete,
    positionsRoot: commitment.positionsRoot,
  };
}
