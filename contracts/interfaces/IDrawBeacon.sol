// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Draw beacon: random values that nobody knew when they were asked for
/// @notice Rounds, one after the other. Whoever needs a value requests a round; that names the next block. When it is there, anyone fixes the round: its value mixes the
/// block's hash, the randomness of the block in which it is fixed, and the value before. docs/checkers.md says what it is worth, and against whom.
interface IDrawBeacon {
    /// @param value Random; 0 until it is fixed.
    /// @param requestedAt Seconds since 1970.
    /// @param blockNumber The block whose hash goes into it.
    struct Round {
        bytes32 value;
        uint40 requestedAt;
        uint64 blockNumber;
    }

    /// @notice A round will be fixed with the hash of this block.
    event RoundRequested(uint256 indexed round, uint64 blockNumber, uint40 requestedAt);
    /// @notice A round has its value.
    event RoundFixed(uint256 indexed round, bytes32 value);

    /// @notice The last round is not fixed yet. Fix it after its block.
    error RoundPending(uint256 round, uint64 blockNumber);
    /// @notice There is nothing to fix. Request a round first.
    error NoRoundPending(uint256 round);
    /// @notice The block that was named is not there yet. Fix the round in a later one.
    error BlockNotThere(uint256 round, uint64 blockNumber);
    /// @notice The hash of the block can no longer be read. Request the round again: another block is named.
    error BlockLost(uint256 round, uint64 blockNumber);

    /// @notice Opens a round, or names another block for one whose block was lost. Anyone.
    function request() external returns (uint256 round);

    /// @notice Gives the last round its value. Anyone.
    function fix() external returns (bytes32 value);

    /// @notice The number of the last round; they are counted from 1.
    function latest() external view returns (uint256);

    /// @notice A round; all zero for one that was never requested.
    function roundOf(uint256 round) external view returns (Round memory);

    /// @notice Whether a round is fixed and the first that was requested in this second or later.
    function isFirstSince(uint256 round, uint256 timestamp) external view returns (bool);
}
