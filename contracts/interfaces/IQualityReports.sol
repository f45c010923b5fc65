// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Quality reports: how fast and how reliably providers serve
/// @notice In each epoch drawn checkers measure a provider, as clients that nothing tells from others. They commit to their reports, reveal them an epoch later, and
/// an epoch after that the medians count. docs/checkers.md specifies epochs, evidence and hashes.
interface IQualityReports {
    /// @notice What a checker measured.
    /// @param latency Milliseconds to the first token.
    /// @param throughput Millions of multiply-adds a second.
    /// @param uptime Requests answered, in basis points of those sent. With 0 there is nothing else, and no evidence.
    /// @param evidence That the checker asked, and how often: a byte for its kind, then its `abi.encode`.
    struct Report {
        address provider;
        uint32 latency;
        uint48 throughput;
        uint16 uptime;
        bytes evidence;
    }

    /// @notice Medians of an epoch's reports on a provider.
    /// @param reports How many there were; 0 if the provider was not scored.
    /// @param near How many of them were near the medians, and are paid.
    struct Medians {
        uint48 throughput;
        uint32 latency;
        uint16 uptime;
        uint8 reports;
        uint8 near;
    }

    /// @notice Exponentially weighted means of the medians.
    /// @param epoch The last that was scored; 0 for none.
    /// @param badEpochs Scored epochs in a row with an uptime below the floor.
    struct Score {
        uint48 throughput;
        uint32 latency;
        uint16 uptime;
        uint32 epoch;
        uint16 badEpochs;
    }

    /// @notice When a provider is measured: in epochs after `since` and before `until`, which is 0 while there is no end.
    struct Enrolment {
        uint32 since;
        uint32 until;
        bool enrolled;
    }

    /// @notice A provider is measured in epochs after this one.
    event Enrolled(address indexed provider, uint32 indexed epoch);
    /// @notice A provider is measured in this epoch and later ones no more.
    event Retired(address indexed provider, uint32 indexed epoch);
    /// @notice A checker committed to its reports.
    event ReportsCommitted(uint32 indexed epoch, address indexed checker, bytes32 tip);
    /// @notice What a checker measured.
    event Reported(
        uint32 indexed epoch,
        address indexed provider,
        address indexed checker,
        uint32 latency,
        uint48 throughput,
        uint16 uptime
    );
    /// @notice A drawn checker did not report on a provider.
    event Omitted(uint32 indexed epoch, address indexed checker, address indexed provider, address finder);
    /// @notice A provider's medians of an epoch, and its score from now on.
    event Scored(uint32 indexed epoch, address indexed provider, Medians medians, Score score);
    /// @notice A provider was announced to the quality court.
    event Announced(address indexed provider, bytes32 indexed caseId, uint96 amount);
    /// @notice Exams of hardware are held by this contract, for good.
    event ExamsSet(address exams);

    /// @notice The provider is not registered, offers nothing, rests, is suspended or was convicted.
    error NotMeasurable(address provider);
    /// @notice The provider is enrolled already, or was until too short a time ago: wait until this epoch.
    error EnrolledAlready(address provider, uint32 againFrom);
    error NotEnrolled(address provider);
    /// @notice The provider registered, offers something, takes work.
    error StillMeasurable(address provider);
    /// @notice This is not the epoch for it, or it is void.
    error WrongEpoch(uint32 epoch, uint32 current);
    error ZeroCommitment();
    /// @notice The reports and what came before them are not what the checker committed to.
    error CommitmentMismatch(address checker, bytes32 expected, bytes32 found);
    error NoReports();
    /// @notice Providers are in ascending order, each once.
    error NotAscending(address provider, address next);
    error NotDrawn(address checker, address provider);
    error InvalidReport(address provider);
    /// @notice The evidence does not prove that this checker asked this provider in this epoch.
    error InvalidEvidence(address provider);
    /// @notice The evidence proves fewer answered requests than the reported uptime takes: ask `requests` of them, or report what was answered.
    error TooFewRequests(address provider, uint256 proven, uint256 required);
    /// @notice The checker reported, was not drawn, or an outage or the number of reports excuses it, or it was punished already.
    error NoFault(address checker, uint32 epoch);
    /// @notice Fewer reports than count.
    error NoQuorum(address provider, uint256 reports, uint256 quorum);
    error AlreadyScored(address provider, uint32 epoch);
    /// @notice Too few bad epochs in a row.
    error NotBad(address provider, uint16 badEpochs, uint16 required);
    error ExamsAlreadySet(address exams);
    error ExamsWithoutCode(address exams);

    /// @notice Has a provider measured from the next epoch on. Anyone.
    function enroll(address provider) external;

    /// @notice Has a provider that cannot be measured no longer measured, from this epoch on. Anyone.
    function retire(address provider) external;

    /// @notice Commits to the reports of the current epoch; replaces an earlier commitment. Only operators.
    /// @param epoch The current one: what comes too late is refused.
    /// @param tip The hash of the last report, and of all before it; see docs/checkers.md.
    function commitReports(uint32 epoch, bytes32 tip) external;

    /// @notice Reveals a checker's reports of the epoch before the current one, the last first. Anyone, after the secret.
    /// @param previous The hash of what comes before `reports`; 0 before the first.
    function revealReports(address checker, bytes32 previous, Report[] calldata reports) external;

    /// @notice Penalises a checker that was drawn for a provider two epochs ago and did not report on it; once an epoch. Anyone; the caller gets a tenth.
    function punishOmission(address checker, address provider) external;

    /// @notice Scores a provider for the epoch two before the current one. Anyone.
    function score(address provider) external;

    /// @notice Announces a provider with too many bad epochs in a row to the quality court. Anyone.
    /// @return caseId The court's.
    function announce(address provider) external returns (bytes32 caseId);

    /// @notice Names the contract that holds exams of hardware, once and for good.
    function setExams(address hardwareExams) external;

    /// @notice A provider's score, for matching and delegators.
    function scoreOf(address provider) external view returns (Score memory);

    /// @notice A provider's medians of an epoch.
    function mediansOf(uint32 epoch, address provider) external view returns (Medians memory);

    /// @notice When a provider is measured.
    function enrolmentOf(address provider) external view returns (Enrolment memory);

    /// @notice Whether drawn checkers owe reports on a provider in an epoch.
    function isMeasured(uint32 epoch, address provider) external view returns (bool);

    /// @notice The hash that the next chunk of a checker's reports ends in; 0 if there is none.
    function tipOf(uint32 epoch, address checker) external view returns (bytes32);

    /// @notice Number of revealed reports on a provider.
    function reportCount(uint32 epoch, address provider) external view returns (uint256);

    /// @notice The contract that holds exams of hardware; zero until it is set.
    function exams() external view returns (address);
}
