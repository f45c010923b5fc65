// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {IReceiptResults} from "../interfaces/IReceiptResults.sol";
import {IResultSource} from "../interfaces/IResultSource.sol";
import {IResultSources} from "../interfaces/IResultSources.sol";
import {Job, JobId} from "../types/Job.sol";
import {JobState, JobStatus} from "../types/JobState.sol";

/// @title Sources of results
/// @notice See `IResultSources`, which is the specification.
contract ResultSources is IResultSources, AccessManaged, EIP712 {
    /* solhint-disable gas-small-strings */
    bytes32 private constant DELEGATION_TYPE_HASH = keccak256(
        "ChallengeDelegation(bytes32 work,address delegate,uint40 expiry)"
    );
    /* solhint-enable gas-small-strings */

    IJobEscrow public immutable jobs;
    IResultSource public immutable receipts;

    /// @inheritdoc IResultSources
    address public disputeGame;

    /// @inheritdoc IResultSources
    mapping(address client => mapping(bytes32 work => mapping(address delegate => uint40)))
        public delegatedUntil;

    constructor(
        address authority,
        IJobEscrow jobs_,
        IResultSource receipts_
    ) AccessManaged(authority) EIP712("Athanor Disputes", "1") {
        jobs = jobs_;
        receipts = receipts_;
    }

    /// @inheritdoc IResultSources
    function challengeOpened(
        Job calldata job,
        IJobEscrow.Output calldata output,
        address challenger
    ) external returns (JobId id) {
        _requireDisputeGame();
        IResultSource source;
        (source, id) = _sourceOf(job);
        source.challengeOpened(job, output);
        // INVARIANT: nobody buys a private prompt with a bond, the provider's sock puppets included.
        if (job.isPrivate()) {
            bytes32 work =
                address(source) == address(jobs)
                    ? JobId.unwrap(id)
                    : IReceiptResults(address(receipts)).channelOfResult(id);
            requireChallenger(job.client, work, challenger);
        }
    }

    /// @inheritdoc IResultSources
    function challengeClosed(JobId id) external {
        _requireDisputeGame();
        (_isJob(id) ? IResultSource(address(jobs)) : receipts).challengeClosed(id);
    }

    /// @inheritdoc IResultSources
    function delegateChallenge(
        address client,
        bytes32 work,
        address delegate,
        uint40 expiry,
        bytes calldata signature
    ) external {
        if (block.timestamp > expiry) revert DelegationExpired(expiry, block.timestamp);
        if (msg.sender != client) {
            bytes32 digest = delegationDigest(work, delegate, expiry);
            // A key's own signature counts whatever code is at its address; a contract is asked where there is none.
            (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
            if (
                (signer == address(0) || signer != client) &&
                (client.code.length == 0 ||
                    !SignatureChecker.isValidERC1271SignatureNowCalldata(client, digest, signature))
            ) revert InvalidDelegation(client, digest);
        }
        if (expiry <= delegatedUntil[client][work][delegate]) return;
        delegatedUntil[client][work][delegate] = expiry;
        emit ChallengeDelegated(client, work, delegate, expiry);
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

    /// @inheritdoc IResultSources
    function jobState(JobId id) external view returns (JobState state) {
        state = jobs.jobState(id);
        if (state.status() == JobStatus.None) state = receipts.jobState(id);
    }

    /// @inheritdoc IResultSources
    function jobIdOf(Job calldata job) external view returns (JobId id) {
        (, id) = _sourceOf(job);
    }

    /// @inheritdoc IResultSources
    function delegationDigest(bytes32 work, address delegate, uint40 expiry) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(DELEGATION_TYPE_HASH, work, delegate, expiry)));
    }

    /// @inheritdoc IResultSources
    function requireChallenger(address client, bytes32 work, address challenger) public view {
        if (challenger == client) return;
        uint40 expiry = delegatedUntil[client][work][challenger];
        if (expiry == 0) revert NotClientOrDelegate(challenger, client, work);
        if (block.timestamp > expiry) revert DelegationExpired(expiry, block.timestamp);
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
