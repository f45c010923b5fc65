// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Job, JobId} from "../types/Job.sol";
import {JobState} from "../types/JobState.sol";
import {IJobEscrow} from "./IJobEscrow.sol";

/// @title What the dispute game needs of whoever holds results
/// @notice A result is described by the terms of a job. Results that are none (a channel's receipts) are put into that form by their source.
/// `IJobEscrow` says what each function does.
interface IResultSource {
    function challengeOpened(Job calldata job, IJobEscrow.Output calldata output) external returns (JobId id);

    function challengeClosed(JobId id) external;

    function jobState(JobId id) external view returns (JobState);

    function jobIdOf(Job calldata job) external view returns (JobId);
}
