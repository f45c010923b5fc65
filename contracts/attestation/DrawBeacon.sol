// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDrawBeacon} from "../interfaces/IDrawBeacon.sol";

/// @title Draw beacon
/// @notice See `IDrawBeacon`, which is the specification.
contract DrawBeacon is IDrawBeacon {
    /// @dev Blocks whose hash the chain can read.
    uint256 private constant READABLE_BLOCKS = 256;

    /// @inheritdoc IDrawBeacon
    uint256 public latest;
    mapping(uint256 round => Round) private _rounds;

    /// @inheritdoc IDrawBeacon
    function request() external returns (uint256 round) {
        round = latest;
        Round storage last = _rounds[round];
        // INVARIANT: the block is one that nobody has seen.
        uint64 blockNumber = uint64(block.number) + 1;
        if (round != 0 && last.value == 0) {
            if (block.number <= last.blockNumber + READABLE_BLOCKS)
                revert RoundPending(round, last.blockNumber);
            // The time stays: what waited for this round does so still.
            last.blockNumber = blockNumber;
        } else {
            latest = ++round;
            _rounds[round] = Round(0, uint40(block.timestamp), blockNumber);
        }
        emit RoundRequested(round, blockNumber, _rounds[round].requestedAt);
    }

    /// @inheritdoc IDrawBeacon
    function fix() external returns (bytes32 value) {
        uint256 round = latest;
        Round storage last = _rounds[round];
        if (round == 0 || last.value != 0) revert NoRoundPending(round);
        uint64 blockNumber = last.blockNumber;
        if (block.number <= blockNumber) revert BlockNotThere(round, blockNumber);
        bytes32 hash = blockhash(blockNumber);
        if (hash == 0) revert BlockLost(round, blockNumber);
        // Who makes the named block does not know the other's randomness; who makes this one finds the hash fixed.
        value = keccak256(abi.encode(_rounds[round - 1].value, hash, block.prevrandao));
        last.value = value;
        emit RoundFixed(round, value);
    }

    /// @inheritdoc IDrawBeacon
    function roundOf(uint256 round) external view returns (Round memory) {
        return _rounds[round];
    }

    /// @inheritdoc IDrawBeacon
    function isFirstSince(uint256 round, uint256 timestamp) external view returns (bool) {
        Round memory found = _rounds[round];
        return
            found.value != 0 &&
            found.requestedAt >= timestamp &&
            (round == 1 || _rounds[round - 1].requestedAt < timestamp);
    }
}
