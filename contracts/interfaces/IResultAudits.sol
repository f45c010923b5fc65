// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Job, JobId} from "../types/Job.sol";

/// @title Audits of public results inside their challenge window
/// @notice Randomness that is fixed after a result is on chain decides whether it is audited and, with a checker's secret, by whom. An auditor that finds another output challenges
/// it in the dispute game; one that finds the same commits to the root of the trace it computed. docs/checkers.md specifies it.
interface IResultAudits {
    /// @notice What a checker said of a result.
    /// @param positionsRoot Root over the positions of the trace; 0 before it is revealed.
    /// @param penalty ATH units that it costs if it is proven false.
    /// @param epoch The result's.
    /// @param counted Whether it was counted for pay.
    /// @param closed Whether nothing can be held against it any more.
    struct Attestation {
        bytes32 positionsRoot;
        uint96 penalty;
        uint32 epoch;
        bool counted;
        bool closed;
    }

    /// @notice A checker committed to an attestation, of a result that it does not name.
    event AttestationCommitted(address indexed checker, bytes32 commitment);
    /// @notice A checker attests that the result is the output of the trace with this root.
    event Attested(JobId indexed id, address indexed checker, uint32 indexed epoch, bytes32 positionsRoot);
    /// @notice An attestation agreed with most of the others, and is paid.
    event AttestationCounted(JobId indexed id, address indexed checker, uint256 shares);
    /// @notice Nothing is held against an attestation any more.
    event AttestationClosed(JobId indexed id, address indexed checker);
    /// @notice A step proved an attestation false.
    event AttestationPunished(JobId indexed id, address indexed checker, address indexed finder);

    error AlreadyAttested(address checker, bytes32 commitment);
    /// @notice The checker has committed to no such attestation, or revealed one of this result.
    error AttestationMismatch(JobId id, address checker);
    /// @notice The result is private, or there is none.
    error NotAuditable(JobId id);
    /// @notice The round does not decide about the result, or spares it.
    error NotAudited(JobId id, uint256 round);
    /// @notice The checker was not drawn for the result, or its secret is not known.
    error NotDrawn(JobId id, address checker);
    /// @notice It was committed to when the window, or the epoch after the result's, was over. Seconds since 1970.
    error AttestedTooLate(JobId id, uint256 committedAt, uint256 end);
    error WrongEpoch(uint32 epoch, uint32 current);
    /// @notice The attestation was not revealed, or is counted or closed already.
    error NothingToDo(JobId id, address checker);
    /// @notice The result is not final yet.
    error NotFinal(JobId id);
    /// @notice What is known of the result is a proof against the attestation. Punish it.
    error ProvenFalse(JobId id, address checker);
    /// @notice No step proved the attestation false.
    error NotProvenFalse(JobId id, address checker);

    /// @notice Commits to an attestation, inside the result's window, without saying of which result. Only operators.
    function attest(bytes32 commitment) external;

    /// @notice Reveals an attestation, two epochs after the round that decided about the result was requested. Anyone who knows it.
    function revealAttestation(
        Job calldata job,
        uint256 round,
        address checker,
        bytes32 positionsRoot
    ) external;

    /// @notice Counts a revealed attestation for pay, three epochs after the round. Anyone.
    function count(JobId id, uint256 round, address checker) external;

    /// @notice Ends what a checker is held for, when the result is final or refunded and no proof is against it. Anyone.
    function close(JobId id, address checker) external;

    /// @notice Penalises a checker for an attestation that a step of the dispute game proved false. Anyone; the caller gets a tenth.
    function punishAttestation(JobId id, address checker) external;

    /// @notice What a checker said of a result.
    function attestationOf(JobId id, address checker) external view returns (Attestation memory);

    /// @notice Number of revealed attestations of a result, and how many of them name this root.
    function votesOf(JobId id, bytes32 positionsRoot) external view returns (uint256 all, uint256 agreeing);

    /// @notice Whether a fixed round decides that a result, submitted in this second, is audited.
    function isAudited(JobId id, uint256 submittedAt, uint256 round) external view returns (bool);

    /// @notice For what a checker is drawn that audits a result; see `ICheckers.isDrawn`.
    function subjectOf(JobId id, uint256 round) external view returns (uint256);

    /// @notice What a checker commits to; `secret` is the one of the round's epoch, which everybody knows when attestations are revealed.
    function commitmentOf(
        JobId id,
        uint256 round,
        address checker,
        bytes32 positionsRoot,
        bytes32 secret
    ) external view returns (bytes32);
}
