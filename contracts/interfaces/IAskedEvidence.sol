// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Evidence that a checker asked a provider in an epoch
/// @notice A receipt or a job of the provider. Nothing that somebody else asked is evidence: channels and jobs have a salt that names the checker, which nobody can read before
/// the checker reveals `blinding`. docs/checkers.md specifies the bytes.
interface IAskedEvidence {
    /// @notice Whether the bytes prove it. Reverts for bytes that decode as nothing.
    /// @param examined Whether the provider is in an exam of its hardware, in which receipts outside channels count.
    function isEvidence(
        uint32 epoch,
        address checker,
        address provider,
        bool examined,
        bytes calldata evidence
    ) external view returns (bool);

    /// @notice What takes the place of a channel in a receipt that a provider signs in an exam.
    function examIdOf(
        address checker,
        uint32 epoch,
        address provider,
        bytes32 blinding
    ) external view returns (bytes32);
}
