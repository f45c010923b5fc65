// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ISequencerFeed} from "../interfaces/ISequencerFeed.sol";

/// @title An uptime feed that says what a test wants, or fails
contract MockSequencerFeed is ISequencerFeed {
    int256 public answer;
    uint256 public startedAt;
    bool public broken;

    error Broken();

    function set(int256 answer_, uint256 startedAt_) external {
        (answer, startedAt, broken) = (answer_, startedAt_, false);
    }

    function breakDown() external {
        broken = true;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (broken) revert Broken();
        return (1, answer, startedAt, block.timestamp, 1);
    }
}
