// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SequencerClock} from "../../contracts/libraries/SequencerClock.sol";
import {MockSequencerFeed} from "../../contracts/mocks/MockSequencerFeed.sol";
import {Assert} from "../support/Assert.sol";
import {vm} from "../support/Vm.sol";

contract SequencerClockTest is Assert {
    uint256 private constant NOW = 2_000_000_000;
    MockSequencerFeed private feed;

    function setUp() public {
        feed = new MockSequencerFeed();
        vm.warp(NOW);
    }

    function testFuzz_effectiveStart_isTheStartWithoutAFeed(uint40 start) public view {
        assertEqual(SequencerClock.effectiveStart(address(0), start), start, "no feed");
    }

    function testFuzz_effectiveStart_isTheStartIfTheSequencerRanSince(uint256 start, uint256 since) public {
        start = bound(start, 0, NOW);
        feed.set(0, bound(since, 0, start));
        assertEqual(SequencerClock.effectiveStart(address(feed), start), start, "up all the time");
    }

    function testFuzz_effectiveStart_isWhenTheSequencerCameUp(uint256 start, uint256 since) public {
        start = bound(start, NOW - 7 days, NOW);
        since = bound(since, start, NOW);
        feed.set(0, since);
        assertEqual(SequencerClock.effectiveStart(address(feed), start), since, "came up");
    }

    function testFuzz_effectiveStart_isNowWhileTheSequencerIsDown(uint256 start, int256 answer) public {
        start = bound(start, NOW - 7 days, NOW);
        feed.set(answer == 0 ? int256(1) : answer, start);
        assertEqual(SequencerClock.effectiveStart(address(feed), start), NOW, "down");
    }

    function testFuzz_effectiveStart_movesBySevenDaysAtMost(
        uint256 start,
        int256 answer,
        uint256 since
    ) public {
        start = bound(start, 0, NOW);
        feed.set(answer, since);
        uint256 effective = SequencerClock.effectiveStart(address(feed), start);
        assertAtMost(start, effective, "never earlier");
        assertAtMost(effective, start + 7 days, "at most a week later");
        assertAtMost(effective, NOW, "never in the future");
    }

    function testFuzz_effectiveStart_isTheStartIfTheFeedFails(uint40 start) public {
        feed.breakDown();
        assertEqual(SequencerClock.effectiveStart(address(feed), start), start, "reverts");
        assertEqual(SequencerClock.effectiveStart(address(0xdead), start), start, "has no code");
        assertEqual(SequencerClock.effectiveStart(address(this), start), start, "answers with too little");
    }

    /// @notice What a contract that is no feed might answer.
    function latestRoundData() external pure returns (uint256) {
        return 1;
    }
}
