// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IResultSource} from "../interfaces/IResultSource.sol";
import {IResultSources} from "../interfaces/IResultSources.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {SequencerClock} from "../libraries/SequencerClock.sol";
import {Channel, ChannelState, ChannelStatus, Receipt} from "../types/Channel.sol";
import {Job, JobId} from "../types/Job.sol";
import {JobState, JobStatus, submittedJobState} from "../types/JobState.sol";
import {ChannelKeys} from "./ChannelKeys.sol";

/// @title Receipts as results of the dispute game, and what convicts without it
abstract contract ChannelReceipts is ChannelKeys {
    // ------------------------------------------------------------------------------------------ constants

    /// @dev Separates the ids of presented receipts from those of jobs.
    bytes32 private constant RESULT_TYPE_HASH = keccak256("Athanor.ReceiptResult");
    /// @dev What is added to the time that recomputing takes.
    uint256 private constant BASE_WINDOW = 10 minutes;
    uint256 private constant MAX_WINDOW = 3 days;
    /// @dev Where the generation parameters end in a request, and how long a request is.
    uint256 private constant GENERATION_END = 48;
    uint256 private constant REQUEST_LENGTH = 112;

    IModelRegistry public immutable models;
    address internal immutable _sequencerFeed;

    // -------------------------------------------------------------------------------------------- storage

    mapping(JobId id => JobState) private _results;
    mapping(JobId id => bytes32 channel) private _channelOfResult;

    // ---------------------------------------------------------------------------------------- construction

    constructor(IModelRegistry models_, address sequencerFeed) {
        models = models_;
        _sequencerFeed = sequencerFeed;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IChannelEscrow
    function present(
        Channel calldata channel,
        Receipt calldata receipt,
        bytes calldata signature,
        bytes calldata request
    ) external returns (JobId id) {
        bytes32 channelId = _requireLiable(channel);
        bytes32 digest = _requireReceipt(channel, channelId, receipt, signature);
        uint256 signedAt = Math.saturatingSub(receipt.expiry, channel.receiptLife);
        uint256 end = SequencerClock.effectiveStart(_sequencerFeed, signedAt) + channel.receiptLife;
        if (block.timestamp < signedAt || block.timestamp >= end)
            revert ReceiptOutOfTime(receipt.expiry, signedAt, end);

        Job memory job = _asJob(channel, receipt, digest, request);
        id = _resultIdOf(job);
        if (_results[id].status() != JobStatus.None) revert AlreadyPresented(id);
        bytes32 outputRoot = Commitments.outputRoot(receipt.outputCount, true, receipt.outputTokensRoot);
        _results[id] = submittedJobState(uint40(signedAt), outputRoot);
        _channelOfResult[id] = channelId;
        emit ReceiptPresented(
            id,
            channelId,
            channel.provider,
            job,
            receipt.outputCount,
            receipt.outputTokensRoot,
            request
        );
    }

    /// @inheritdoc IChannelEscrow
    function reportEquivocation(
        Channel calldata channel,
        Receipt calldata first,
        bytes calldata firstSignature,
        Receipt calldata second,
        bytes calldata secondSignature,
        address reporter
    ) external {
        bytes32 id = _requireLiable(channel);
        bytes32 firstDigest = _requireReceipt(channel, id, first, firstSignature);
        bytes32 secondDigest = _requireReceipt(channel, id, second, secondSignature);
        bool sameRoots =
            first.modelRoot == second.modelRoot &&
                first.inputRoot == second.inputRoot &&
                first.outputTokensRoot == second.outputTokensRoot;
        if (first.nonce != second.nonce || first.outputCount != second.outputCount || sameRoots)
            revert NoEquivocation(firstDigest, secondDigest);
        emit EquivocationProven(id, channel.provider, firstDigest, secondDigest);
        IResultSources(disputeGame).convict(
            channel.provider,
            keccak256(abi.encode(firstDigest, secondDigest)),
            reporter
        );
    }

    /// @inheritdoc IResultSource
    function challengeOpened(
        Job calldata job,
        IJobEscrow.Output calldata output
    ) external returns (JobId id) {
        _requireDisputeGame();
        id = jobIdOf(job);
        JobState state = _results[id];
        if (state.status() == JobStatus.None) revert UnknownReceipt(id);
        bytes32 outputRoot = Commitments.outputRoot(output.count, true, output.tokensRoot);
        if (!state.matchesOutputRoot(outputRoot)) revert OutputMismatch(id, outputRoot);
        uint256 life = uint256(job.submitDeadline) - state.submittedAt();
        uint256 end = SequencerClock.effectiveStart(_sequencerFeed, state.submittedAt()) + life;
        if (block.timestamp >= end) revert ReceiptOutOfTime(job.submitDeadline, state.submittedAt(), end);

        bytes32 channelId = _channelOfResult[id];
        ChannelState storage channel = _channels[channelId];
        // INVARIANT: while a challenge is alive the stake is locked, and the provider stays registered.
        if (channel.status == ChannelStatus.Released) revert WrongStatus(channelId, uint8(channel.status));
        if (channel.liveChallenges == type(uint16).max) revert TooManyChallenges(id);
        channel.liveChallenges += 1;
        _results[id] = state.withChallenge();
    }

    /// @inheritdoc IResultSource
    function challengeClosed(JobId id) external {
        _requireDisputeGame();
        JobState state = _results[id];
        if (state.liveChallenges() == 0) revert NoChallengeAlive(id);
        _results[id] = state.withoutChallenge();
        _channels[_channelOfResult[id]].liveChallenges -= 1;
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IResultSource
    function jobState(JobId id) external view returns (JobState) {
        return _results[id];
    }

    /// @inheritdoc IResultSource
    function jobIdOf(Job calldata job) public view returns (JobId) {
        return _resultIdOf(job);
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev A channel whose provider can be convicted of what it signed.
    function _requireLiable(Channel calldata channel) private view returns (bytes32 id) {
        ChannelState memory state;
        (id, state) = _load(channel);
        if (state.status == ChannelStatus.Released) revert WrongStatus(id, uint8(state.status));
        if (vault.isJailed(channel.provider)) revert IVault.ProviderJailed(channel.provider);
    }

    function _requireReceipt(
        Channel calldata channel,
        bytes32 id,
        Receipt calldata receipt,
        bytes calldata signature
    ) private view returns (bytes32 digest) {
        if (receipt.channel != id) revert ReceiptMismatch(receipt.channel, receipt.nonce, 0);
        digest = receiptDigest(receipt);
        _requireProvider(channel.provider, digest, signature, false);
    }

    /// @dev A receipt in the form of a job: what the dispute game needs to know, and the receipt's digest, which makes the id unique, in three
    /// members that it does not look at.
    function _asJob(
        Channel calldata channel,
        Receipt calldata receipt,
        bytes32 digest,
        bytes calldata request
    ) private view returns (Job memory job) {
        bytes32 found = keccak256(abi.encodePacked(Commitments.INPUT_TAG, request));
        if (found != receipt.inputRoot || request.length != REQUEST_LENGTH)
            revert RequestMismatch(found, receipt.inputRoot);
        uint32 maxTokens = uint32(bytes4(request[GENERATION_END - 4:GENERATION_END]));
        _requireTokens(receipt);
        // More tokens than were asked for are the verifier's to convict: the answer ended before.
        uint32 answered = uint32(Math.min(receipt.outputCount, maxTokens));

        IModelRegistry.Model memory model = models.modelOf(receipt.modelRoot);
        (job.salt, job.exitBounty, job.stakeLock) = (
            uint64(uint256(digest)),
            uint96(uint256(digest) >> 64),
            uint96(uint256(digest) >> 160)
        );
        job.client = channel.client;
        job.submitDeadline = receipt.expiry;
        job.provider = channel.provider;
        job.feeBasisPoints = channel.feeBasisPoints;
        job.token = channel.token;
        job.minimumCharge = receipt.price;
        job.promptTokens = uint32(bytes4(request[:4]));
        job.maxTokens = answered;
        job.vocabularySize = model.vocabularySize;
        job.modelRoot = receipt.modelRoot;
        // The first tokens of an answer are the whole answer to a request for that many.
        job.inputRoot =
            receipt.complete || receipt.outputCount > maxTokens
                ? receipt.inputRoot
                : keccak256(
                    abi.encodePacked(
                        Commitments.INPUT_TAG,
                        request[:GENERATION_END - 4],
                        receipt.outputCount,
                        request[GENERATION_END:]
                    )
                );
        uint256 positions = uint256(job.promptTokens) + answered;
        uint256 window = BASE_WINDOW + Math.ceilDiv(positions * model.workPerPosition, channel.workPerSecond);
        job.challengeWindow = uint32(Math.min(window, MAX_WINDOW));
    }

    /// @dev INVARIANT: what is paid can be presented.
    function _requireTokens(Receipt calldata receipt) internal pure {
        if (receipt.outputCount == 0) revert OutputLengthOutOfBounds(0, type(uint32).max);
    }

    function _resultIdOf(Job memory job) private view returns (JobId) {
        return JobId.wrap(keccak256(abi.encode(RESULT_TYPE_HASH, block.chainid, address(this), job)));
    }

    function _requireDisputeGame() private view {
        if (msg.sender != disputeGame) revert NotDisputeGame(msg.sender);
    }
}
