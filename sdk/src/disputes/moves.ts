import { sendTransaction } from "../transactions/send.ts";
import { sendOptions } from "../client/context.ts";
import type { DisputeContext } from "./context.ts";
import type { Dispute } from "./dispute.ts";
import { reveals } from "./descent.ts";
import type { ChallengeState } from "./state.ts";
import type { DisputePoint, MoveKind, MoveMade, PlayOptions } from "./types.ts";

/** A transaction that is to be sent. */
export interface Move {
  readonly kind: MoveKind;
  readonly args: readonly unknown[];
  /** Wei that go along. */
  readonly value?: bigint;
  /** Where the challenge stands; undefined before it is committed. */
  readonly state: ChallengeState;
}

/** The contracts of the moves that are not the game's. */
const contractOf: Partial<Record<MoveKind, "jobEscrow" | "receiptResults" | "resultSources">> = {
  delegateChallenge: "resultSources",
  present: "receiptResults",
  refund: "jobEscrow",
};

/** Sends a move, waits until it is mined, and reports it. */
export async function makeMove(
  context: DisputeContext,
  by: MoveMade["by"],
  dispute: Dispute,
  move: Move,
  { onMove, signal }: PlayOptions,
): Promise<void> {
  const { contracts } = context;
  const { kind, args, value = 0n, state } = move;
  const name = contractOf[kind] ?? "disputeGame";
  const to = contracts.deployment[name];
  const data = contracts[name].interface.encodeFunctionData(kind as never, args as never);
  const receipt = await context.sending.run(() =>
    sendTransaction({ to, data, value }, { ...sendOptions(context, `make the move ${kind}`), signal }),
  );
  const mine = state.turn?.side === (by === "challenger" ? "Challenger" : "Provider");
  onMove?.({
    kind,
    by,
    jobId: state.jobId,
    challengeId: state.id,
    round: roundOf(dispute, state),
    at: pointOf(dispute, state),
    secondsLeft: mine ? state.turn.deadline - state.time : undefined,
    gas: receipt.gasUsed,
    calldataBytes: (data.length - 2) / 2,
    transactionHash: receipt.hash,
  });
}

function roundOf({ own }: Dispute, state: ChallengeState): number {
  if (state.status !== "Live" || !state.traced) return 0;
  return state.stage === "Root" ? 1 : reveals(own.tree.layout, state).length;
}

function pointOf({ own }: Dispute, state: ChallengeState): DisputePoint | undefined {
  const { status, traced, convicted, stage, tree, level, node, at } = state;
  if (status !== "Live" || !traced || convicted) return undefined;
  const reached = tree === 2 || (tree === 1 && level === 0);
  const operatorName = reached ? own.model.program.operators[at.operator]?.name : undefined;
  return { stage, tree, level, node, address: at, ...(operatorName && { operatorName }) };
}
