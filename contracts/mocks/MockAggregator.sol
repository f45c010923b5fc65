// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title A price feed that says what a test wants, fails, or says too little
contract MockAggregator is IAggregatorV3 {
    uint8 public decimals;
    bool public broken;
    bool public terse;
    uint80 private _roundId;
    int256 private _answer;
    uint256 private _updatedAt;
    uint80 private _answeredInRound;

    error Broken();

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    function set(uint80 roundId, int256 answer, uint256 updatedAt, uint80 answeredInRound) external {
        (_roundId, _answer, _updatedAt, _answeredInRound) = (roundId, answer, updatedAt, answeredInRound);
        (broken, terse) = (false, false);
    }

    function breakDown() external {
        broken = true;
    }

    /// @notice From now on half a round comes back.
    function fallSilent() external {
        terse = true;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (broken) revert Broken();
        if (terse) {
            assembly ("memory-safe") {
                mstore(0, 1)
                return(0, 0x20)
            }
        }
        return (_roundId, _answer, _updatedAt, _updatedAt, _answeredInRound);
    }
}
