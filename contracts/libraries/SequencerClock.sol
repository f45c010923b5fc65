// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ISequencerFeed} from "../interfaces/ISequencerFeed.sol";

/// @title Periods that a sequencer outage does not eat up
/// @notice While a rollup's sequencer is down nobody can be expected to move. A period in which it came up again counts from that moment, and none
/// ends while it is down. An outage delays a period's end by at most `LONGEST_DELAY`, so that no feed keeps anything open for ever.
library SequencerClock {
    /// @notice Longest time by which an outage moves the start of a period, in seconds; forced inclusion takes a day on the rollups of today.
    uint256 internal constant LONGEST_DELAY = 7 days;

    /// @notice The second from which a period counts that began at `start`; both in seconds since 1970.
    /// @param feed The uptime feed; zero on chains without a sequencer. One that fails, or says nonsense, counts as none: exits stay open.
    /// A caller cannot make it fail by too little gas: a sixty-fourth of what it fails with ends no period.
    function effectiveStart(address feed, uint256 start) internal view returns (uint256) {
        if (feed == address(0)) return start;
        (bool success, bytes memory round) = feed.staticcall(
            abi.encodeCall(ISequencerFeed.latestRoundData, ())
        );
        if (!success || round.length < 0xa0) return start;
        uint256 answer;
        uint256 startedAt;
        assembly ("memory-safe") {
            answer := mload(add(round, 0x40))
            startedAt := mload(add(round, 0x60))
        }
        uint256 resumedAt = answer == 0 ? Math.min(startedAt, block.timestamp) : block.timestamp;
        return Math.min(Math.max(start, resumedAt), start + LONGEST_DELAY);
    }
}
