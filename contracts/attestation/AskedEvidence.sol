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
    bytes32 private constant EXAM_TYPE = keccak256("Athanor.HardwareExam");

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
    function isEvidence(
        uint32 epoch,
        address checker,
        address provider,
        bool examined,
        bytes calldata evidence
    ) external view returns (bool) {
        uint8 kind = uint8(bytes1(evidence[:1]));
        bytes calldata content = evidence[1:];
        if (kind == CHANNEL) return _isReceipt(epoch, checker, provider, content);
        if (kind == JOB) return _isJob(epoch, checker, provider, content);
        return kind == EXAM && examined && _isExam(epoch, checker, provider, content);
    }

    // ------------------------------------------------------------------------------------------- internal

    function _isReceipt(
        uint32 epoch,
        address checker,
        address provider,
        bytes calldata content
    ) private view returns (bool) {
        (bytes32 blinding, Channel memory channel, Receipt memory receipt, bytes memory signature) = abi
            .decode(content, (bytes32, Channel, Receipt, bytes));
        bytes32 id = channels.channelIdOf(channel);
        return
            channel.provider == provider &&
            channel.salt == _saltOf(checker, blinding) &&
            receipt.channel == id &&
            channels.channelState(id).status != ChannelStatus.None &&
            receipt.expiry >= channel.receiptLife &&
            _isSigned(epoch, provider, receipt, receipt.expiry - channel.receiptLife, signature);
    }

    function _isJob(
        uint32 epoch,
        address checker,
        address provider,
        bytes calldata content
    ) private view returns (bool) {
        (bytes32 blinding, Job memory job) = abi.decode(content, (bytes32, Job));
        uint256 submittedAt = jobs.jobState(jobs.jobIdOf(job)).submittedAt();
        return
            job.provider == provider &&
            job.salt == _saltOf(checker, blinding) &&
            _isWithin(epoch, submittedAt);
    }

    function _isExam(
        uint32 epoch,
        address checker,
        address provider,
        bytes calldata content
    ) private view returns (bool) {
        (bytes32 blinding, Receipt memory receipt, bytes memory signature) = abi.decode(
            content,
            (bytes32, Receipt, bytes)
        );
        return
            receipt.channel == examIdOf(checker, epoch, provider, blinding) &&
            _isSigned(epoch, provider, receipt, receipt.expiry, signature);
    }

    /// @dev Signed in the epoch, by a key that counted then, whatever became of it since.
    function _isSigned(
        uint32 epoch,
        address provider,
        Receipt memory receipt,
        uint256 signedAt,
        bytes memory signature
    ) private view returns (bool) {
        (address signer, , ) = ECDSA.tryRecover(channels.receiptDigest(receipt), signature);
        return
            signer != address(0) &&
            channels.receiptKeyUntil(provider, signer) >= signedAt &&
            _isWithin(epoch, signedAt);
    }

    function _isWithin(uint32 epoch, uint256 timestamp) private view returns (bool) {
        return timestamp >= checkers.startOf(epoch) && timestamp < checkers.startOf(epoch + 1);
    }

    function _saltOf(address checker, bytes32 blinding) private pure returns (uint64) {
        return uint64(uint256(keccak256(abi.encode(checker, blinding))));
    }
}
