import { toHex, type Hex } from "@athanor/engine/commitments";
import { PART, RevealedNodes, stepWitness } from "@athanor/engine/dispute";
import { athanorError } from "../errors/athanor-error.ts";
import type { DisputeContext } from "./context.ts";
import { reveals } from "./descent.ts";
import { claimOf, type Dispute } from "./dispute.ts";
import type { TraceNode } from "./engine.ts";
import type { Move } from "./moves.ts";
import type { ChallengeState } from "./state.ts";

/** Everything that was revealed on the way from the root to where a challenge stands. */
export async function revealedOnTheWay(
  context: DisputeContext,
  { own, submitted }: Dispute,
  state: ChallengeState,
): Promise<RevealedNodes> {
  const known = new RevealedNodes();
  const path = reveals(own.tree.layout, state);
  let hash = state.positionsRoot;
  for (const [index, node] of path.entries()) {
    const children = await context.reveals.children(
      state.jobId,
      { node, hash },
      index === 0,
      submitted.position.block,
    );
    known.add(node, children);
    const below: TraceNode | undefined = path[index + 1];
    // A leaf of one tree is the root of the next.
    hash = below === undefined ? state.node : toHex(known.find(leadingTo(node, below))!);
  }
  return known;
}

/** The node of the same tree that `below` is, or stands on. */
function leadingTo(node: TraceNode, below: TraceNode): TraceNode {
  if (node.tree === below.tree) return below;
  const index = node.tree === 0 ? below.position! : below.operator!;
  return { ...node, level: 0, index };
}

/**
 * The step about the element that a challenge has come to, if it is for this side.
 *
 * @param wanted what the step must show: false for a challenger, true for a defender
 * @throws AthanorError `StepUnexpected` when it would show the opposite; nothing is sent then
 */
export async function stepMove(
  context: DisputeContext,
  dispute: Dispute,
  state: ChallengeState,
  wanted: boolean,
): Promise<Move> {
  const { own, answer } = dispute;
  const claim = claimOf(dispute, state.positionsRoot);
  const isOutput = state.at.part === PART.output;
  const known = isOutput ? new RevealedNodes() : await revealedOnTheWay(context, dispute, state);
  const { executor } = context.options;
  const ownTile = await revealedTile(context, dispute, state);
  const { witness, correct } = await stepWitness(own.model, own.request, claim, state.at, {
    ...(executor && { executor }),
    ...(ownTile && { ownTile }),
    ...(!isOutput && { leaf: state.node as Hex }),
    outputTokens: answer,
    nodes: (tree, [position = 0, operator = 0], level, index) =>
      known.find({ tree, position, operator, level, index }),
  });
  if (correct !== wanted) {
    throw athanorError("StepUnexpected", {
      challengeId: state.id,
      id: state.jobId,
      found: correct ? "right" : "wrong",
      expected: wanted ? "right" : "wrong",
    });
  }
  return { kind: "step", args: [state.id, claim, witness], state };
}

/** The bytes of the tile that the challenge is about, if they are needed and were shown. */
async function revealedTile(
  { contracts, reveals: seen }: DisputeContext,
  { submitted }: Dispute,
  state: ChallengeState,
): Promise<Uint8Array | undefined> {
  if (state.at.part === PART.output || state.tree !== 2 || state.level !== 0) return undefined;
  const at = await contracts.disputeGame.revealedAt(state.jobId, state.node, state.tree, state.level);
  return at === 0n ? undefined : seen.tile(state.jobId, state.node, submitted.position.block);
}
