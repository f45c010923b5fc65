// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Where a job stands. Every status but `None`, `Created` and `Submitted` is final.
enum JobStatus {
    None,
    Created,
    Submitted,
    Finalized,
    Expired,
    Declined,
    Refunded
}

/// @notice What the chain remembers of a job: one storage slot.
///
///    255                            64 63           48 47        8 7      0
///   ┌─────────────────────────────────┬───────────────┬───────────┬────────┐
///   │           outputRoot            │ liveChallenges│submittedAt│ status │
///   └─────────────────────────────────┴───────────────┴───────────┴────────┘
///   bits   0 …   7  status         JobStatus
///   bits   8 …  47  submittedAt    seconds since 1970, 0 before submission
///   bits  48 …  63  liveChallenges challenges that keep the result from becoming final
///   bits  64 … 255  outputRoot     upper 192 bits of the output commitment, 0 before submission
///
/// Everything else about a job is its `Job` terms, which hash to the job's id and are presented by whoever calls.
/// Warning: a provider that finds two outputs whose commitments share 192 bits could swap one for the other before
/// finalisation; that takes about 2^96 keccak evaluations.
type JobState is uint256;

using {
    status,
    submittedAt,
    liveChallenges,
    matchesOutputRoot,
    withChallenge,
    withoutChallenge
} for JobState global;

/// @notice The state of a job that nobody has answered yet.
function createdJobState() pure returns (JobState) {
    return JobState.wrap(uint256(JobStatus.Created));
}

/// @notice The state of a job whose result is inside its challenge window.
function submittedJobState(uint40 timestamp, bytes32 outputRoot) pure returns (JobState) {
    return
        JobState.wrap(
            (uint256(outputRoot) & ~uint256(type(uint64).max)) |
                (uint256(timestamp) << 8) |
                uint256(JobStatus.Submitted)
        );
}

/// @notice A final state; keeps what the job went through.
function endedJobState(JobState state, JobStatus ending) pure returns (JobState) {
    return JobState.wrap((JobState.unwrap(state) & ~uint256(0xff)) | uint256(ending));
}

/// @notice The same with one more live challenge; reverts at 65,535.
function withChallenge(JobState state) pure returns (JobState) {
    return _withLiveChallenges(state, state.liveChallenges() + 1);
}

/// @notice The same with one live challenge less; reverts at 0.
function withoutChallenge(JobState state) pure returns (JobState) {
    return _withLiveChallenges(state, state.liveChallenges() - 1);
}

function _withLiveChallenges(JobState state, uint16 count) pure returns (JobState) {
    return JobState.wrap((JobState.unwrap(state) & ~(uint256(0xffff) << 48)) | (uint256(count) << 48));
}

function status(JobState state) pure returns (JobStatus) {
    return JobStatus(JobState.unwrap(state) & 0xff);
}

function submittedAt(JobState state) pure returns (uint40) {
    return uint40(JobState.unwrap(state) >> 8);
}

function liveChallenges(JobState state) pure returns (uint16) {
    return uint16(JobState.unwrap(state) >> 48);
}

function matchesOutputRoot(JobState state, bytes32 outputRoot) pure returns (bool) {
    return JobState.unwrap(state) >> 64 == uint256(outputRoot) >> 64;
}
