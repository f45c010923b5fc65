// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IQualityReports} from "../interfaces/IQualityReports.sol";

/// @title Medians of a few reports, and who is near them
/// @notice A report is a word: checker (160 bits), throughput (48), latency (32), uptime (16). At most 32 of them, so sorting by insertion is bounded.
library Medians {
    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev Of the score: how far a median is from it that nobody who repeats it foresees; and what it pays to have seen it.
    uint256 private constant SURPRISE = 2_000;
    uint256 private constant SURPRISE_SHARES = 6;
    /// @dev Milliseconds to the first token that a checker's place on Earth may add or spare.
    uint256 private constant DISTANCE = 500;
    /// @dev A new median's part in a score is one of so many.
    int256 private constant WEIGHT = 4;

    /// @notice A report as a word.
    function pack(
        address checker,
        uint48 throughput,
        uint32 latency,
        uint16 uptime
    ) internal pure returns (uint256) {
        return
            (uint256(uint160(checker)) << 96) |
            (uint256(throughput) << 48) |
            (uint256(latency) << 16) |
            uptime;
    }

    /// @notice Who reported a word.
    function checkerOf(uint256 word) internal pure returns (address) {
        return address(uint160(word >> 96));
    }

    /// @notice Medians of reports, the lower of two, and the reports that are near all of them.
    /// @param words At least one report.
    /// @param tolerance Of the median latency and throughput, ten-thousandths.
    /// @param uptimeTolerance Basis points of time.
    function evaluate(
        uint256[] memory words,
        uint256 tolerance,
        uint256 uptimeTolerance
    ) internal pure returns (IQualityReports.Medians memory medians, uint256[] memory near) {
        uint256 count = words.length;
        uint256[] memory uptimes = new uint256[](count);
        uint256[] memory latencies = new uint256[](count);
        uint256[] memory throughputs = new uint256[](count);
        uint256 answered;
        for (uint256 i = 0; i < count; ++i) {
            uint256 uptime = uint16(words[i]);
            _insert(uptimes, i, uptime);
            if (uptime == 0) continue;
            _insert(latencies, answered, uint32(words[i] >> 16));
            _insert(throughputs, answered, uint48(words[i] >> 48));
            ++answered;
        }
        medians.reports = uint8(count);
        medians.uptime = uint16(uptimes[(count - 1) / 2]);
        if (medians.uptime != 0) {
            medians.latency = uint32(latencies[(answered - 1) / 2]);
            medians.throughput = uint48(throughputs[(answered - 1) / 2]);
        }
        near = new uint256[](count);
        uint256 found;
        for (uint256 i = 0; i < count; ++i) {
            if (_isNear(words[i], medians, tolerance, uptimeTolerance)) near[found++] = words[i];
        }
        assembly ("memory-safe") {
            mstore(near, found)
        }
        medians.near = uint8(found);
    }

    /// @notice Shares that a report near the medians earns: where the median throughput is a surprise, a fifth or more from the score before, those that are nearer to it than to
    /// the score earn more, so that repeating the score pays less than measuring.
    /// @param before The score's throughput; 0 if there is none, or none that compares.
    function sharesOf(uint256 word, uint256 median, uint256 before) internal pure returns (uint256) {
        if (before == 0 || _distance(median, before) * BASIS_POINTS < SURPRISE * before) return 1;
        uint256 throughput = uint48(word >> 48);
        return _distance(throughput, median) < _distance(throughput, before) ? SURPRISE_SHARES : 1;
    }

    /// @notice Moves a score a quarter of the way to new medians.
    /// @param withThroughput Whether the throughput is one of ordinary requests.
    function average(
        IQualityReports.Score memory score,
        IQualityReports.Medians memory medians,
        uint32 epoch,
        bool withThroughput
    ) internal pure {
        bool first = score.epoch == 0;
        score.uptime = uint16(_move(score.uptime, medians.uptime, first));
        if (medians.uptime != 0) {
            score.latency = uint32(_move(score.latency, medians.latency, score.latency == 0));
            if (withThroughput)
                score.throughput = uint48(_move(score.throughput, medians.throughput, score.throughput == 0));
        }
        score.epoch = epoch;
    }

    /// @dev Keeps the first `count` values of a list sorted with one more.
    function _insert(uint256[] memory sorted, uint256 count, uint256 value) private pure {
        while (count != 0 && sorted[count - 1] > value) {
            sorted[count] = sorted[count - 1];
            --count;
        }
        sorted[count] = value;
    }

    function _isNear(
        uint256 word,
        IQualityReports.Medians memory medians,
        uint256 tolerance,
        uint256 uptimeTolerance
    ) private pure returns (bool) {
        if (_distance(uint16(word), medians.uptime) > uptimeTolerance) return false;
        if (medians.uptime == 0) return true;
        uint256 apart = _distance(uint32(word >> 16), medians.latency);
        return
            (apart <= DISTANCE || apart * BASIS_POINTS <= tolerance * medians.latency) &&
            _distance(uint48(word >> 48), medians.throughput) * BASIS_POINTS <=
                tolerance * medians.throughput;
    }

    function _distance(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : b - a;
    }

    function _move(uint256 old, uint256 median, bool first) private pure returns (uint256) {
        if (first) return median;
        return uint256(int256(old) + (int256(median) - int256(old)) / WEIGHT);
    }
}
