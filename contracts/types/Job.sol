// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Identifies a job: `keccak256(abi.encode(JOB_TYPE_HASH, chainId, escrow, job))`. It commits to every term.
type JobId is bytes32;

using {equals as ==} for JobId global;
using {isPrivate} for Job global;

function equals(JobId a, JobId b) pure returns (bool) {
    return JobId.unwrap(a) == JobId.unwrap(b);
}

/// @notice The terms of a job, fixed at creation: later changes of parameters, offers or fees do not touch it.
/// @param client Pays, and receives every refund.
/// @param salt Chosen by the client so that equal requests have different ids.
/// @param submitDeadline Last second in which the provider may submit.
/// @param provider Owner account of the provider, which is paid.
/// @param challengeWindow Seconds between submission and finalisation.
/// @param feeBasisPoints Protocol fee, in ten-thousandths of the charge.
/// @param token ERC-20 in which the job is paid.
/// @param exitBounty In `token` units, escrowed on top of the price; paid to whoever sends the finalising or expiring call.
/// @param stakeLock In ATH units (18 decimals): the provider's stake bound to this job until it ends.
/// @param inputPrice In `token` units for a million prompt tokens.
/// @param outputPrice In `token` units for a million generated tokens.
/// @param minimumCharge Least that a result costs, in `token` units, so that answering a tiny request pays.
/// @param promptTokens Number of prompt tokens.
/// @param maxTokens Largest number of generated tokens.
/// @param vocabularySize Token ids of the model are below this; 0 in a private job, of whose tokens the chain sees none.
/// @param modelRoot Commitment to the model's program, weights and tokeniser.
/// @param inputRoot Commitment to the prompt, the generation parameters and the seed.
struct Job {
    address client;
    uint64 salt;
    uint40 submitDeadline;
    address provider;
    uint32 challengeWindow;
    uint16 feeBasisPoints;
    address token;
    uint96 exitBounty;
    uint96 stakeLock;
    uint80 inputPrice;
    uint80 outputPrice;
    uint96 minimumCharge;
    uint32 promptTokens;
    uint32 maxTokens;
    uint32 vocabularySize;
    bytes32 modelRoot;
    bytes32 inputRoot;
}

/// @notice Whether only the client and its delegates may challenge the job's result.
function isPrivate(Job calldata job) pure returns (bool) {
    return job.vocabularySize == 0;
}
