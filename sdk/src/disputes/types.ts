import type { ElementAddress, Executor, Model, TraceRequest, TraceTree } from "./engine.ts";
import type { ConnectOptions } from "../client/types.ts";
import type { ChallengeDelegation } from "../private/delegation.ts";
import type { PrivateRequest } from "../private/request.ts";
import type { JobRecord } from "../protocol/job.ts";

export interface DisputesOptions extends Omit<ConnectOptions, "signer" | "runner" | "modelSource"> {
  /**
   * Makes the moves. Challenges are secret until they are opened, and the salts that keep them so are made of its signatures: it
   * must sign the same message the same way every time, as local keys do (RFC 6979).
   */
  readonly signer: NonNullable<ConnectOptions["signer"]>;
  /** The model with a root, or undefined if this program does not have it. */
  readonly model: (modelRoot: string) => Model | undefined | Promise<Model | undefined>;
  /**
   * What this program knows of a private job: its request and, where another account than the client's plays, the client's delegation.
   * Default: the request from `requestStore`.
   */
  readonly privateJob?: ((job: JobRecord) => Promise<PrivateJob | undefined>) | undefined;
  /** Who computes; all executors yield the same. Default: the engine's. */
  readonly executor?: Executor | undefined;
  /** Builds the tree of a request's trace. Default: the engine's `createTraceTree`. */
  readonly traceTree?: ((model: Model, request: TraceRequest) => TraceTree) | undefined;
}

/** What only client and provider, and whom they tell, know of a private job. */
export interface PrivateJob {
  readonly request: PrivateRequest;
  readonly delegation?: ChallengeDelegation | undefined;
}

/** How a recomputed request compares with what was submitted. */
export interface Verification {
  readonly jobId: string;
  readonly honest: boolean;
  readonly submitted: readonly number[];
  readonly expected: readonly number[];
  /** Index of the first token that differs, or of the ending if one output goes on where the other ends. */
  readonly firstDifference?: number;
}

/** A recomputed request, and the trace that it leaves. */
export interface Recomputation extends Verification {
  /** Root over the positions of the recomputed trace, 32 bytes: what an honest provider posts when it is challenged. */
  readonly positionsRoot: string;
}

export type MoveKind =
  | "delegateChallenge"
  | "commit"
  | "present"
  | "open"
  | "postTrace"
  | "narrow"
  | "reveal"
  | "revealTile"
  | "disputeOutput"
  | "nameElement"
  | "step"
  | "timeout"
  | "reclaim"
  | "withdraw"
  | "refund";

/** A move that was made and is mined. */
export interface MoveMade {
  readonly kind: MoveKind;
  readonly by: "challenger" | "defender";
  readonly jobId: string;
  readonly challengeId: string;
  /** Reveals of the trace so far, the posted trace included. */
  readonly round: number;
  /** Where the challenge stood before the move: absent before the trace is posted and after the verdict. */
  readonly at?: DisputePoint | undefined;
  /** Seconds that the mover had left for it; absent for moves without a clock. */
  readonly secondsLeft?: number | undefined;
  readonly gas: bigint;
  readonly calldataBytes: number;
  readonly transactionHash: string;
}

/** A node that a challenge has come to. */
export interface DisputePoint {
  readonly stage: "Root" | "Descent" | "Tile" | "Named";
  /** 0 positions, 1 operators, 2 tiles. */
  readonly tree: number;
  /** Levels above the leaves of that tree. */
  readonly level: number;
  readonly node: string;
  readonly address: ElementAddress;
  /** Name of the operator in the program, where the walk has come to one. */
  readonly operatorName?: string | undefined;
}

export interface PlayOptions {
  readonly onMove?: ((move: MoveMade) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DefendOptions extends PlayOptions {
  /**
   * Makes the one move that is due first, or none, and returns: who defends many results waits for their challengers all at once. Default: goes on
   * until no challenge is alive.
   */
  readonly once?: boolean | undefined;
}

export interface ChallengeOptions extends PlayOptions {
  /** Wei; a challenge that takes a larger bond is not made. Default: no limit. */
  readonly maximumBond?: bigint | undefined;
}

export type ChallengeOutcome =
  /** The result is what the model computes; nothing was sent. */
  | { readonly status: "honest"; readonly verification: Verification }
  /** The provider is convicted and the bond is back. */
  | {
      readonly status: "won";
      readonly challengeId: string;
      readonly byTimeout: boolean;
      /** What was proven wrong; absent when the provider was silent, or convicted by another challenge of another job. */
      readonly proven?: ElementAddress | undefined;
      /** Wei. */
      readonly bond: bigint;
      /** ATH units. */
      readonly reward: bigint;
    }
  /** The bond is lost. */
  | { readonly status: "lost"; readonly challengeId: string; readonly byTimeout: boolean };

export interface DefenceOutcome {
  readonly jobId: string;
  /** Challenges of the job that are lost to the defender: their bonds are paid out. */
  readonly repelled: readonly string[];
  readonly convicted: boolean;
  /** With `once`, while challenges are alive: whether a move was made, or all wait for their challengers. */
  readonly pending?: { readonly moved: boolean } | undefined;
}
