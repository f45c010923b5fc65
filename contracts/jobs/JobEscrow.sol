// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IFeeDistributor} from "../interfaces/IFeeDistributor.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Generation} from "../libraries/Generation.sol";
import {SequencerClock} from "../libraries/SequencerClock.sol";
import {TokenIds} from "../libraries/TokenIds.sol";
import {Job, JobId} from "../types/Job.sol";
import {JobState, JobStatus, createdJobState, endedJobState, submittedJobState} from "../types/JobState.sol";
import {JobTerms} from "./JobTerms.sol";

/// @title Job escrow
/// @notice See `IJobEscrow`, which is the specification.
/// Longer than 400 lines: every way into a job and out of it stands here.
contract JobEscrow is JobTerms {
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    /// @dev Separates job ids from every other hash of the protocol.
    bytes32 private constant JOB_TYPE_HASH = keccak256("Athanor.Job");
    /// @dev Bytes of the terms in calldata: 17 words.
    uint256 private constant JOB_SIZE = 0x220;
    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev 128 KiB of calldata is what nodes relay; 4 bytes a token and the terms stay below.
    uint32 private constant MAX_OUTPUT_TOKENS = 30_000;
    /// @dev The same of an encrypted request.
    uint256 private constant MAX_CIPHERTEXT = 120_000;
    /// @dev After a job could have ended, before the call that refunds it earns the bounty.
    uint32 private constant REFUND_GRACE = 10 minutes;

    IVault public immutable vault;
    IProviderRegistry public immutable providers;
    IFeeDistributor private immutable _feeDistributor;
    /// @inheritdoc IJobEscrow
    address public immutable sequencerFeed;

    // -------------------------------------------------------------------------------------------- storage

    mapping(JobId id => JobState) private _states;
    /// @inheritdoc IJobEscrow
    address public disputeGame;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        IVault vault_,
        IProviderRegistry providers_,
        ICurrencies currencies_,
        IFeeDistributor feeDistributor,
        address sequencerFeed_,
        Parameters memory initial
    ) JobTerms(authority, currencies_, initial) {
        vault = vault_;
        providers = providers_;
        _feeDistributor = feeDistributor;
        sequencerFeed = sequencerFeed_;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IJobEscrow
    function create(Request calldata request) external returns (JobId id) {
        Job memory job;
        job.promptTokens = uint32(TokenIds.count(request.promptTokens));
        IProviderRegistry.Offer memory offer = _offerOf(request, job);
        job.vocabularySize = offer.vocabularySize;
        TokenIds.requireInVocabulary(request.promptTokens, offer.vocabularySize);
        job.inputRoot = Commitments.inputRoot(
            job.promptTokens,
            0,
            request.seed,
            request.generation,
            _validatedStopsHash(request.stopSequences, offer.vocabularySize),
            Commitments.tokensRoot(request.promptTokens)
        );
        uint256 escrowed;
        (id, escrowed) = _open(request, job, offer.workPerPosition);
        emit JobCreated(
            id,
            msg.sender,
            job.provider,
            job,
            request.seed,
            request.generation,
            request.promptTokens,
            request.stopSequences
        );
        vault.openWork(msg.sender, job.token, escrowed, job.provider, job.stakeLock);
    }

    /// @inheritdoc IJobEscrow
    function createPrivate(
        Request calldata request,
        HiddenRequest calldata hidden
    ) external returns (JobId id) {
        if (request.promptTokens.length != 0 || request.stopSequences.length != 0)
            revert PromptNotHidden(request.promptTokens.length, request.stopSequences.length);
        if (hidden.ciphertext.length > MAX_CIPHERTEXT)
            revert CiphertextTooLong(hidden.ciphertext.length, MAX_CIPHERTEXT);
        Job memory job;
        job.promptTokens = hidden.promptTokens;
        IProviderRegistry.Offer memory offer = _offerOf(request, job);
        // INVARIANT: what the verifier takes for private is what only the client may have disputed.
        bytes32 generation = request.generation | bytes32(Generation.PRIVATE);
        job.inputRoot = Commitments.inputRoot(
            job.promptTokens,
            0,
            request.seed,
            generation,
            hidden.stopsHash,
            hidden.promptRoot
        );
        uint256 escrowed;
        (id, escrowed) = _open(request, job, offer.workPerPosition);
        emit PrivateJobCreated(
            id,
            msg.sender,
            job.provider,
            job,
            request.seed,
            generation,
            hidden.stopsHash,
            hidden.promptRoot,
            hidden.ciphertext
        );
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
        if (!job.isPrivate()) TokenIds.requireInVocabulary(outputTokens, job.vocabularySize);

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
        (JobId id, JobState state) = _requireSubmitted(job, output);
        uint256 finalizableAt = _windowEnd(job, state);
        // INVARIANT: a result is final only when its window is over, no challenge is alive, and its provider was never convicted.
        if (block.timestamp < finalizableAt) revert ChallengeWindowOpen(id, finalizableAt, block.timestamp);
        if (state.liveChallenges() != 0) revert ChallengesAlive(id, state.liveChallenges());
        if (vault.isJailed(job.provider)) revert IVault.ProviderJailed(job.provider);
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
                block.timestamp < _windowEnd(job, state) ||
                !state.matchesOutputRoot(
                    Commitments.outputRoot(outputs[i].count, true, outputs[i].tokensRoot)
                ) ||
                vault.isJailed(job.provider)
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
        uint256 bounty = block.timestamp > uint256(job.submitDeadline) + REFUND_GRACE ? job.exitBounty : 0;
        uint256 returned = _settle(job, 0, 0, bounty, bountyRecipient);
        emit JobExpired(id, job.client, job.provider, returned, bounty, bountyRecipient);
    }

    /// @inheritdoc IJobEscrow
    function decline(Job calldata job) external {
        JobId id = _requireOpen(job);
        _requireOperator(job.provider);
        // Afterwards the job is anyone's to expire, for the bounty.
        if (block.timestamp > job.submitDeadline)
            revert SubmissionTooLate(job.submitDeadline, block.timestamp);
        _states[id] = endedJobState(_states[id], JobStatus.Declined);
        uint256 returned = _settle(job, 0, 0, 0, job.client);
        emit JobDeclined(id, job.client, job.provider, returned);
    }

    /// @inheritdoc IJobEscrow
    function refund(Job calldata job, address bountyRecipient) external {
        JobId id = _idOf(job);
        JobState state = _states[id];
        if (state.status() == JobStatus.None) revert UnknownJob(id);
        bool answered = state.status() == JobStatus.Submitted;
        if (!answered && state.status() != JobStatus.Created) revert JobNotOpen(id, state);
        if (!vault.isJailed(job.provider)) revert NotJailed(job.provider);
        _states[id] = endedJobState(state, JobStatus.Refunded);
        // INVARIANT: a client that looks after its jobs pays nothing, one that does not no more than it agreed to.
        uint256 free = (answered ? _windowEnd(job, state) : job.submitDeadline) + REFUND_GRACE;
        uint256 bounty = block.timestamp > free ? job.exitBounty : 0;
        uint256 returned = _settle(job, 0, 0, bounty, bountyRecipient);
        emit JobRefunded(id, job.client, job.provider, returned, bounty, bountyRecipient);
    }

    /// @inheritdoc IJobEscrow
    function challengeOpened(Job calldata job, Output calldata output) external returns (JobId id) {
        _requireDisputeGame();
        JobState state;
        (id, state) = _requireSubmitted(job, output);
        uint256 end = _windowEnd(job, state);
        if (block.timestamp >= end) revert ChallengeWindowOver(id, end, block.timestamp);
        if (state.liveChallenges() == type(uint16).max) revert TooManyChallenges(id);
        _states[id] = state.withChallenge();
    }

    /// @inheritdoc IJobEscrow
    function challengeClosed(JobId id) external {
        _requireDisputeGame();
        JobState state = _states[id];
        if (state.liveChallenges() == 0) revert NoChallengeAlive(id);
        _states[id] = state.withoutChallenge();
    }

    /// @inheritdoc IJobEscrow
    function collectFees(address token) external returns (IFeeDistributor distributor, uint256 amount) {
        distributor = _feeDistributor;
        amount = vault.accountOf(token, address(this)).available;
        if (amount == 0) return (distributor, amount);
        emit FeesCollected(token, amount);
        vault.withdraw(token, amount, address(distributor));
        distributor.distribute(token);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IJobEscrow
    function setDisputeGame(address game) external restricted {
        // INVARIANT: whoever can hold a result up never changes.
        if (disputeGame != address(0)) revert DisputeGameAlreadySet(disputeGame);
        if (game.code.length == 0) revert DisputeGameWithoutCode(game);
        disputeGame = game;
        emit DisputeGameSet(game);
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

    // ------------------------------------------------------------------------------------------- internal

    /// @dev The provider's offer, if the request is within it and within the client's limits. Sets what the terms take from both.
    function _offerOf(
        Request calldata request,
        Job memory job
    ) private view returns (IProviderRegistry.Offer memory offer) {
        TokenTerms memory terms = _acceptedTerms(request.token);
        offer = providers.offerOf(request.provider, request.modelRoot, request.token);
        // INVARIANT: prices are converted here and nowhere else: what becomes of the rate later touches no job.
        (uint80 inputPrice, uint80 outputPrice) = currencies.tokenPrices(
            request.token,
            offer.inputMicrocents,
            offer.outputMicrocents
        );
        if (inputPrice > request.maxInputPrice || outputPrice > request.maxOutputPrice) {
            revert OfferPriceAboveLimit(
                inputPrice,
                request.maxInputPrice,
                outputPrice,
                request.maxOutputPrice
            );
        }
        job.client = msg.sender;
        job.salt = request.salt;
        job.submitDeadline = request.submitDeadline;
        job.provider = request.provider;
        job.feeBasisPoints = terms.feeBasisPoints;
        job.token = request.token;
        job.exitBounty = terms.exitBounty;
        job.inputPrice = inputPrice;
        job.outputPrice = outputPrice;
        job.minimumCharge = terms.minimumCharge;
        job.maxTokens = Generation.maxTokens(request.generation);
        job.modelRoot = request.modelRoot;
        if (job.promptTokens == 0) revert EmptyPrompt();
        if (job.maxTokens == 0) revert NoTokensRequested();
        if (job.maxTokens > MAX_OUTPUT_TOKENS)
            revert TooManyTokensRequested(job.maxTokens, MAX_OUTPUT_TOKENS);
        if (uint256(job.promptTokens) + job.maxTokens > offer.contextLength)
            revert ContextExceeded(job.promptTokens, job.maxTokens, offer.contextLength);
        Generation.requireValid(request.generation);
    }

    /// @dev Fixes the job's id and notes it; `escrowed` is the client's to pay.
    function _open(
        Request calldata request,
        Job memory job,
        uint256 workPerPosition
    ) private returns (JobId id, uint256 escrowed) {
        (job.challengeWindow, job.stakeLock) = _windowAndLock(job, workPerPosition);
        escrowed =
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
    }

    function _validatedStopsHash(bytes calldata sequences, uint32 vocabulary) private pure returns (bytes32) {
        if (sequences.length == 0) return Commitments.NO_STOPS;
        Generation.requireValidSequences(sequences, vocabulary);
        return Commitments.stopsHash(sequences);
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

    function _requireSubmitted(
        Job calldata job,
        Output calldata output
    ) private view returns (JobId id, JobState state) {
        id = _idOf(job);
        state = _states[id];
        if (state.status() == JobStatus.None) revert UnknownJob(id);
        if (state.status() != JobStatus.Submitted) revert JobNotSubmitted(id, state);
        bytes32 outputRoot = Commitments.outputRoot(output.count, true, output.tokensRoot);
        if (!state.matchesOutputRoot(outputRoot)) revert OutputMismatch(id, outputRoot);
    }

    /// @dev The first second in which a result can be final; challenges are opened before it.
    function _windowEnd(Job calldata job, JobState state) private view returns (uint256) {
        return SequencerClock.effectiveStart(sequencerFeed, state.submittedAt()) + job.challengeWindow;
    }

    function _requireDisputeGame() private view {
        if (msg.sender != disputeGame) revert NotDisputeGame(msg.sender);
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
        uint256 returned = _settle(job, charge - fee, fee, job.exitBounty, bountyRecipient);
        emit JobFinalized(
            id,
            job.client,
            job.provider,
            charge - fee,
            fee,
            returned,
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
    ) private returns (uint256 returned) {
        uint256 escrowed = _chargeOf(job, job.maxTokens) + job.exitBounty;
        returned = escrowed - earned - fee - bounty;
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
}
