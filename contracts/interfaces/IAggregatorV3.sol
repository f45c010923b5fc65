// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The part of Chainlink's price feeds that is used here
/// @notice See `ChainlinkOracle`, which believes none of it unchecked.
interface IAggregatorV3 {
    /// @notice Decimals of every answer.
    function decimals() external view returns (uint8);

    /// @notice The newest round.
    /// @return roundId Number of the round.
    /// @return answer The price, with `decimals` decimals.
    /// @return startedAt Not used.
    /// @return updatedAt When the answer was computed, in seconds since 1970; 0: the round is not complete.
    /// @return answeredInRound The round in which the answer was computed; an earlier one: it was carried over.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
