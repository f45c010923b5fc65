// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Job, JobId} from "../types/Job.sol";
import {JobState} from "../types/JobState.sol";
import {IJobEscrow} from "./IJobEscrow.sol";

/// @title What the dispute game needs of whoever holds results
/// @notice A result is described by the terms of a job. Results that are none (a channel's receipts) are put into that form by their source.
interface IResultSource {
    /// @notice Notes a new challenge of a result while it can be challenged. Only the dispute game, or what stands for it.
    /// @param output The result's output.
    function challengeOpened(Job calldata job, IJobEscrow.Output calldata output) external returns (JobId id);

    /// @notice Notes the end of a challenge. Only the dispute game, or what stands for it.
    function challengeClosed(JobId id) external;

    /// @notice What is remembered of a result; zero for an id that names none.
    function jobState(JobId id) external view returns (JobState);

    /// @notice The id of a result with these terms, whether it exists or not.
    function jobIdOf(Job calldata job) external view returns (JobId);
}
