// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IAskedEvidence} from "../interfaces/IAskedEvidence.sol";
import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {ICheckers} from "../interfaces/ICheckers.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {Channel, ChannelStatus, Receipt} from "../types/Channel.sol";
import {Job} from "../types/Job.sol";

/// @title Evidence that a checker asked a provider
/// @notice See `IAskedEvidence`, which is the specification.
contract AskedEvidence is IAskedEvidence {
    // ------------------------------------------------------------------------------------------ constants

    uint8 private constant CHANNEL = 1;
    uint8 private constant JOB = 2;
    uint8 private constant EXAM = 3;
    /// @dev As many as a report can be asked to show; bounds the search for their salts.
    uint256 private constant MAX_REQUESTS = 64;
    bytes32 private constant EXAM_TYPE = keccak256("Athanor.HardwareExam");

    /// @dev Of an epoch: seconds since 1970, without `end`.
    struct Span {
        uint256 start;
        uint256 end;
    }

    ICheckers public immutable checkers;
    IChannelEscrow public immutable channels;
    IJobEscrow public immutable jobs;

    constructor(ICheckers checkers_, IChannelEscrow channels_, IJobEscrow jobs_) {
        checkers = checkers_;
        channels = channels_;
        jobs = jobs_;
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAskedEvidence
    function examIdOf(
        address checker,
        uint32 epoch,
        address provider,
        bytes32 blinding
    ) public view returns (bytes32) {
        return
            keccak256(
                abi.encode(EXAM_TYPE, block.chainid, address(this), checker, epoch, provider, blinding)
            );
    }

    /// @inheritdoc IAskedEvidence
    function countOf(
        uint32 epoch,
        address checker,
        address provider,
        bool examined,
        bytes calldata evidence
    ) external view returns (uint256 proven) {
        uint8 kind = uint8(bytes1(evidence[:1]));
        bytes calldata content = evidence[1:];
        if (kind == CHANNEL) return _countReceipts(epoch, checker, provider, content);
        if (kind == JOB) return _countJobs(epoch, checker, provider, content);
        return kind == EXAM && examined ? _countExam(epoch, checker, provider, content) : 0;
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev Receipts expire `receiptLife` after they were signed.
    function _countReceipts(
        uint32 epoch,
        address checker,
        address provider,
        bytes calldata content
    ) private view returns (uint256) {
        (bytes32 blinding, Channel memory channel, Receipt[] memory receipts, bytes[] memory signatures) = abi
            .decode(content, (bytes32, Channel, Receipt[], bytes[]));
        bytes32 id = channels.channelIdOf(channel);
        if (
            channel.provider != provider ||
            channel.salt != _saltOf(abi.encode(checker, epoch, blinding)) ||
            channels.channelState(id).status == ChannelStatus.None
        ) return 0;
        return _countSigned(_spanOf(epoch), provider, id, channel.receiptLife, receipts, signatures);
    }

    /// @dev All of the jobs, or none.
    function _countJobs(
        uint32 epoch,
        address checker,
        address provider,
        bytes calldata content
    ) private view returns (uint256) {
        (bytes32 blinding, Job[] memory answered) = abi.decode(content, (bytes32, Job[]));
        Span memory span = _spanOf(epoch);
        uint256 next;
        for (uint256 i = 0; i < answered.length; ++i) {
            Job memory job = answered[i];
            // INVARIANT: each index counts once. Those that are passed over were not answered.
            uint256 index = next;
            while (index < MAX_REQUESTS && job.salt != _saltOf(abi.encode(checker, epoch, blinding, index)))
                ++index;
            next = index + 1;
            if (
                index == MAX_REQUESTS ||
                job.provider != provider ||
                !_isWithin(span, jobs.jobState(jobs.jobIdOf(job)).submittedAt())
            ) return 0;
        }
        return answered.length;
    }

    /// @dev Receipts of exams expire in the second in which they were signed.
    function _countExam(
        uint32 epoch,
        address checker,
        address provider,
        bytes calldata content
    ) private view returns (uint256) {
        (bytes32 blinding, Receipt[] memory receipts, bytes[] memory signatures) = abi.decode(
            content,
            (bytes32, Receipt[], bytes[])
        );
        bytes32 id = examIdOf(checker, epoch, provider, blinding);
        return _countSigned(_spanOf(epoch), provider, id, 0, receipts, signatures);
    }

    /// @dev All of the receipts, or none: signed in the span, by keys that counted then, whatever became of them since.
    /// @param id Of the channel or exam.
    /// @param life Seconds from a receipt's signing to its expiry.
    function _countSigned(
        Span memory span,
        address provider,
        bytes32 id,
        uint256 life,
        Receipt[] memory receipts,
        bytes[] memory signatures
    ) private view returns (uint256) {
        if (receipts.length > MAX_REQUESTS || receipts.length != signatures.length) return 0;
        uint256 lastNonce;
        for (uint256 i = 0; i < receipts.length; ++i) {
            Receipt memory receipt = receipts[i];
            // INVARIANT: a nonce counts once, and says nothing about those before it: clients may skip nonces.
            if (receipt.channel != id || receipt.nonce <= lastNonce || receipt.expiry < life) return 0;
            lastNonce = receipt.nonce;
            uint256 signedAt = receipt.expiry - life;
            (address signer, , ) = ECDSA.tryRecover(channels.receiptDigest(receipt), signatures[i]);
            if (
                signer == address(0) ||
                channels.receiptKeyUntil(provider, signer) < signedAt ||
                !_isWithin(span, signedAt)
            ) return 0;
        }
        return receipts.length;
    }

    function _spanOf(uint32 epoch) private view returns (Span memory) {
        return Span(checkers.startOf(epoch), checkers.startOf(epoch + 1));
    }

    function _isWithin(Span memory span, uint256 timestamp) private pure returns (bool) {
        return timestamp >= span.start && timestamp < span.end;
    }

    /// @dev INVARIANT: a salt names its checker and its epoch, so that nothing is shown by two, or twice.
    function _saltOf(bytes memory named) private pure returns (uint64) {
        return uint64(uint256(keccak256(named)));
    }
}
