import { toHex } from "@athanor/engine/commitments";
import { athanorError } from "../errors/athanor-error.ts";
import type { DisputeContext } from "./context.ts";
import { nodeAt, revealLevels } from "./descent.ts";
import type { Dispute } from "./dispute.ts";
import type { Move } from "./moves.ts";
import type { ChallengeState } from "./state.ts";
import { stepMove } from "./step.ts";

/** The defender's next move in a live challenge; undefined while there is nothing to do. */
export async function defenderMove(
  context: DisputeContext,
  dispute: Dispute,
  state: ChallengeState,
): Promise<Move | undefined> {
  const { own, job } = dispute;
  const { side, deadline } = state.turn!;
  if (side === "Challenger") {
    return state.time > deadline ? { kind: "timeout", args: [state.id], state } : undefined;
  }
  if (!state.traced) {
    const { positionDepth: level } = own.tree.layout;
    return { kind: "postTrace", args: await shown(dispute, state, { tree: 0, level, index: 0 }), state };
  }
  const { positionsRoot } = await own.tree.commitment();
  if (positionsRoot !== state.positionsRoot) {
    const found = state.positionsRoot;
    throw athanorError("ForeignTrace", { id: job.id, found, expected: positionsRoot });
  }
  switch (state.stage) {
    case "Root":
      return undefined;
    case "Descent":
      return { kind: "reveal", args: await shown(dispute, state, nodeAt(state)), state };
    case "Tile": {
      const tile = await own.tree.tile(state.at);
      return { kind: "revealTile", args: [state.id, tile!], state };
    }
    case "Named":
      return stepMove(context, dispute, state, true);
  }
}

/** The arguments that show the descendants of a node. */
async function shown(
  { own }: Dispute,
  state: ChallengeState,
  node: ReturnType<typeof nodeAt>,
): Promise<unknown[]> {
  const children = await own.tree.descendants(node, revealLevels(node.level));
  return [state.id, children.map(toHex)];
}
