import { type NamedMutant, inFile } from "../named.ts";

const tests = ["dispute/*.test.ts"];

/** Rules of the dispute game: who moves, when, down which path, and what it costs. */
export const game: readonly NamedMutant[] = [
  ...inFile("dispute/Descent.sol", tests, [
    {
      name: "a reveal shows fewer levels than it could",
      original: "(level + reveals - 1) / reveals",
      mutated: "level / reveals",
    },
    {
      name: "a tree over a power of two has a level too many",
      original: "uint256(1) << result < width",
      mutated: "uint256(1) << result <= width",
    },
    {
      name: "an index goes beyond the descendants that were shown",
      original: "if (index >> siblings.length != 0) revert TreeTooNarrow(index, 1 << siblings.length);",
      mutated: "",
    },
    {
      name: "the levels of a walk are hashed alike",
      original: "mstore8(add(buffer, 1), add(add(height, i), 1))",
      mutated: "mstore8(add(buffer, 1), add(height, 1))",
    },
    {
      name: "every level of a walk takes the side of the first",
      original: "and(shr(i, index), 1)",
      mutated: "and(index, 1)",
    },
    {
      name: "descendants are hashed as if they were leaves",
      original: "mstore8(add(buffer, 1), height)",
      mutated: "mstore8(add(buffer, 1), 1)",
    },
  ]),
  ...inFile("dispute/DisputeGame.sol", tests, [
    {
      name: "a commitment waits for a result that is not there yet",
      original: "bond.committedAt < submittedAt",
      mutated: "false",
    },
    {
      name: "a bond smaller than what is asked opens a challenge",
      original: "bond.amount < required",
      mutated: "false",
    },
    {
      name: "a commitment is opened in the block that it was made in",
      original: "uint256(bond.committedAt) + 1",
      mutated: "uint256(bond.committedAt)",
    },
    {
      name: "a commitment is opened after its period",
      original: "block.timestamp < earliest || block.timestamp > latest",
      mutated: "block.timestamp < earliest",
    },
    {
      name: "a commitment is opened twice",
      original: "if (record.walk.status != Status.None) revert ChallengeExists(challengeId);",
      mutated: "",
    },
    {
      name: "a walk goes on to a node that is not below",
      original: "if (found != current) revert UnexpectedNode(current, found);",
      mutated: "",
    },
    {
      name: "the operator of a walk is that of its last reveal",
      original: "(walk.operator << uint32(levels)) | index",
      mutated: "index",
    },
    {
      name: "a trace is posted over another one",
      original: "if (clock.tracedAt != 0) revert TraceAlreadyPosted(jobId);",
      mutated: "",
    },
    {
      name: "anybody posts a trace in the provider's name",
      original: "_requireDefender(clock.provider);",
      mutated: "",
    },
    {
      name: "a provider without a watchtower has the zero address as one",
      original: "profile.watchtower == address(0) || msg.sender != profile.watchtower",
      mutated: "msg.sender != profile.watchtower",
    },
    {
      name: "descendants of another node are revealed",
      original: "if (root != node) revert UnexpectedNode(node, root);",
      mutated: "",
    },
    {
      name: "other bytes than the tile's are revealed",
      original: "if (leaf != node) revert UnexpectedNode(node, leaf);",
      mutated: "",
    },
    {
      name: "another claim than the provider's is executed",
      original: "_requireClaim(_results[jobId], claim);",
      mutated: "",
    },
    {
      name: "a claim with another trace is executed",
      original:
        "if (claim.positionsRoot != positionsRoot) revert ClaimMismatch(positionsRoot, claim.positionsRoot);",
      mutated: "",
    },
    {
      name: "a right element convicts, a wrong one does not",
      after: "witness.length, false);",
      original: "correct",
      mutated: "!correct",
    },
    {
      name: "time is up in a turn's last second",
      original: "block.timestamp <= turn.deadline",
      mutated: "block.timestamp < turn.deadline",
    },
    {
      name: "whoever waits loses by timeout",
      original: "turn.side == Side.Challenger",
      mutated: "turn.side == Side.Provider",
    },
    {
      name: "a job's price in any token counts as ATH",
      original: "job.token == vault.ath()",
      mutated: "true",
    },
  ]),
  ...inFile("dispute/GameBoard.sol", tests, [
    {
      name: "a stranger opens another's commitment",
      original: "abi.encode(CHALLENGE_TYPE_HASH, block.chainid, address(this), challenger, jobId, salt)",
      mutated: "abi.encode(CHALLENGE_TYPE_HASH, block.chainid, address(this), jobId, salt)",
    },
    {
      name: "a stranger moves for the challenger",
      original: "if (msg.sender != record.challenger) revert NotChallenger(msg.sender, record.challenger);",
      mutated: "",
    },
    {
      name: "a node revealed on one level is revealed on all",
      original: "abi.encode(jobId, node, tree, level)",
      mutated: "abi.encode(jobId, node, tree)",
    },
    {
      name: "what one result's trace revealed counts for others",
      original: "abi.encode(jobId, node, tree, level)",
      mutated: "abi.encode(node, tree, level)",
    },
    {
      name: "a provider whose clock is empty has no time left",
      original: "Math.max(walk.providerClock, clock.grace)",
      mutated: "uint256(walk.providerClock)",
    },
    {
      name: "a challenger whose clock is empty has no time left",
      original: "Math.max(walk.challengerClock, clock.grace)",
      mutated: "uint256(walk.challengerClock)",
    },
    {
      name: "a trace is due as fast as any other move",
      original: "walk.stage == Stage.Root ? clock.window : 0",
      mutated: "uint256(0)",
    },
    {
      name: "an answer that came too late counts",
      original: "turn.answeredAt == 0 || turn.answeredAt > turn.deadline",
      mutated: "turn.answeredAt == 0",
    },
    {
      name: "the challenger's time runs while the provider moves",
      original: "Math.max(walk.movedAt, turn.answeredAt)",
      mutated: "uint256(walk.movedAt)",
    },
    {
      name: "the provider's clock does not run",
      original: "Math.saturatingSub(walk.providerClock, turn.providerUsed)",
      mutated: "uint256(walk.providerClock)",
    },
    {
      name: "the challenger's clock does not run",
      original: "Math.saturatingSub(walk.challengerClock, turn.challengerUsed)",
      mutated: "uint256(walk.challengerClock)",
    },
    {
      name: "the challenger moves after its time",
      original: "block.timestamp > turn.deadline || turn.answeredAt > turn.deadline",
      mutated: "false",
    },
    {
      name: "the provider moves after its time",
      after: "if (turn.answeredAt != 0) revert AlreadyRevealed(node);",
      original: "if (block.timestamp > turn.deadline) revert TooLate(turn.deadline, block.timestamp);",
      mutated: "",
    },
    {
      name: "a node is revealed, and paid, twice",
      original: "if (turn.answeredAt != 0) revert AlreadyRevealed(node);",
      mutated: "",
    },
    {
      name: "moves go on against a convicted provider",
      original: "if (_convictions[clock.provider].rewarded != 0) revert AlreadyConvicted(clock.provider);",
      mutated: "",
    },
    {
      name: "time in which the sequencer was down counts",
      original: "SequencerClock.effectiveStart(_sequencerFeed, walk.movedAt)",
      mutated: "uint256(walk.movedAt)",
    },
    {
      name: "a walk goes on below a position that the program does not have",
      original: "walk.position >= positions",
      mutated: "false",
    },
    { name: "bytes of PAD are asked for", original: "node != Commitments.PAD", mutated: "true" },
  ]),
  ...inFile("dispute/GameMoney.sol", tests, [
    {
      name: "the bond of a lost challenge is not burned",
      original: "_burn(bond.amount - half);",
      mutated: "",
    },
    {
      name: "a lost bond goes to the provider whole",
      after: "record.walk.status = Status.Lost;",
      original: "bond.amount / 2",
      mutated: "bond.amount",
    },
    {
      name: "what a challenger's moves cost is paid twice",
      original: "half - bond.spent",
      mutated: "uint256(half)",
    },
    {
      name: "a lost challenge keeps its share of the fraud deposit",
      original: "_reserved[provider] -= record.reserved;",
      mutated: "",
    },
    {
      name: "a move is reimbursed at any gas price",
      original: "Math.min(tx.gasprice, terms.stressGasPrice)",
      mutated: "tx.gasprice",
    },
    {
      name: "moves are reimbursed beyond half of the bond",
      original: "Math.min(amount, Math.saturatingSub(most, bond.spent))",
      mutated: "amount",
    },
    {
      name: "a copycat that committed later takes the reward",
      original: "if (other.bond.committedAt > record.bond.committedAt) return 0;",
      mutated: "",
    },
    {
      name: "a challenge that is over takes the reward",
      original: "if (other.walk.status != Status.Live) return 0;",
      mutated: "",
    },
    {
      name: "rewards go beyond half of the fraud deposit",
      original: "Math.min(reward, Math.saturatingSub(half, reserved))",
      mutated: "reward",
    },
    {
      name: "a commitment burns before its period is over",
      original: "if (block.timestamp <= latest) revert NotTooLate(latest, block.timestamp);",
      mutated: "",
    },
    {
      name: "a challenge is paid out twice",
      original: "record.walk.status = won ? Status.Won : Status.Returned;",
      mutated: "",
    },
    {
      name: "the same provider's other challenges earn its reward, too",
      original: "won ? conviction.reward : record.reserved / 2",
      mutated: "uint256(conviction.reward)",
    },
    {
      name: "tokens of the output are named together",
      original: "walk.part == Part.Output ? walk.element : 0",
      mutated: "uint256(0)",
    },
  ]),
  ...inFile("dispute/GameParameters.sol", tests, [
    {
      name: "a result falls under rules made after it",
      original: "version != 0 && _versions[version].since > timestamp",
      mutated: "false",
    },
    {
      name: "clocks are shorter than the chain's inclusion delay",
      original: "Math.max(inclusionDelay, SHORTEST_PERIOD)",
      mutated: "SHORTEST_PERIOD",
    },
  ]),
];
