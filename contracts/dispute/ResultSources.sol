// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IResultSource} from "../interfaces/IResultSource.sol";
import {IResultSources} from "../interfaces/IResultSources.sol";
import {Job, JobId} from "../types/Job.sol";
import {JobState, JobStatus} from "../types/JobState.sol";

/// @title Sources of results
/// @notice See `IResultSources`, which is the specification.
contract ResultSources is IResultSources, AccessManaged {
    IJobEscrow public immutable jobs;
    IResultSource public immutable receipts;

    /// @inheritdoc IResultSources
    address public disputeGame;

    constructor(address authority, IJobEscrow jobs_, IResultSource receipts_) AccessManaged(authority) {
        jobs = jobs_;
        receipts = receipts_;
    }

    /// @inheritdoc IResultSource
    function challengeOpened(Job calldata job, IJobEscrow.Output calldata output) external returns (JobId) {
        _requireDisputeGame();
        (IResultSource source, ) = _sourceOf(job);
        return source.challengeOpened(job, output);
    }

    /// @inheritdoc IResultSource
    function challengeClosed(JobId id) external {
        _requireDisputeGame();
        (_isJob(id) ? IResultSource(address(jobs)) : receipts).challengeClosed(id);
    }

    /// @inheritdoc IResultSources
    function convict(address provider, bytes32 proof, address reporter) external {
        if (msg.sender != address(receipts)) revert NotReceiptResults(msg.sender);
        IDisputeGame(disputeGame).convictProven(provider, proof, reporter);
    }

    /// @inheritdoc IResultSources
    function setDisputeGame(address game) external restricted {
        // INVARIANT: whoever can hold a result up never changes.
        if (disputeGame != address(0)) revert DisputeGameAlreadySet(disputeGame);
        if (game.code.length == 0) revert DisputeGameWithoutCode(game);
        disputeGame = game;
        emit DisputeGameSet(game);
    }

    /// @inheritdoc IResultSource
    function jobState(JobId id) external view returns (JobState state) {
        state = jobs.jobState(id);
        if (state.status() == JobStatus.None) state = receipts.jobState(id);
    }

    /// @inheritdoc IResultSource
    function jobIdOf(Job calldata job) external view returns (JobId id) {
        (, id) = _sourceOf(job);
    }

    /// @inheritdoc IResultSources
    function costOf(
        uint256 promptTokens,
        uint256 outputTokens,
        uint256 inputPrice,
        uint256 outputPrice
    ) external view returns (uint256) {
        return jobs.costOf(promptTokens, outputTokens, inputPrice, outputPrice);
    }

    /// @inheritdoc IResultSources
    function sequencerFeed() external view returns (address) {
        return jobs.sequencerFeed();
    }

    /// @dev Terms that nobody knows are the job escrow's to refuse.
    function _sourceOf(Job calldata job) private view returns (IResultSource source, JobId id) {
        source = IResultSource(address(jobs));
        id = source.jobIdOf(job);
        if (_isJob(id)) return (source, id);
        JobId receipt = receipts.jobIdOf(job);
        if (receipts.jobState(receipt).status() != JobStatus.None) return (receipts, receipt);
    }

    function _isJob(JobId id) private view returns (bool) {
        return jobs.jobState(id).status() != JobStatus.None;
    }

    function _requireDisputeGame() private view {
        if (msg.sender != disputeGame) revert NotDisputeGame(msg.sender);
    }
}
