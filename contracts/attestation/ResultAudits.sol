// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICheckerPay} from "../interfaces/ICheckerPay.sol";
import {ICheckers} from "../interfaces/ICheckers.sol";
import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {IDrawBeacon} from "../interfaces/IDrawBeacon.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IResultAudits} from "../interfaces/IResultAudits.sol";
import {Job, JobId} from "../types/Job.sol";
import {JobState, JobStatus} from "../types/JobState.sol";

/// @title Result audits
/// @notice See `IResultAudits`, which is the specification, and docs/checkers.md.
contract ResultAudits is IResultAudits {
    // ------------------------------------------------------------------------------------------ constants

    bytes32 private constant ATTESTATION_TYPE = keccak256("Athanor.Attestation");
    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev Two can agree; one agrees with itself.
    uint256 private constant QUORUM = 2;

    ICheckers public immutable checkers;
    IDrawBeacon public immutable beacon;
    ICheckerPay public immutable pay;
    IJobEscrow public immutable jobs;
    IDisputeGame public immutable game;

    // -------------------------------------------------------------------------------------------- storage

    /// @dev Seconds since 1970; the commitments do not say of which result.
    mapping(address checker => mapping(bytes32 commitment => uint40)) private _committedAt;
    mapping(JobId id => mapping(address checker => Attestation)) private _attestations;
    mapping(JobId id => uint256) private _all;
    mapping(JobId id => mapping(bytes32 positionsRoot => uint256)) private _agreeing;

    // ---------------------------------------------------------------------------------------- construction

    constructor(ICheckers checkers_, ICheckerPay pay_, IJobEscrow jobs_, IDisputeGame game_) {
        checkers = checkers_;
        beacon = checkers_.beacon();
        pay = pay_;
        jobs = jobs_;
        game = game_;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IResultAudits
    function attest(bytes32 commitment) external {
        address checker = checkers.ownerOf(msg.sender);
        if (_committedAt[checker][commitment] != 0) revert AlreadyAttested(checker, commitment);
        _committedAt[checker][commitment] = uint40(block.timestamp);
        emit AttestationCommitted(checker, commitment);
    }

    /// @inheritdoc IResultAudits
    function revealAttestation(
        Job calldata job,
        uint256 round,
        address checker,
        bytes32 positionsRoot
    ) external {
        JobId id = jobs.jobIdOf(job);
        uint32 epoch = _epochOf(round);
        _requireEpoch(epoch, 2);
        ICheckers.Parameters memory rules = checkers.parametersAt(epoch);
        if (!checkers.isDrawn(epoch, checker, subjectOf(id, round), rules.expectedAuditors))
            revert NotDrawn(id, checker);
        // INVARIANT: the secret is public by now, so nobody can keep silent about what it attested to: whoever knows the root reveals it.
        bytes32 secret = checkers.secretOf(epoch, checker);
        uint256 committedAt = _committedAt[checker][commitmentOf(id, round, checker, positionsRoot, secret)];
        if (committedAt == 0 || positionsRoot == 0 || _attestations[id][checker].positionsRoot != 0)
            revert AttestationMismatch(id, checker);
        _requireInTime(job, id, round, epoch, committedAt);

        _attestations[id][checker] = Attestation(
            positionsRoot,
            uint96((uint256(rules.stake) * rules.auditShare) / BASIS_POINTS),
            epoch,
            false,
            false
        );
        _all[id] += 1;
        _agreeing[id][positionsRoot] += 1;
        emit Attested(id, checker, epoch, positionsRoot);
        // INVARIANT: the stake stays until the result can no longer be disputed.
        checkers.hold(checker);
    }

    /// @inheritdoc IResultAudits
    function count(JobId id, uint256 round, address checker) external {
        uint32 epoch = _epochOf(round);
        _requireEpoch(epoch, 3);
        Attestation storage attestation = _attestations[id][checker];
        bytes32 root = attestation.positionsRoot;
        if (root == 0 || attestation.counted || attestation.epoch != epoch) revert NothingToDo(id, checker);
        attestation.counted = true;
        uint256 agreeing = _agreeing[id][root];
        uint256 shares =
            agreeing >= QUORUM && 2 * agreeing > _all[id] ? checkers.parametersAt(epoch).auditShares : 0;
        emit AttestationCounted(id, checker, shares);
        if (shares != 0) pay.credit(epoch + 1, checker, shares);
    }

    /// @inheritdoc IResultAudits
    function close(JobId id, address checker) external {
        _requireOpen(id, checker);
        JobStatus status = jobs.jobState(id).status();
        if (status != JobStatus.Finalized && status != JobStatus.Refunded) revert NotFinal(id);
        if (_isProvenFalse(id, checker)) revert ProvenFalse(id, checker);
        _attestations[id][checker].closed = true;
        emit AttestationClosed(id, checker);
        checkers.unhold(checker);
    }

    /// @inheritdoc IResultAudits
    function punishAttestation(JobId id, address checker) external {
        _requireOpen(id, checker);
        if (!_isProvenFalse(id, checker)) revert NotProvenFalse(id, checker);
        _attestations[id][checker].closed = true;
        emit AttestationPunished(id, checker, msg.sender);
        checkers.unhold(checker);
        checkers.penalise(checker, _attestations[id][checker].penalty, msg.sender);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IResultAudits
    function attestationOf(JobId id, address checker) external view returns (Attestation memory) {
        return _attestations[id][checker];
    }

    /// @inheritdoc IResultAudits
    function votesOf(JobId id, bytes32 positionsRoot) external view returns (uint256 all, uint256 agreeing) {
        return (_all[id], _agreeing[id][positionsRoot]);
    }

    /// @inheritdoc IResultAudits
    function isAudited(JobId id, uint256 submittedAt, uint256 round) public view returns (bool) {
        if (submittedAt == 0 || !beacon.isFirstSince(round, submittedAt)) return false;
        uint256 limit = (type(uint256).max / BASIS_POINTS) * checkers.parametersAt(_epochOf(round)).auditRate;
        return uint256(keccak256(abi.encode(beacon.roundOf(round).value, id))) < limit;
    }

    /// @inheritdoc IResultAudits
    function subjectOf(JobId id, uint256 round) public view returns (uint256) {
        return uint256(keccak256(abi.encode(beacon.roundOf(round).value, id, "auditor")));
    }

    /// @inheritdoc IResultAudits
    function commitmentOf(
        JobId id,
        uint256 round,
        address checker,
        bytes32 positionsRoot,
        bytes32 secret
    ) public view returns (bytes32) {
        bytes32 value = beacon.roundOf(round).value;
        return keccak256(abi.encode(ATTESTATION_TYPE, value, id, checker, positionsRoot, secret));
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev The result is a public one that the round has audited, and the checker committed while it could be challenged.
    function _requireInTime(
        Job calldata job,
        JobId id,
        uint256 round,
        uint32 epoch,
        uint256 committedAt
    ) private view {
        JobState state = jobs.jobState(id);
        uint256 submittedAt = state.submittedAt();
        if (job.isPrivate() || submittedAt == 0) revert NotAuditable(id);
        if (!isAudited(id, submittedAt, round)) revert NotAudited(id, round);
        uint256 end = Math.min(submittedAt + job.challengeWindow, checkers.startOf(epoch + 2));
        if (committedAt >= end) revert AttestedTooLate(id, committedAt, end);
    }

    /// @dev INVARIANT: only a step about the very trace that was attested to is a proof; who lets a clock run out proves nothing.
    function _isProvenFalse(JobId id, address checker) private view returns (bool) {
        return
            game.isProvenWrong(id) &&
            game.resultOf(id).positionsRoot == _attestations[id][checker].positionsRoot;
    }

    function _requireOpen(JobId id, address checker) private view {
        Attestation storage attestation = _attestations[id][checker];
        if (attestation.positionsRoot == 0 || attestation.closed) revert NothingToDo(id, checker);
    }

    function _epochOf(uint256 round) private view returns (uint32) {
        return checkers.epochAt(beacon.roundOf(round).requestedAt);
    }

    function _requireEpoch(uint32 epoch, uint32 later) private view {
        uint32 current = checkers.currentEpoch();
        if (current != epoch + later) revert WrongEpoch(epoch, current);
    }
}
