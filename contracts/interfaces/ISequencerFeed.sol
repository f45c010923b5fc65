// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Whether a rollup's sequencer runs: the part of Chainlink's L2 uptime feeds that is used here
/// @notice Governance of the chain keeps it; a chain without a sequencer has none.
interface ISequencerFeed {
    /// @notice The newest round.
    /// @return roundId Not used.
    /// @return answer 0: the sequencer runs. Everything else: it does not.
    /// @return startedAt Since when, in seconds since 1970.
    /// @return updatedAt Not used.
    /// @return answeredInRound Not used.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
