// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Exams of hardware: whether what is measured reaches what is claimed
/// @notice Reads the medians of throughput that drawn checkers measured, and suspends who does not reach its claim until it does. Takes no stake. Off on chains with fewer
/// checkers than governance sets. docs/checkers.md specifies it.
interface IHardwareExams {
    /// @notice Where a provider stands.
    /// @param passed The largest throughput that it passed with, multiply-adds a second.
    /// @param judged The last epoch whose exam was judged.
    /// @param since The epoch in which its last wait for a passed exam began.
    /// @param until The epoch in which that ended; 0 while it goes on.
    /// @param waited Whether it ever waited.
    struct Standing {
        uint128 passed;
        uint32 judged;
        uint32 since;
        uint32 until;
        bool waited;
    }

    /// @notice A provider takes no work until it passes an exam for this claim, multiply-adds a second.
    event ExamPending(address indexed provider, uint32 indexed epoch, uint256 claim);
    /// @notice A provider's median throughput reached its claim; both in multiply-adds a second.
    event ExamPassed(address indexed provider, uint32 indexed epoch, uint256 measured, uint256 claim);
    /// @notice A provider's median throughput did not reach its claim.
    event ExamFailed(address indexed provider, uint32 indexed epoch, uint256 measured, uint256 claim);
    /// @notice Nobody examined a provider for too long: its claim counts as passed.
    event ExamLifted(address indexed provider, uint256 claim);

    /// @notice There are too few checkers for exams, or governance wants none.
    error ExamsInactive(uint256 committed, uint256 minimum);
    /// @notice The provider needs no exam, or is in one.
    error NothingToExamine(address provider);
    /// @notice The provider was not examined in this epoch, or that was judged, or is too long ago.
    error NoExam(address provider, uint32 epoch);
    /// @notice Exams are held, and there is still time for this provider's.
    error StillExamined(address provider, uint32 untilEpoch);

    /// @notice Suspends a provider that claims more than it passed with, until it passes. Anyone, while exams are active.
    function enter(address provider) external;

    /// @notice Judges a provider's exam by its medians, two or three epochs later. Anyone.
    function judge(uint32 epoch, address provider) external;

    /// @notice Ends the wait of a provider that nobody examines. Anyone.
    function lift(address provider) external;

    /// @notice The epoch of the first `enter` while exams were active; 0 before.
    function startedIn() external view returns (uint32);

    /// @notice Whether exams are held: enough checkers committed to the current epoch.
    function isActive() external view returns (bool);

    /// @notice Whether a provider is examined in an epoch.
    function isExamined(uint32 epoch, address provider) external view returns (bool);

    /// @notice Whether a provider takes no work for want of a passed exam.
    function isPending(address provider) external view returns (bool);

    /// @notice Where a provider stands.
    function standingOf(address provider) external view returns (Standing memory);
}
