// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {TokenIds} from "../libraries/TokenIds.sol";
import {Job, JobId} from "../types/Job.sol";
import {JobState, JobStatus, createdJobState, endedJobState, submittedJobState} from "../types/JobState.sol";

/// @title Job escrow
/// @notice See `IJobEscrow`, which is the specification.
contract JobEscrow is IJobEscrow, AccessManaged {
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    /// @dev Separates job ids from every other hash of the protocol.
    bytes32 private constant JOB_TYPE_HASH = keccak256("Athanor.Job");
    /// @dev Bytes of the terms in calldata: 17 words.
    uint256 private constant JOB_SIZE = 0x220;
    uint256 private constant PRICE_UNIT = 1_000_000;
    uint256 private constant BASIS_POINTS = 10_000;
    uint16 private constant MAX_FEE_BASIS_POINTS = 2_000;
    uint32 private constant MIN_CHALLENGE_WINDOW = 10 minutes;
    uint32 private constant MAX_CHALLENGE_WINDOW = 3 days;
    uint32 private constant MIN_RESPONSE_TIME = 10 seconds;
    /// @dev With the longest window shorter than any unbonding.
    uint32 private constant MAX_RESPONSE_TIME = 3 days;
    /// @dev The rest of the longest window is left for the time to recompute a request.
    uint32 private constant MAX_BASE_WINDOW = 1 days;
    /// @dev 128 KiB of calldata is what nodes relay; 4 bytes a token and the terms stay below.
    uint32 private constant MAX_OUTPUT_TOKENS = 30_000;
    /// @dev After the deadline, before an expiring call earns the bounty.
    uint32 private constant EXPIRY_GRACE = 10 minutes;

    IVault public immutable vault;
    IProviderRegistry public immutable providers;

    // -------------------------------------------------------------------------------------------- storage

    mapping(JobId id => JobState) private _states;
    mapping(address token => TokenTerms) private _tokenTerms;
    Parameters private _parameters;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        IVault vault_,
        IProviderRegistry providers_,
        Parameters memory initial
    ) AccessManaged(authority) {
        vault = vault_;
        providers = providers_;
        _setParameters(initial);
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IJobEscrow
    function create(Request calldata request) external returns (JobId id) {
        TokenTerms memory terms = _tokenTerms[request.token];
        if (!terms.accepted) revert PaymentTokenNotAccepted(request.token);
        IProviderRegistry.Offer memory offer = providers.offerOf(
            request.provider,
            request.modelRoot,
            request.token
        );
        if (offer.inputPrice > request.maxInputPrice || offer.outputPrice > request.maxOutputPrice) {
            revert OfferPriceAboveLimit(
                offer.inputPrice,
                request.maxInputPrice,
                offer.outputPrice,
                request.maxOutputPrice
            );
        }

        Job memory job;
        job.client = msg.sender;
        job.salt = request.salt;
        job.submitDeadline = request.submitDeadline;
        job.provider = request.provider;
        job.feeBasisPoints = terms.feeBasisPoints;
        job.token = request.token;
        job.exitBounty = terms.exitBounty;
        job.inputPrice = offer.inputPrice;
        job.outputPrice = offer.outputPrice;
        job.minimumCharge = terms.minimumCharge;
        job.promptTokens = _validatedPromptLength(request, offer);
        job.maxTokens = request.maxTokens;
        job.vocabularySize = offer.vocabularySize;
        job.modelRoot = request.modelRoot;
        job.inputRoot = Commitments.inputRoot(
            job.promptTokens,
            0,
            request.seed,
            Commitments.greedy(request.maxTokens),
            Commitments.tokensRoot(request.promptTokens)
        );
        (job.challengeWindow, job.stakeLock) = _windowAndLock(job, offer.workPerPosition);

        uint256 escrowed =
            Math.max(
                job.minimumCharge,
                costOf(job.promptTokens, job.maxTokens, job.inputPrice, job.outputPrice)
            ) + job.exitBounty;
        // INVARIANT: whatever changes before this transaction, the client pays no more and no otherwise than it agreed to.
        if (escrowed > request.maxCost) revert PriceAboveLimit(escrowed, request.maxCost);

        id = JobId.wrap(keccak256(abi.encode(JOB_TYPE_HASH, block.chainid, address(this), job)));
        // INVARIANT: an id names one job for ever; its state never returns to None.
        if (_states[id].status() != JobStatus.None) revert JobAlreadyExists(id);
        _states[id] = createdJobState();
        emit JobCreated(id, msg.sender, job.provider, job, request.seed, request.promptTokens);

        vault.openWork(msg.sender, job.token, escrowed, job.provider, job.stakeLock);
    }

    /// @inheritdoc IJobEscrow
    function submit(Job calldata job, bytes calldata outputTokens) external {
        JobId id = _requireOpen(job);
        _requireOperator(job.provider);
        if (block.timestamp > job.submitDeadline)
            revert SubmissionTooLate(job.submitDeadline, block.timestamp);
        uint256 count = TokenIds.count(outputTokens);
        if (count == 0 || count > job.maxTokens) revert OutputLengthOutOfBounds(count, job.maxTokens);
        TokenIds.requireInVocabulary(outputTokens, job.vocabularySize);

        // INVARIANT: the commitment is derived from the very bytes that the event publishes.
        bytes32 outputRoot = Commitments.outputRoot(
            uint32(count),
            true,
            Commitments.tokensRoot(outputTokens)
        );
        uint40 timestamp = uint40(block.timestamp);
        _states[id] = submittedJobState(timestamp, outputRoot);
        emit ResultSubmitted(id, job.provider, outputRoot, timestamp + job.challengeWindow, outputTokens);
    }

    /// @inheritdoc IJobEscrow
    function finalize(Job calldata job, Output calldata output, address bountyRecipient) external {
        JobId id = _idOf(job);
        JobState state = _states[id];
        if (state.status() == JobStatus.None) revert UnknownJob(id);
        if (state.status() != JobStatus.Submitted) revert JobNotSubmitted(id, state);
        bytes32 outputRoot = Commitments.outputRoot(output.count, true, output.tokensRoot);
        if (!state.matchesOutputRoot(outputRoot)) revert OutputMismatch(id, outputRoot);
        uint256 finalizableAt = uint256(state.submittedAt()) + job.challengeWindow;
        // INVARIANT: a result is final only when its window is over and no challenge is alive.
        if (block.timestamp < finalizableAt) revert ChallengeWindowOpen(id, finalizableAt, block.timestamp);
        if (state.liveChallenges() != 0) revert ChallengesAlive(id, state.liveChallenges());
        _finalize(id, state, job, output.count, bountyRecipient);
    }

    /// @inheritdoc IJobEscrow
    function finalizeBatch(
        Job[] calldata jobs,
        Output[] calldata outputs,
        address bountyRecipient
    ) external returns (uint256 finalized) {
        if (jobs.length != outputs.length) revert LengthMismatch(jobs.length, outputs.length);
        for (uint256 i = 0; i < jobs.length; ++i) {
            Job calldata job = jobs[i];
            JobId id = _idOf(job);
            JobState state = _states[id];
            if (
                state.status() != JobStatus.Submitted ||
                state.liveChallenges() != 0 ||
                block.timestamp < uint256(state.submittedAt()) + job.challengeWindow ||
                !state.matchesOutputRoot(
                    Commitments.outputRoot(outputs[i].count, true, outputs[i].tokensRoot)
                )
            ) continue;
            _finalize(id, state, job, outputs[i].count, bountyRecipient);
            ++finalized;
        }
    }

    /// @inheritdoc IJobEscrow
    function expire(Job calldata job, address bountyRecipient) external {
        JobId id = _requireOpen(job);
        if (block.timestamp <= job.submitDeadline) revert NotExpired(job.submitDeadline, block.timestamp);
        _states[id] = endedJobState(_states[id], JobStatus.Expired);
        uint256 bounty = block.timestamp > uint256(job.submitDeadline) + EXPIRY_GRACE ? job.exitBounty : 0;
        uint256 refund = _settle(job, 0, 0, bounty, bountyRecipient);
        emit JobExpired(id, job.client, job.provider, refund, bounty, bountyRecipient);
    }

    /// @inheritdoc IJobEscrow
    function decline(Job calldata job) external {
        JobId id = _requireOpen(job);
        _requireOperator(job.provider);
        // Afterwards the job is anyone's to expire, for the bounty.
        if (block.timestamp > job.submitDeadline)
            revert SubmissionTooLate(job.submitDeadline, block.timestamp);
        _states[id] = endedJobState(_states[id], JobStatus.Declined);
        uint256 refund = _settle(job, 0, 0, 0, job.client);
        emit JobDeclined(id, job.client, job.provider, refund);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IJobEscrow
    function setParameters(Parameters calldata parameters_) external restricted {
        _setParameters(parameters_);
    }

    /// @inheritdoc IJobEscrow
    function setTokenTerms(address token, TokenTerms calldata terms) external restricted {
        _requireBetween("feeBasisPoints", terms.feeBasisPoints, 0, MAX_FEE_BASIS_POINTS);
        _tokenTerms[token] = terms;
        emit TokenTermsSet(token, terms);
    }

    /// @inheritdoc IJobEscrow
    function withdrawFees(address token, uint256 amount, address recipient) external restricted {
        emit FeesWithdrawn(token, recipient, amount);
        vault.withdraw(token, amount, recipient);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IJobEscrow
    function jobState(JobId id) external view returns (JobState) {
        return _states[id];
    }

    /// @inheritdoc IJobEscrow
    function jobIdOf(Job calldata job) external view returns (JobId) {
        return _idOf(job);
    }

    /// @inheritdoc IJobEscrow
    function costOf(
        uint256 promptTokens,
        uint256 outputTokens,
        uint256 inputPrice,
        uint256 outputPrice
    ) public pure returns (uint256) {
        return Math.ceilDiv(promptTokens * inputPrice + outputTokens * outputPrice, PRICE_UNIT);
    }

    /// @inheritdoc IJobEscrow
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IJobEscrow
    function tokenTermsOf(address token) external view returns (TokenTerms memory) {
        return _tokenTerms[token];
    }

    // ------------------------------------------------------------------------------------------- internal

    function _validatedPromptLength(
        Request calldata request,
        IProviderRegistry.Offer memory offer
    ) private pure returns (uint32) {
        uint256 count = TokenIds.count(request.promptTokens);
        if (count == 0) revert EmptyPrompt();
        if (request.maxTokens == 0) revert NoTokensRequested();
        if (request.maxTokens > MAX_OUTPUT_TOKENS)
            revert TooManyTokensRequested(request.maxTokens, MAX_OUTPUT_TOKENS);
        if (count + request.maxTokens > offer.contextLength) {
            revert ContextExceeded(count, request.maxTokens, offer.contextLength);
        }
        TokenIds.requireInVocabulary(request.promptTokens, offer.vocabularySize);
        return uint32(count);
    }

    /// @dev Also checks the deadline, which shares the parameters' storage slot.
    function _windowAndLock(Job memory job, uint256 workPerPosition) private view returns (uint32, uint96) {
        Parameters memory current = _parameters;
        uint256 earliest = block.timestamp + current.minimumResponseTime;
        uint256 latest = block.timestamp + current.maximumResponseTime;
        if (job.submitDeadline < earliest || job.submitDeadline > latest) {
            revert DeadlineOutOfBounds(job.submitDeadline, earliest, latest);
        }
        uint256 positions = uint256(job.promptTokens) + job.maxTokens;
        uint256 window =
            current.challengeWindow + Math.ceilDiv(positions * workPerPosition, current.workPerSecond);
        if (window > MAX_CHALLENGE_WINDOW) revert RequestTooLarge(window, MAX_CHALLENGE_WINDOW);
        return (uint32(window), current.stakePerJob);
    }

    /// @dev Hashes the terms as they stand in calldata, a word each: those with bits that their types lack name no job.
    function _idOf(Job calldata job) private view returns (JobId id) {
        bytes32 typeHash = JOB_TYPE_HASH;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, typeHash)
            mstore(add(buffer, 0x20), chainid())
            mstore(add(buffer, 0x40), address())
            calldatacopy(add(buffer, 0x60), job, JOB_SIZE)
            id := keccak256(buffer, add(JOB_SIZE, 0x60))
        }
    }

    function _requireOpen(Job calldata job) private view returns (JobId id) {
        id = _idOf(job);
        JobState state = _states[id];
        if (state.status() == JobStatus.None) revert UnknownJob(id);
        if (state.status() != JobStatus.Created) revert JobNotOpen(id, state);
    }

    function _requireOperator(address provider) private view {
        address operator = providers.operatorOf(provider);
        if (msg.sender != operator) revert NotOperator(msg.sender, operator);
    }

    function _finalize(
        JobId id,
        JobState state,
        Job calldata job,
        uint32 outputTokens,
        address bountyRecipient
    ) private {
        _states[id] = endedJobState(state, JobStatus.Finalized);
        uint256 charge = _chargeOf(job, outputTokens);
        uint256 fee = Math.ceilDiv(charge * job.feeBasisPoints, BASIS_POINTS);
        uint256 refund = _settle(job, charge - fee, fee, job.exitBounty, bountyRecipient);
        emit JobFinalized(
            id,
            job.client,
            job.provider,
            charge - fee,
            fee,
            refund,
            job.exitBounty,
            bountyRecipient
        );
    }

    function _settle(
        Job calldata job,
        uint256 earned,
        uint256 fee,
        uint256 bounty,
        address bountyRecipient
    ) private returns (uint256 refund) {
        uint256 escrowed = _chargeOf(job, job.maxTokens) + job.exitBounty;
        refund = escrowed - earned - fee - bounty;
        vault.settle(
            IVault.Settlement({
                payer: job.client,
                token: job.token,
                escrowed: escrowed,
                provider: job.provider,
                earned: earned,
                fee: fee,
                bountyRecipient: bountyRecipient,
                bounty: bounty,
                stakeLock: job.stakeLock
            })
        );
    }

    function _chargeOf(Job calldata job, uint256 outputTokens) private pure returns (uint256) {
        return
            Math.max(
                job.minimumCharge,
                costOf(job.promptTokens, outputTokens, job.inputPrice, job.outputPrice)
            );
    }

    function _setParameters(Parameters memory next) private {
        _requireBetween("challengeWindow", next.challengeWindow, MIN_CHALLENGE_WINDOW, MAX_BASE_WINDOW);
        _requireBetween(
            "minimumResponseTime",
            next.minimumResponseTime,
            MIN_RESPONSE_TIME,
            next.maximumResponseTime
        );
        _requireBetween(
            "maximumResponseTime",
            next.maximumResponseTime,
            MIN_RESPONSE_TIME,
            MAX_RESPONSE_TIME
        );
        _requireBetween("workPerSecond", next.workPerSecond, 1, type(uint64).max);
        _parameters = next;
        emit ParametersSet(next);
    }

    function _requireBetween(
        bytes32 parameter,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private pure {
        if (value < minimum || value > maximum)
            revert ParameterOutOfBounds(parameter, value, minimum, maximum);
    }
}
