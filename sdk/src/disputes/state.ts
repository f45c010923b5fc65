import { PART } from "@athanor/engine/dispute";
import type { DisputeContext } from "./context.ts";
import type { ElementAddress } from "./engine.ts";
import type { DisputePoint } from "./types.ts";
import type { ElementAddressStructOutput } from "../generated/contracts/DisputeGame.ts";

export const STATUSES = ["None", "Committed", "Live", "Lost", "Won", "Returned", "Burned"] as const;
const STAGES = ["Root", "Descent", "Tile", "Named"] as const;

/** A challenge as the game has it, with the job's result and whose turn it is. */
export interface ChallengeState {
  readonly id: string;
  readonly jobId: string;
  readonly status: (typeof STATUSES)[number];
  readonly stage: DisputePoint["stage"];
  readonly challenger: string;
  /** Seconds since 1970. */
  readonly committedAt: number;
  /** Hash of the current node; 0 at the root. */
  readonly node: string;
  readonly tree: number;
  readonly level: number;
  readonly at: ElementAddress;
  /** Owner account of the provider; the zero address before the first challenge of the result is open. */
  readonly provider: string;
  /** Whether the trace is posted, and its root over positions. */
  readonly traced: boolean;
  readonly positionsRoot: string;
  /** Whether the provider is convicted, by this challenge or another. */
  readonly convicted: boolean;
  /** Of a live challenge: whose move it is, and the last second for it. */
  readonly turn: { readonly side: "Provider" | "Challenger"; readonly deadline: number } | undefined;
  /** The timestamp that a transaction sent now would see. */
  readonly time: number;
}

const NOBODY = `0x${"00".repeat(32)}`;

/** Reads a challenge of a job. */
export async function readChallenge(
  { contracts, reader }: DisputeContext,
  id: string,
  job: { readonly id: string; readonly provider: string },
  signal?: AbortSignal,
): Promise<ChallengeState> {
  const { disputeGame } = contracts;
  const before = await disputeGame.challengeOf(id);
  const turn = STATUSES[Number(before.status)] === "Live" ? await disputeGame.turnOf(id) : undefined;
  // Read after the turn: whoever's turn it is, the other one cannot have moved on from what is read then.
  const [challenge, result, conviction, time] = await Promise.all([
    turn === undefined ? before : disputeGame.challengeOf(id),
    disputeGame.resultOf(job.id),
    disputeGame.convictionOf(job.provider),
    reader.time(signal),
  ]);
  const status = STATUSES[Number(challenge.status)]!;
  return {
    id,
    jobId: job.id,
    status,
    stage: STAGES[Number(challenge.stage)]!,
    challenger: challenge.challenger,
    committedAt: Number(challenge.committedAt),
    node: challenge.node,
    tree: Number(challenge.tree),
    level: Number(challenge.level),
    at: addressOf(challenge.target),
    provider: result.provider,
    traced: result.tracedAt > 0n,
    positionsRoot: result.positionsRoot,
    convicted: conviction !== NOBODY,
    turn: turn && { side: turn.side === 0n ? "Provider" : "Challenger", deadline: Number(turn.deadline) },
    time,
  };
}

export function addressOf(at: ElementAddressStructOutput): ElementAddress {
  return {
    part: Number(at.part) === PART.output ? PART.output : PART.trace,
    position: Number(at.position),
    operator: Number(at.operator),
    tile: Number(at.tile),
    element: Number(at.element),
  };
}
