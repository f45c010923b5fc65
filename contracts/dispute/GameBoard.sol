// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IResultSources} from "../interfaces/IResultSources.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {SequencerClock} from "../libraries/SequencerClock.sol";
import {ElementAddress} from "../types/Claim.sol";
import {Job, JobId} from "../types/Job.sol";
import {Descent} from "./Descent.sol";
import {GameParameters} from "./GameParameters.sol";
import {ChallengeRecord, Conviction, ResultClock, ResultRecord, Walk} from "./GameTypes.sol";

/// @title The board of disputes: where every challenge stands, and whose turn it is
abstract contract GameBoard is GameParameters {
    // ------------------------------------------------------------------------------------------ constants

    /// @dev Separates challenge ids from every other hash of the protocol.
    bytes32 private constant CHALLENGE_TYPE_HASH = keccak256("Athanor.Challenge");
    /// @dev Gas that defending a result costs at most: all reveals, the largest tile and the largest step.
    uint256 private constant DEFENCE_GAS = 5_000_000;

    IResultSources public immutable escrow;
    IProviderRegistry public immutable providers;
    IVault public immutable vault;
    IStepVerifier public immutable verifier;
    /// @dev Tells when the chain's sequencer is down; zero if there is no such feed.
    address private immutable _sequencerFeed;

    // -------------------------------------------------------------------------------------------- storage

    mapping(bytes32 challengeId => ChallengeRecord) internal _challenges;
    mapping(JobId jobId => ResultRecord) internal _results;
    mapping(address provider => Conviction) internal _convictions;
    /// @dev Node of a result's trace → when its descendants, or the tile's bytes, were revealed.
    mapping(bytes32 key => uint40 timestamp) internal _revealedAt;

    /// @dev Whose turn it is. `providerUsed` and `challengerUsed` are seconds of the move under way that count on the clocks.
    struct Turn {
        Side side;
        uint256 deadline;
        uint256 providerUsed;
        uint256 challengerUsed;
        uint256 answeredAt;
    }

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        IResultSources escrow_,
        IProviderRegistry providers_,
        IVault vault_,
        IStepVerifier verifier_
    ) {
        escrow = escrow_;
        providers = providers_;
        vault = vault_;
        verifier = verifier_;
        _sequencerFeed = escrow_.sequencerFeed();
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IDisputeGame
    function challengeIdOf(address challenger, JobId jobId, bytes32 salt) public view returns (bytes32) {
        return
            keccak256(abi.encode(CHALLENGE_TYPE_HASH, block.chainid, address(this), challenger, jobId, salt));
    }

    /// @inheritdoc IDisputeGame
    function challengeOf(bytes32 challengeId) external view returns (Challenge memory challenge) {
        ChallengeRecord storage record = _challenges[challengeId];
        Walk memory walk = record.walk;
        challenge.status = _statusOf(record);
        challenge.stage = walk.stage;
        challenge.challenger = record.challenger;
        challenge.committedAt = record.bond.committedAt;
        challenge.movedAt = walk.movedAt;
        challenge.jobId = record.jobId;
        challenge.node = record.node;
        challenge.tree = walk.tree;
        challenge.level = walk.level;
        challenge.target = _addressOf(walk);
        challenge.providerClock = walk.providerClock;
        challenge.challengerClock = walk.challengerClock;
        challenge.bond = record.bond.amount;
        challenge.spent = record.bond.spent;
        challenge.reserved = record.reserved;
    }

    /// @inheritdoc IDisputeGame
    function resultOf(JobId jobId) external view returns (Result memory) {
        ResultRecord storage record = _results[jobId];
        return
            Result({
                provider: record.clock.provider,
                modelRoot: record.modelRoot,
                tracedAt: record.clock.tracedAt,
                positionsRoot: record.positionsRoot,
                claimHash: record.claimHash
            });
    }

    /// @inheritdoc IDisputeGame
    function revealedAt(JobId jobId, bytes32 node, uint8 tree, uint8 level) external view returns (uint40) {
        return _revealedAt[_nodeKey(jobId, node, tree, level)];
    }

    /// @inheritdoc IDisputeGame
    function turnOf(bytes32 challengeId) external view returns (Side side, uint256 deadline) {
        ChallengeRecord storage record = _challenges[challengeId];
        Status status = _statusOf(record);
        if (status != Status.Live) revert NotLive(challengeId, status);
        Turn memory turn = _turnOf(record.walk, _results[record.jobId].clock, record.jobId, record.node);
        return (turn.side, turn.deadline);
    }

    /// @inheritdoc IDisputeGame
    function revealLevels(uint8 level) external pure returns (uint8) {
        return uint8(Descent.levels(level));
    }

    /// @inheritdoc IDisputeGame
    function bondOf(Job calldata job) external view returns (uint256) {
        uint256 submittedAt = escrow.jobState(escrow.jobIdOf(job)).submittedAt();
        uint256 version = _versionAt(submittedAt == 0 ? block.timestamp : submittedAt);
        return _bondOf(_parametersOf(version), job.challengeWindow);
    }

    /// @inheritdoc IDisputeGame
    function convictionOf(address provider) external view returns (bytes32 rewarded) {
        return _convictions[provider].rewarded;
    }

    /// @inheritdoc IDisputeGame
    function isProvenWrong(JobId jobId) external view returns (bool) {
        Conviction storage conviction = _convictions[_results[jobId].clock.provider];
        return
            conviction.proven && JobId.unwrap(_challenges[conviction.rewarded].jobId) == JobId.unwrap(jobId);
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev Twice what the moves of a defence cost at most at the stress price: half of it reimburses, half of it burns.
    function _bondOf(Parameters memory terms, uint256 window) internal pure returns (uint256) {
        return
            2 * (uint256(terms.stressGasPrice) * DEFENCE_GAS + uint256(terms.tracePricePerSecond) * window);
    }

    function _nodeKey(JobId jobId, bytes32 node, uint8 tree, uint8 level) internal pure returns (bytes32) {
        return keccak256(abi.encode(jobId, node, tree, level));
    }

    function _addressOf(Walk memory walk) internal pure returns (ElementAddress memory) {
        return ElementAddress(walk.part, walk.position, walk.operator, walk.tile, walk.element);
    }

    /// @dev A commitment is nothing but its bond.
    function _statusOf(ChallengeRecord storage record) internal view returns (Status status) {
        status = record.walk.status;
        if (status == Status.None && record.bond.committedAt != 0) status = Status.Committed;
    }

    function _requireStage(bytes32 challengeId, Walk memory walk, Stage stage) internal pure {
        if (walk.stage != stage) revert WrongStage(challengeId, walk.stage);
    }

    /// @dev Reads a challenge in which moves are still made.
    function _load(
        bytes32 challengeId
    )
        internal
        view
        returns (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock)
    {
        record = _challenges[challengeId];
        walk = record.walk;
        if (walk.status != Status.Live) {
            Status status = _statusOf(record);
            if (status == Status.None) revert UnknownChallenge(challengeId);
            revert NotLive(challengeId, status);
        }
        jobId = record.jobId;
        clock = _results[jobId].clock;
        if (_convictions[clock.provider].rewarded != 0) revert AlreadyConvicted(clock.provider);
    }

    /// @dev INVARIANT: at any time it is one side's turn. The provider's lasts from the challenger's last move to its answer, the challenger's from
    /// the later of both. An answer that came too late is none. Time in which the sequencer was down counts for nobody; deadlines only ever move back.
    function _turnOf(
        Walk memory walk,
        ResultClock memory clock,
        JobId jobId,
        bytes32 node
    ) internal view returns (Turn memory turn) {
        // The trace, and the challenger's first move, take as long as recomputing the request.
        uint256 extra = walk.stage == Stage.Root ? clock.window : 0;
        turn.answeredAt =
            walk.stage == Stage.Root
                ? clock.tracedAt
                : walk.stage == Stage.Named
                    ? 0
                    : _revealedAt[_nodeKey(jobId, node, walk.tree, walk.level)];

        uint256 start = SequencerClock.effectiveStart(_sequencerFeed, walk.movedAt) + extra;
        turn.deadline = start + Math.max(walk.providerClock, clock.grace);
        turn.providerUsed = Math.saturatingSub(
            turn.answeredAt == 0 ? block.timestamp : turn.answeredAt,
            start
        );
        if (turn.answeredAt == 0 || turn.answeredAt > turn.deadline) return turn;

        turn.side = Side.Challenger;
        start =
            SequencerClock.effectiveStart(_sequencerFeed, Math.max(walk.movedAt, turn.answeredAt)) + extra;
        turn.deadline = start + Math.max(walk.challengerClock, clock.grace);
        turn.challengerUsed = Math.saturatingSub(block.timestamp, start);
    }

    /// @dev For a move of the challenger, who need not wait only for a tile. Takes the time that both used off their clocks, and starts the next turn.
    function _takeTurn(
        ChallengeRecord storage record,
        Walk memory walk,
        JobId jobId,
        ResultClock memory clock,
        bytes32 node
    ) internal view {
        if (msg.sender != record.challenger) revert NotChallenger(msg.sender, record.challenger);
        Turn memory turn = _turnOf(walk, clock, jobId, node);
        if (turn.answeredAt == 0 && walk.stage != Stage.Tile) {
            if (walk.stage == Stage.Root) revert TraceNotPosted(jobId);
            revert NotRevealed(node);
        }
        if (block.timestamp > turn.deadline || turn.answeredAt > turn.deadline)
            revert TooLate(turn.deadline, block.timestamp);
        walk.providerClock = uint24(Math.saturatingSub(walk.providerClock, turn.providerUsed));
        walk.challengerClock = uint24(Math.saturatingSub(walk.challengerClock, turn.challengerUsed));
        walk.movedAt = uint40(block.timestamp);
    }

    /// @dev For a move of the defence.
    function _requireProvidersTurn(
        Walk memory walk,
        JobId jobId,
        ResultClock memory clock,
        bytes32 node
    ) internal view {
        Turn memory turn = _turnOf(walk, clock, jobId, node);
        if (turn.answeredAt != 0) revert AlreadyRevealed(node);
        if (block.timestamp > turn.deadline) revert TooLate(turn.deadline, block.timestamp);
    }

    /// @dev Called with the node at a leaf of its tree: goes on to the tree that stands on it, or ends the walk.
    function _enter(Walk memory walk, bytes32 modelRoot, bytes32 node) internal view {
        (uint32 positions, uint32 operators, uint32 tiles) = verifier.widths(
            modelRoot,
            walk.tree == 0 ? 0 : walk.operator
        );
        walk.stage = Stage.Named;
        if (walk.tree == 0) {
            if (walk.position >= positions) return;
            walk.tree = 1;
            walk.level = Descent.depth(operators);
        } else if (walk.tree == 1) {
            if (walk.operator >= operators) return;
        } else if (walk.tile >= tiles) {
            return;
        }
        if (walk.tree == 1 && walk.level == 0) {
            walk.tree = 2;
            walk.level = Descent.depth(tiles);
        }
        if (walk.level != 0) {
            walk.stage = Stage.Descent;
        } else if (node != Commitments.PAD) {
            walk.stage = Stage.Tile;
        }
    }
}
