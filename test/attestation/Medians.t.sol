// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Medians} from "../../contracts/attestation/Medians.sol";
import {IQualityReports} from "../../contracts/interfaces/IQualityReports.sol";
import {Assert} from "../support/Assert.sol";

/// @notice Medians against their definition by counting, whatever the order of the reports, and what a minority can do to them.
contract MediansTest is Assert {
    uint256 private constant TOLERANCE = 3_000;
    uint256 private constant UPTIME_TOLERANCE = 1_000;

    function testFuzz_medians_haveAtMostHalfOnEitherSide(
        uint256[32] memory numbers,
        uint256 count
    ) public pure {
        uint256[] memory words = _words(numbers, bound(count, 1, 32));
        (IQualityReports.Medians memory found, ) = Medians.evaluate(words, TOLERANCE, UPTIME_TOLERANCE);
        assertEqual(found.reports, words.length, "reports");
        _requireMedian(words, found.uptime, 0, type(uint16).max, false);
        if (found.uptime == 0) {
            assertEqual(found.latency, 0, "no latency without an answer");
            assertEqual(found.throughput, 0, "no throughput without an answer");
            return;
        }
        _requireMedian(words, found.latency, 16, type(uint32).max, true);
        _requireMedian(words, found.throughput, 48, type(uint48).max, true);
    }

    function testFuzz_near_isWhoeverIsWithinTheTolerances(
        uint256[32] memory numbers,
        uint256 count
    ) public pure {
        uint256[] memory words = _words(numbers, bound(count, 1, 32));
        (IQualityReports.Medians memory found, uint256[] memory near) = Medians.evaluate(
            words,
            TOLERANCE,
            UPTIME_TOLERANCE
        );
        assertEqual(found.near, near.length, "near");
        uint256 next;
        for (uint256 i = 0; i < words.length; ++i) {
            bool expected =
                _within(uint16(words[i]), found.uptime, UPTIME_TOLERANCE * 10_000) &&
                    (found.uptime == 0 ||
                        ((_within(uint32(words[i] >> 16), found.latency, TOLERANCE * found.latency) ||
                            _within(uint32(words[i] >> 16), found.latency, 500 * 10_000)) &&
                            _within(uint48(words[i] >> 48), found.throughput, TOLERANCE * found.throughput)));
            if (!expected) continue;
            assertTrue(next < near.length, "one is missing");
            assertTrue(near[next++] == words[i], "in their order");
        }
        assertEqual(next, near.length, "one too many");
    }

    /// @notice Whatever a minority reports, the medians stay within what the others reported.
    function testFuzz_medians_stayAmongTheMajority(uint256[32] memory numbers, uint256 count) public pure {
        count = bound(count, 3, 32);
        uint256[] memory words = _words(numbers, count);
        uint256 honest = count / 2 + 1;
        for (uint256 i = 0; i < honest; ++i) {
            words[i] = Medians.pack(
                address(uint160(i + 1)),
                uint48(bound(numbers[i], 1_000, 1_010)),
                uint32(bound(numbers[i] >> 8, 100, 110)),
                uint16(bound(numbers[i] >> 16, 9_990, 10_000))
            );
        }
        (IQualityReports.Medians memory found, ) = Medians.evaluate(words, TOLERANCE, UPTIME_TOLERANCE);
        assertTrue(found.uptime >= 9_990 && found.uptime <= 10_000, "uptime");
        assertTrue(found.latency >= 100 && found.latency <= 110, "latency");
        assertTrue(found.throughput >= 1_000 && found.throughput <= 1_010, "throughput");
    }

    function testFuzz_shares_areMoreForWhoeverSawASurprise(
        uint48 throughput,
        uint48 median,
        uint48 before
    ) public pure {
        uint256 shares = Medians.sharesOf(Medians.pack(address(1), throughput, 1, 1), median, before);
        uint256 move = median > before ? median - before : before - median;
        uint256 toMedian = median > throughput ? median - throughput : throughput - median;
        uint256 toScore = before > throughput ? before - throughput : throughput - before;
        bool seen = before != 0 && move * 5 >= before && toMedian < toScore;
        assertEqual(shares, seen ? 6 : 1, "shares");
    }

    function testFuzz_score_staysBetweenOldAndNew(uint48 old, uint48 median, uint32 epoch) public pure {
        IQualityReports.Score memory score;
        score.throughput = old;
        score.epoch = 1;
        IQualityReports.Medians memory medians;
        medians.throughput = median;
        medians.uptime = 1;
        Medians.average(score, medians, epoch, true);
        if (old == 0) return assertEqual(score.throughput, median, "the first");
        assertAtMost(score.throughput, old > median ? old : median, "above both");
        assertAtMost(old < median ? old : median, score.throughput, "below both");
        assertEqual(score.epoch, epoch, "epoch");
    }

    function _words(uint256[32] memory numbers, uint256 count) private pure returns (uint256[] memory words) {
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 number = numbers[i];
            // A quarter of them got no answer; the others' values lie close enough for ties.
            bool answered = number % 4 != 0;
            words[i] = Medians.pack(
                address(uint160(i + 1)),
                answered ? uint48(bound(number >> 8, 0, 2_000)) : 0,
                answered ? uint32(bound(number >> 32, 0, 3_000)) : 0,
                answered ? uint16(bound(number >> 64, 1, 10_000)) : 0
            );
        }
    }

    /// @dev At most half are below, and fewer than half, rounded up, above: the lower of two.
    function _requireMedian(
        uint256[] memory words,
        uint256 median,
        uint256 shift,
        uint256 mask,
        bool answeredOnly
    ) private pure {
        uint256 below;
        uint256 equal;
        uint256 all;
        for (uint256 i = 0; i < words.length; ++i) {
            if (answeredOnly && uint16(words[i]) == 0) continue;
            uint256 value = (words[i] >> shift) & mask;
            ++all;
            if (value < median) ++below;
            if (value == median) ++equal;
        }
        assertTrue(equal != 0, "one of the values");
        assertAtMost(below, (all - 1) / 2, "below");
        assertTrue(below + equal > (all - 1) / 2, "above");
    }

    function _within(uint256 value, uint256 median, uint256 limit) private pure returns (bool) {
        uint256 distance = value > median ? value - median : median - value;
        return distance * 10_000 <= limit;
    }
}
