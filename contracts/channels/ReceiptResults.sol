// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IReceiptResults} from "../interfaces/IReceiptResults.sol";
import {IResultSource} from "../interfaces/IResultSource.sol";
import {IResultSources} from "../interfaces/IResultSources.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Generation} from "../libraries/Generation.sol";
import {SequencerClock} from "../libraries/SequencerClock.sol";
import {Channel, ChannelStatus, Receipt} from "../types/Channel.sol";
import {Job, JobId} from "../types/Job.sol";
import {JobState, JobStatus, submittedJobState} from "../types/JobState.sol";

/// @title Receipts as results of the dispute game, and what convicts without it
/// @notice See `IReceiptResults`, which is the specification.
contract ReceiptResults is IReceiptResults, AccessManaged {
    // ------------------------------------------------------------------------------------------ constants

    /// @dev Separates the ids of presented receipts from those of jobs.
    bytes32 private constant RESULT_TYPE_HASH = keccak256("Athanor.ReceiptResult");
    /// @dev What is added to the time that recomputing takes.
    uint256 private constant BASE_WINDOW = 10 minutes;
    uint256 private constant MAX_WINDOW = 3 days;
    /// @dev Where the generation parameters end in a request, and how long a request is.
    uint256 private constant GENERATION_END = 48;
    uint256 private constant REQUEST_LENGTH = 112;

    IChannelEscrow public immutable channels;
    IModelRegistry public immutable models;
    IVault public immutable vault;
    address private immutable _sequencerFeed;

    // -------------------------------------------------------------------------------------------- storage

    mapping(JobId id => JobState) private _results;
    /// @inheritdoc IReceiptResults
    mapping(JobId id => bytes32 channel) public channelOfResult;
    /// @inheritdoc IReceiptResults
    mapping(bytes32 commitment => uint40) public reportCommittedAt;
    /// @inheritdoc IReceiptResults
    address public disputeGame;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        IChannelEscrow channels_,
        IModelRegistry models_,
        IVault vault_,
        address sequencerFeed
    ) AccessManaged(authority) {
        channels = channels_;
        models = models_;
        vault = vault_;
        _sequencerFeed = sequencerFeed;
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IReceiptResults
    function setDisputeGame(address game) external restricted {
        // INVARIANT: whoever can hold stake back never changes.
        if (disputeGame != address(0)) revert DisputeGameAlreadySet(disputeGame);
        if (game.code.length == 0) revert DisputeGameWithoutCode(game);
        disputeGame = game;
        emit DisputeGameSet(game);
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IReceiptResults
    function present(
        Channel calldata channel,
        Receipt calldata receipt,
        bytes calldata signature,
        bytes calldata request
    ) external returns (JobId id) {
        (bytes32 channelId, ) = _requireLiable(channel);
        bytes32 digest = _requireReceipt(channel, channelId, receipt, signature);
        uint256 signedAt = Math.saturatingSub(receipt.expiry, channel.receiptLife);
        uint256 end = SequencerClock.effectiveStart(_sequencerFeed, signedAt) + channel.receiptLife;
        if (block.timestamp < signedAt || block.timestamp >= end)
            revert IChannelEscrow.ReceiptOutOfTime(receipt.expiry, signedAt, end);

        Job memory job = _asJob(channel, receipt, digest, request);
        if (job.vocabularySize == 0)
            IResultSources(disputeGame).requireChallenger(channel.client, channelId, msg.sender);
        id = _resultIdOf(job);
        if (_results[id].status() != JobStatus.None) revert AlreadyPresented(id);
        bytes32 outputRoot = Commitments.outputRoot(receipt.outputCount, true, receipt.outputTokensRoot);
        _results[id] = submittedJobState(uint40(signedAt), outputRoot);
        channelOfResult[id] = channelId;
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

    /// @inheritdoc IReceiptResults
    function commitReport(bytes32 commitment) external {
        if (reportCommittedAt[commitment] != 0) revert ReportAlreadyCommitted(commitment);
        reportCommittedAt[commitment] = uint40(block.timestamp);
        emit ReportCommitted(commitment);
    }

    /// @inheritdoc IReceiptResults
    function reportEquivocation(
        Channel calldata channel,
        Receipt calldata first,
        bytes calldata firstSignature,
        Receipt calldata second,
        bytes calldata secondSignature,
        address reporter,
        bytes32 salt
    ) external {
        (bytes32 id, bool jailed) = _requireLiable(channel);
        if (jailed) revert IVault.ProviderJailed(channel.provider);
        bytes32 firstDigest = _requireReceipt(channel, id, first, firstSignature);
        bytes32 secondDigest = _requireReceipt(channel, id, second, secondSignature);
        bool sameRoots =
            first.modelRoot == second.modelRoot &&
                first.inputRoot == second.inputRoot &&
                first.outputTokensRoot == second.outputTokensRoot;
        if (first.nonce != second.nonce || first.outputCount != second.outputCount || sameRoots)
            revert NoEquivocation(firstDigest, secondDigest);
        // INVARIANT: who reads a report before it is in the chain cannot make it its own: its commitment would be too young.
        bytes32 commitment = reportCommitmentOf(firstDigest, secondDigest, reporter, salt);
        uint40 committedAt = reportCommittedAt[commitment];
        if (committedAt == 0 || committedAt == block.timestamp)
            revert ReportNotCommitted(commitment, committedAt, block.timestamp);
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
        if (block.timestamp >= end)
            revert IChannelEscrow.ReceiptOutOfTime(job.submitDeadline, state.submittedAt(), end);

        channels.challengeOpened(channelOfResult[id]);
        _results[id] = state.withChallenge();
    }

    /// @inheritdoc IResultSource
    function challengeClosed(JobId id) external {
        _requireDisputeGame();
        JobState state = _results[id];
        if (state.liveChallenges() == 0) revert NoChallengeAlive(id);
        _results[id] = state.withoutChallenge();
        channels.challengeClosed(channelOfResult[id]);
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

    /// @inheritdoc IReceiptResults
    function reportCommitmentOf(
        bytes32 first,
        bytes32 second,
        address reporter,
        bytes32 salt
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(first, second, reporter, salt));
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev A channel whose provider can be convicted of what it signed, or was: who committed to a challenge before that gets its bond back.
    function _requireLiable(Channel calldata channel) private view returns (bytes32 id, bool jailed) {
        id = channels.channelIdOf(channel);
        ChannelStatus status = channels.channelState(id).status;
        if (status == ChannelStatus.None) revert IChannelEscrow.UnknownChannel(id);
        jailed = vault.isJailed(channel.provider);
        if (status == ChannelStatus.Released && !jailed) revert IChannelEscrow.WrongStatus(id, uint8(status));
    }

    /// @dev INVARIANT: a provider stands for what a key of its own signed, in use or not.
    function _requireReceipt(
        Channel calldata channel,
        bytes32 id,
        Receipt calldata receipt,
        bytes calldata signature
    ) private view returns (bytes32 digest) {
        if (receipt.channel != id) revert IChannelEscrow.ReceiptMismatch(receipt.channel, receipt.nonce, 0);
        digest = channels.receiptDigest(receipt);
        (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer == address(0) || channels.receiptKeyUntil(channel.provider, signer) < block.timestamp)
            revert IChannelEscrow.InvalidSigner(digest);
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
        if (receipt.outputCount == 0) revert IChannelEscrow.OutputLengthOutOfBounds(0, type(uint32).max);
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
        // INVARIANT: what the verifier takes for private is what only the client may have disputed.
        if (!Generation.isPrivate(bytes32(request[GENERATION_END - 32:GENERATION_END])))
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

    function _resultIdOf(Job memory job) private view returns (JobId) {
        return JobId.wrap(keccak256(abi.encode(RESULT_TYPE_HASH, block.chainid, address(this), job)));
    }

    function _requireDisputeGame() private view {
        if (msg.sender != disputeGame) revert NotDisputeGame(msg.sender);
    }
}
