// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IResultSources} from "../interfaces/IResultSources.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Claim, Part} from "../types/Claim.sol";
import {Job, JobId} from "../types/Job.sol";
import {Descent} from "./Descent.sol";
import {GameBoard} from "./GameBoard.sol";
import {GameMoney} from "./GameMoney.sol";
import {GameParameters} from "./GameParameters.sol";
import {Bond, ChallengeRecord, ResultClock, ResultRecord, ResultTerms, Walk} from "./GameTypes.sol";

/// @title Dispute game
/// @notice See `IDisputeGame`, which is the specification, and docs/dispute.md.
contract DisputeGame is GameMoney {
    // ---------------------------------------------------------------------------------------- construction

    /// @param authority The AccessManager that decides who may set parameters.
    /// @param inclusionDelay Seconds within which the chain includes a transaction that its sequencer ignores; no clock is shorter.
    constructor(
        address authority,
        IResultSources escrow,
        IProviderRegistry providers,
        IVault vault,
        IStepVerifier verifier,
        uint256 inclusionDelay,
        Parameters memory initial
    ) GameParameters(authority, inclusionDelay, initial) GameBoard(escrow, providers, vault, verifier) {}

    // -------------------------------------------------------------------------------- moves of challengers

    /// @inheritdoc IDisputeGame
    function open(Job calldata job, IJobEscrow.Output calldata output, bytes32 salt) external nonReentrant {
        JobId jobId = escrow.jobIdOf(job);
        bytes32 challengeId = challengeIdOf(msg.sender, jobId, salt);
        ChallengeRecord storage record = _challenges[challengeId];
        Bond memory bond = record.bond;
        _requireCommitted(challengeId, record, bond);

        if (_convictions[job.provider].rewarded != 0) {
            record.walk.status = Status.Returned;
            emit Reclaimed(challengeId, bond.amount, 0);
            _pay(msg.sender, bond.amount);
            return;
        }

        escrow.challengeOpened(job, output, msg.sender);
        uint256 submittedAt = escrow.jobState(jobId).submittedAt();
        // INVARIANT: nobody has a commitment ready for a result that is not there yet.
        if (bond.committedAt < submittedAt) revert CommittedBeforeResult(bond.committedAt, submittedAt);

        ResultRecord storage result = _results[jobId];
        if (result.clock.provider == address(0)) _addResult(result, job, output, submittedAt);
        ResultTerms memory terms = result.terms;
        Parameters memory rules = _parametersOf(terms.version);
        uint256 required = _bondOf(rules, job.challengeWindow);
        if (bond.amount < required) revert BondTooSmall(bond.amount, required);

        Walk memory walk;
        walk.status = Status.Live;
        walk.level = terms.depth;
        walk.movedAt = uint40(block.timestamp);
        walk.providerClock = uint24(rules.clock);
        walk.challengerClock = uint24(rules.clock);
        record.walk = walk;
        record.bond.amount = uint96(required);
        record.challenger = msg.sender;
        uint96 reserved = _reserve(job.provider, terms.reward);
        record.reserved = reserved;
        record.jobId = jobId;
        Claim memory claim = _claimOf(job, output);
        claim.positionsRoot = result.positionsRoot;
        emit Opened(challengeId, jobId, job.provider, msg.sender, claim, reserved);
        _pay(msg.sender, bond.amount - required);
    }

    /// @inheritdoc IDisputeGame
    function narrow(bytes32 challengeId, uint32 index, bytes32 node, bytes32[] calldata siblings) external {
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        if (walk.stage > Stage.Descent) revert WrongStage(challengeId, walk.stage);
        bytes32 current = walk.stage == Stage.Root ? _results[jobId].positionsRoot : record.node;
        _takeTurn(record, walk, jobId, clock, current);

        uint256 levels = Descent.levels(walk.level);
        if (siblings.length != levels) revert WrongNumberOfChildren(siblings.length, levels);
        walk.level -= uint8(levels);
        // INVARIANT: the challenge goes to a descendant of the node it was at, whatever happened to the chain meanwhile.
        bytes32 found = Descent.ancestorOf(node, index, siblings, walk.level);
        if (found != current) revert UnexpectedNode(current, found);
        walk.stage = Stage.Descent;
        if (walk.tree == 0) walk.position = (walk.position << uint32(levels)) | index;
        else if (walk.tree == 1) walk.operator = (walk.operator << uint32(levels)) | index;
        else walk.tile = (walk.tile << uint32(levels)) | index;
        if (walk.level == 0) {
            _enter(walk, _results[jobId].modelRoot, node);
            if (walk.stage != Stage.Descent) _noteNamed(challengeId, record, walk);
        }
        record.walk = walk;
        record.node = node;
        emit Narrowed(challengeId, walk.stage, node, walk.tree, walk.level, _addressOf(walk));
    }

    /// @inheritdoc IDisputeGame
    function disputeOutput(bytes32 challengeId, bytes32 positionsRoot, uint32 element) external {
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        _requireStage(challengeId, walk, Stage.Root);
        bytes32 current = _results[jobId].positionsRoot;
        _takeTurn(record, walk, jobId, clock, current);
        if (positionsRoot != current) revert UnexpectedNode(current, positionsRoot);
        walk.part = Part.Output;
        _name(challengeId, record, walk, element);
    }

    /// @inheritdoc IDisputeGame
    function nameElement(bytes32 challengeId, bytes32 leaf, uint32 element) external {
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        _requireStage(challengeId, walk, Stage.Tile);
        bytes32 current = record.node;
        _takeTurn(record, walk, jobId, clock, current);
        if (leaf != current) revert UnexpectedNode(current, leaf);
        _name(challengeId, record, walk, element);
    }

    // ---------------------------------------------------------------------------------- moves of defenders

    /// @inheritdoc IDisputeGame
    function postTrace(bytes32 challengeId, bytes32[] calldata children) external nonReentrant {
        uint256 gasBefore = gasleft();
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        _requireDefender(clock.provider);
        if (clock.tracedAt != 0) revert TraceAlreadyPosted(jobId);
        _requireProvidersTurn(walk, jobId, clock, 0);

        ResultRecord storage result = _results[jobId];
        uint8 depth = walk.level;
        bytes32 root = _rootOf(children, depth);
        clock.tracedAt = uint40(block.timestamp);
        result.clock = clock;
        result.positionsRoot = root;
        _revealedAt[_nodeKey(jobId, root, 0, depth)] = uint40(block.timestamp);
        emit TracePosted(jobId, root, children);
        _pay(msg.sender, _charge(challengeId, record, gasBefore, 32 * children.length, true));
    }

    /// @inheritdoc IDisputeGame
    function reveal(bytes32 challengeId, bytes32[] calldata children) external nonReentrant {
        uint256 gasBefore = gasleft();
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        _requireStage(challengeId, walk, Stage.Descent);
        bytes32 node = record.node;
        _requireProvidersTurn(walk, jobId, clock, node);

        bytes32 root = _rootOf(children, walk.level);
        if (root != node) revert UnexpectedNode(node, root);
        _revealedAt[_nodeKey(jobId, node, walk.tree, walk.level)] = uint40(block.timestamp);
        emit Revealed(jobId, node, walk.tree, walk.level, children);
        _pay(msg.sender, _charge(challengeId, record, gasBefore, 32 * children.length, false));
    }

    /// @inheritdoc IDisputeGame
    function revealTile(bytes32 challengeId, bytes calldata tile) external nonReentrant {
        uint256 gasBefore = gasleft();
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        _requireStage(challengeId, walk, Stage.Tile);
        bytes32 node = record.node;
        _requireProvidersTurn(walk, jobId, clock, node);

        bytes32 leaf = keccak256(abi.encodePacked(Commitments.LEAF_TAG, tile));
        if (leaf != node) revert UnexpectedNode(node, leaf);
        _revealedAt[_nodeKey(jobId, node, walk.tree, walk.level)] = uint40(block.timestamp);
        emit TileRevealed(jobId, node, tile);
        _pay(msg.sender, _charge(challengeId, record, gasBefore, tile.length, false));
    }

    // ---------------------------------------------------------------------------------- anybody's moves

    /// @inheritdoc IDisputeGame
    function step(bytes32 challengeId, Claim calldata claim, bytes calldata witness) external nonReentrant {
        uint256 gasBefore = gasleft();
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        _requireStage(challengeId, walk, Stage.Named);
        bytes32 node = record.node;
        _requireProvidersTurn(walk, jobId, clock, node);
        _requireClaim(_results[jobId], claim);

        // INVARIANT: only a finished execution is a verdict. Whatever goes wrong in it, too little gas included, reverts all of this.
        bool correct = verifier.isCorrect(claim, _addressOf(walk), node, witness);
        uint256 reimbursed = _charge(challengeId, record, gasBefore, witness.length, false);
        if (correct) _lose(challengeId, record, clock.provider, false);
        else {
            bytes32 rewarded = _rewardedFor(challengeId, record, walk);
            _convict(challengeId, record, rewarded, clock.provider, false);
        }
        _pay(msg.sender, reimbursed);
    }

    /// @inheritdoc IDisputeGame
    function timeout(bytes32 challengeId) external nonReentrant {
        (ChallengeRecord storage record, Walk memory walk, JobId jobId, ResultClock memory clock) = _load(
            challengeId
        );
        Turn memory turn = _turnOf(walk, clock, jobId, _nodeOf(record, walk));
        if (block.timestamp <= turn.deadline) revert NotTooLate(turn.deadline, block.timestamp);
        if (turn.side == Side.Challenger) _lose(challengeId, record, clock.provider, true);
        else _convict(challengeId, record, challengeId, clock.provider, true);
    }

    // ------------------------------------------------------------------------------------------- internal

    function _requireCommitted(
        bytes32 challengeId,
        ChallengeRecord storage record,
        Bond memory bond
    ) private view {
        if (bond.committedAt == 0) revert UnknownChallenge(challengeId);
        if (record.walk.status != Status.None) revert ChallengeExists(challengeId);
        uint256 earliest = uint256(bond.committedAt) + 1;
        uint256 latest = uint256(bond.committedAt) + bond.openPeriod;
        if (block.timestamp < earliest || block.timestamp > latest)
            revert OpeningOutOfTime(earliest, latest, block.timestamp);
    }

    /// @dev The first challenge of a result: notes what will be asked of all of them.
    function _addResult(
        ResultRecord storage result,
        Job calldata job,
        IJobEscrow.Output calldata output,
        uint256 submittedAt
    ) private {
        uint16 version = _versionAt(submittedAt);
        Parameters memory rules = _parametersOf(version);
        (uint32 positions, , ) = verifier.widths(job.modelRoot, 0);
        result.clock = ResultClock(job.provider, 0, job.challengeWindow, uint24(rules.grace));
        result.terms = ResultTerms({
            reward: uint96(_rewardOf(rules, job)),
            tracePayment: uint72(uint256(rules.tracePricePerSecond) * job.challengeWindow),
            stressGasPrice: rules.stressGasPrice,
            version: version,
            depth: Descent.depth(positions)
        });
        result.modelRoot = job.modelRoot;
        result.claimHash = keccak256(abi.encode(_claimOf(job, output)));
    }

    /// @dev ATH units: the largest of the least reward, a multiple of what the job pays at most, and the whole bond.
    function _rewardOf(Parameters memory rules, Job calldata job) private view returns (uint256) {
        uint256 price;
        if (job.token == vault.ath()) {
            price = Math.max(
                job.minimumCharge,
                escrow.costOf(job.promptTokens, job.maxTokens, job.inputPrice, job.outputPrice)
            );
        }
        uint256 bond = (_bondOf(rules, job.challengeWindow) * rules.athPerCoin) / COIN;
        uint256 reward = Math.max(rules.minimumReward, Math.max(price * rules.priceMultiple, bond));
        return Math.min(reward, type(uint96).max);
    }

    /// @dev The claim of a result, but for its trace.
    function _claimOf(
        Job calldata job,
        IJobEscrow.Output calldata output
    ) private pure returns (Claim memory) {
        return Claim(job.modelRoot, job.inputRoot, output.tokensRoot, output.count, true, 0);
    }

    /// @dev INVARIANT: what is executed is the claim that the provider stands for.
    function _requireClaim(ResultRecord storage result, Claim calldata claim) private view {
        Claim memory posted = claim;
        bytes32 positionsRoot = result.positionsRoot;
        if (claim.positionsRoot != positionsRoot) revert ClaimMismatch(positionsRoot, claim.positionsRoot);
        posted.positionsRoot = 0;
        bytes32 found = keccak256(abi.encode(posted));
        if (found != result.claimHash) revert ClaimMismatch(result.claimHash, found);
    }

    /// @dev INVARIANT: nobody else stands for a provider's result with a trace.
    function _requireDefender(address provider) private view {
        (address operator, address watchtower) = providers.defenderKeysOf(provider);
        if (msg.sender != operator && (watchtower == address(0) || msg.sender != watchtower))
            revert NotDefender(msg.sender, operator, watchtower);
    }

    function _nodeOf(ChallengeRecord storage record, Walk memory walk) private view returns (bytes32) {
        return walk.stage == Stage.Root ? bytes32(0) : record.node;
    }

    /// @dev The node of which these are the descendants that a reveal shows.
    function _rootOf(bytes32[] calldata children, uint256 level) private pure returns (bytes32) {
        uint256 levels = Descent.levels(level);
        if (children.length != 1 << levels) revert WrongNumberOfChildren(children.length, 1 << levels);
        return Descent.rootOf(children, level - levels);
    }

    /// @dev The last move of a challenger.
    function _name(
        bytes32 challengeId,
        ChallengeRecord storage record,
        Walk memory walk,
        uint32 element
    ) private {
        walk.stage = Stage.Named;
        walk.element = element;
        record.walk = walk;
        _noteNamed(challengeId, record, walk);
        emit ElementNamed(challengeId, _addressOf(walk));
    }
}
