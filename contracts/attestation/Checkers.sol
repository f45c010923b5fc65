// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {ICheckers} from "../interfaces/ICheckers.sol";
import {IDrawBeacon} from "../interfaces/IDrawBeacon.sol";
import {IVault} from "../interfaces/IVault.sol";
import {SequencerClock} from "../libraries/SequencerClock.sol";
import {CheckerParameters} from "./CheckerParameters.sol";
import {CheckerStakes} from "./CheckerStakes.sol";

/// @title Checkers
/// @notice See `ICheckers`, which is the specification, and docs/checkers.md.
contract Checkers is CheckerStakes {
    // ------------------------------------------------------------------------------------------ constants

    bytes32 private constant SECRET_TYPE = keccak256("Athanor.CheckerSecret");
    bytes32 private constant SEED_TYPE = keccak256("Athanor.CheckerSeed");
    /// @dev In place of a commitment for which a checker was penalised.
    bytes32 private constant SPENT = bytes32(uint256(1));
    /// @dev Of a penalty, for whoever knows a secret too early.
    uint256 private constant DENOUNCERS_SHARE = 5_000;

    /// @inheritdoc ICheckers
    IDrawBeacon public immutable beacon;
    address private immutable _sequencerFeed;

    // -------------------------------------------------------------------------------------------- storage

    mapping(uint32 epoch => Epoch) private _epochs;
    /// @inheritdoc ICheckers
    mapping(uint32 epoch => mapping(address checker => bytes32)) public committedTo;
    /// @inheritdoc ICheckers
    mapping(uint32 epoch => mapping(address checker => bytes32)) public secretOf;
    bytes32 private _lastSeed;

    // ---------------------------------------------------------------------------------------- construction

    /// @param sequencerFeed The uptime feed of the chain's sequencer; zero on chains without.
    /// @param inclusionDelay Seconds within which the chain includes what its sequencer ignores.
    constructor(
        address authority,
        IVault vault_,
        IDrawBeacon beacon_,
        address sequencerFeed,
        uint256 epochLength_,
        uint256 inclusionDelay,
        Parameters memory initial
    )
        AccessManaged(authority)
        CheckerParameters(epochLength_, inclusionDelay, initial)
        CheckerStakes(vault_)
    {
        beacon = beacon_;
        _sequencerFeed = sequencerFeed;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc ICheckers
    function commit(uint32 epoch, bytes32 commitment) external {
        address owner = ownerOf(msg.sender);
        uint32 current = currentEpoch();
        // INVARIANT: nobody commits to a secret that cannot be revealed, however late the transaction is mined.
        if (epoch != current + 1) revert WrongEpoch(epoch, current);
        if (uint256(commitment) <= uint256(SPENT)) revert InvalidCommitment(commitment);
        if (committedTo[epoch][owner] != 0) revert AlreadyCommitted(owner, epoch);
        if (vault.isJailed(owner)) revert Convicted(owner);
        // INVARIANT: a commitment stands on a whole stake, so a part of one is no chance at all.
        uint96 stake = parametersAt(epoch).stake;
        Checker storage checker = _checkers[owner];
        if (checker.locked < stake) revert StakeTooSmall(owner, checker.locked, stake);
        checker.lastEpoch = epoch;
        committedTo[epoch][owner] = commitment;
        _epochs[epoch].committed += 1;
        emit SecretCommitted(epoch, owner, commitment);
    }

    /// @inheritdoc ICheckers
    function draw(uint256 round) external {
        uint32 current = currentEpoch();
        uint256 start = startOf(current);
        Epoch storage epoch = _epochs[current];
        if (epoch.seed != 0) revert AlreadyDrawn(current);
        if (block.timestamp >= start + epochLength / 2)
            revert DrawTooLate(start + epochLength / 2 - 1, block.timestamp);
        // INVARIANT: the block that decides was named when commitments to the epoch, and reveals of the one before the last, were closed.
        if (!beacon.isFirstSince(round, start)) revert WrongRound(round, start);
        bytes32 mix = current < 2 ? bytes32(0) : _epochs[current - 2].mix;
        bytes32 seed = keccak256(abi.encode(SEED_TYPE, current, _lastSeed, mix, beacon.roundOf(round).value));
        epoch.seed = seed;
        _lastSeed = seed;
        emit EpochDrawn(current, seed, epoch.committed);
    }

    /// @inheritdoc ICheckers
    function reveal(address checker, bytes32 secret) external {
        uint32 current = currentEpoch();
        if (current == 0) revert WrongEpoch(0, 0);
        uint32 epoch = current - 1;
        _requireUnknown(checker, epoch, secret);
        secretOf[epoch][checker] = secret;
        _epochs[epoch].revealed += 1;
        _mix(epoch, secret);
        emit SecretRevealed(epoch, checker, secret);
    }

    /// @inheritdoc ICheckers
    function punishMissing(address checker, uint32 epoch) external {
        uint32 current = currentEpoch();
        // Later the checker may have left.
        if (current < epoch + 2 || current >= epoch + EPOCH_LIFE) revert WrongEpoch(epoch, current);
        bytes32 commitment = committedTo[epoch][checker];
        // INVARIANT: who could not know that it was drawn, or could not reveal, owes nothing.
        if (
            uint256(commitment) <= uint256(SPENT) ||
            secretOf[epoch][checker] != 0 ||
            _epochs[epoch].seed == 0 ||
            outageSince(startOf(epoch + 1))
        ) revert NoFault(checker, epoch);
        committedTo[epoch][checker] = SPENT;
        emit SecretMissing(epoch, checker, msg.sender);
        _penalise(checker, _missingPenalty(epoch), msg.sender, FINDERS_SHARE);
    }

    /// @inheritdoc ICheckers
    function denounce(address checker, uint32 epoch, bytes32 secret) external {
        uint32 current = currentEpoch();
        // From the next epoch on everybody may know it.
        if (epoch != current && epoch != current + 1) revert WrongEpoch(epoch, current);
        _requireUnknown(checker, epoch, secret);
        committedTo[epoch][checker] = SPENT;
        // INVARIANT: a secret that is denounced counts in the seed, so denouncing one's own is no way to withhold it.
        _mix(epoch, secret);
        emit SecretDenounced(epoch, checker, msg.sender, secret);
        _penalise(checker, _missingPenalty(epoch), msg.sender, DENOUNCERS_SHARE);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc ICheckers
    function epochOf(uint32 epoch) external view returns (Epoch memory) {
        return _epochs[epoch];
    }

    /// @inheritdoc ICheckers
    function isDrawn(
        uint32 epoch,
        address checker,
        uint256 subject,
        uint256 expected
    ) external view returns (bool) {
        bytes32 secret = secretOf[epoch][checker];
        bytes32 seed = _epochs[epoch].seed;
        if (secret == 0 || seed == 0) return false;
        return uint256(keccak256(abi.encode(secret, seed, subject))) < thresholdOf(epoch, expected);
    }

    /// @inheritdoc ICheckers
    function thresholdOf(uint32 epoch, uint256 expected) public view returns (uint256) {
        uint256 committed = _epochs[epoch].committed;
        if (committed <= expected) return type(uint256).max;
        return (type(uint256).max / committed) * expected;
    }

    /// @inheritdoc ICheckers
    function outageSince(uint256 timestamp) public view returns (bool) {
        return SequencerClock.effectiveStart(_sequencerFeed, timestamp) != timestamp;
    }

    /// @inheritdoc ICheckers
    function commitmentOf(address checker, uint32 epoch, bytes32 secret) public view returns (bytes32) {
        return keccak256(abi.encode(SECRET_TYPE, block.chainid, address(this), checker, epoch, secret));
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev The secret is the one committed to, and nobody has shown it yet.
    function _requireUnknown(address checker, uint32 epoch, bytes32 secret) private view {
        if (
            secret == 0 ||
            secretOf[epoch][checker] != 0 ||
            committedTo[epoch][checker] != commitmentOf(checker, epoch, secret)
        ) revert SecretMismatch(checker, epoch);
    }

    /// @dev ATH units.
    function _missingPenalty(uint32 epoch) private view returns (uint256) {
        Parameters memory rules = parametersAt(epoch);
        return (uint256(rules.stake) * rules.missingShare) / BASIS_POINTS;
    }

    /// @dev In any order the same, so that whoever orders reveals decides nothing.
    function _mix(uint32 epoch, bytes32 secret) private {
        _epochs[epoch].mix ^= keccak256(abi.encode(secret));
    }
}
