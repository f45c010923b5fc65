// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Evidence that a checker asked a provider in an epoch, and how often
/// @notice Receipts or jobs of the provider. Nothing that somebody else asked, or that was asked for another epoch, is evidence: channels and jobs have salts that name checker
/// and epoch, which nobody can read before the checker reveals `blinding`. docs/checkers.md specifies the bytes.
interface IAskedEvidence {
    /// @notice How many requests the bytes prove that the provider answered: all that they hold, or 0 if any of them proves nothing. Reverts for bytes that decode as nothing.
    /// @param examined Whether the provider is in an exam of its hardware, in which receipts outside channels count.
    function countOf(
        uint32 epoch,
        address checker,
        address provider,
        bool examined,
        bytes calldata evidence
    ) external view returns (uint256 proven);

    /// @notice What takes the place of a channel in a receipt that a provider signs in an exam.
    function examIdOf(
        address checker,
        uint32 epoch,
        address provider,
        bytes32 blinding
    ) external view returns (bytes32);
}
