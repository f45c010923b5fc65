// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {SequencerClock} from "../libraries/SequencerClock.sol";
import {Channel, ChannelState, ChannelStatus, Receipt, Voucher} from "../types/Channel.sol";
import {ChannelTerms} from "./ChannelTerms.sol";

/// @title Who signs for a channel
abstract contract ChannelKeys is ChannelTerms, EIP712 {
    // ------------------------------------------------------------------------------------------ constants

    /* solhint-disable gas-small-strings */
    bytes32 private constant VOUCHER_TYPE_HASH = keccak256(
        "Voucher(bytes32 channel,uint64 nonce,bytes32 requestHash,uint96 amount,uint96 limit,uint32 receiptCount,bytes32 receiptsRoot)"
    );
    bytes32 private constant RECEIPT_TYPE_HASH = keccak256(
        "Receipt(bytes32 channel,uint64 nonce,bytes32 modelRoot,bytes32 inputRoot,bytes32 outputTokensRoot,uint32 outputCount,bool complete,uint96 price,uint40 expiry)"
    );
    bytes32 private constant ACCEPTANCE_TYPE_HASH = keccak256(
        "Acceptance(bytes32 channel,uint96 minimumDeposit,uint40 validUntil)"
    );
    /* solhint-enable gas-small-strings */

    // -------------------------------------------------------------------------------------------- storage

    /// @param key In use.
    /// @param previousUntil Last second in which the previous one counts.
    struct VoucherKeys {
        address key;
        uint40 previousUntil;
        address previous;
    }

    mapping(bytes32 id => VoucherKeys) private _voucherKeys;
    mapping(address provider => mapping(address key => uint40)) private _receiptKeys;

    // ---------------------------------------------------------------------------------------- construction

    constructor() EIP712("Athanor Channels", "1") {}

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IChannelEscrow
    function rotateVoucherKey(Channel calldata channel, address key) external {
        (bytes32 id, ChannelState memory state) = _load(channel);
        if (msg.sender != channel.client) revert NotClient(msg.sender, channel.client);
        if (state.status != ChannelStatus.Open) revert WrongStatus(id, uint8(state.status));
        VoucherKeys memory keys = _keysOf(channel, id, state);
        // INVARIANT: at most two keys count, and what was promised with the other one can be settled for as long as a notice.
        uint256 until = _previousUntil(channel, keys);
        if (block.timestamp <= until) revert RotationUnderWay(until);
        if (key == address(0) || key == keys.key) revert InvalidKey(key);
        uint40 previousUntil = uint40(block.timestamp) + channel.notice;
        _voucherKeys[id] = VoucherKeys(key, previousUntil, keys.key);
        _channels[id].keyRotated = true;
        emit VoucherKeyRotated(id, key, keys.key, previousUntil);
    }

    /// @inheritdoc IChannelEscrow
    function addReceiptKey(address key) external {
        // INVARIANT: a key that was removed never comes back.
        if (key == address(0) || _receiptKeys[msg.sender][key] != 0) revert InvalidKey(key);
        _setReceiptKey(key, type(uint40).max);
    }

    /// @inheritdoc IChannelEscrow
    function removeReceiptKey(address key) external {
        if (_receiptKeys[msg.sender][key] != type(uint40).max) revert InvalidKey(key);
        _setReceiptKey(key, uint40(block.timestamp + MAX_RECEIPT_LIFE));
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IChannelEscrow
    function voucherDigest(bytes32 id, Voucher calldata voucher) public view returns (bytes32) {
        bytes32 typeHash = VOUCHER_TYPE_HASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, typeHash)
            mstore(add(buffer, 0x20), id)
            calldatacopy(add(buffer, 0x40), voucher, 0xc0)
            structHash := keccak256(buffer, 0x100)
        }
        return _hashTypedDataV4(structHash);
    }

    /// @inheritdoc IChannelEscrow
    function receiptDigest(Receipt calldata receipt) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(RECEIPT_TYPE_HASH, receipt)));
    }

    /// @inheritdoc IChannelEscrow
    function acceptanceDigest(
        bytes32 id,
        uint96 minimumDeposit,
        uint40 validUntil
    ) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ACCEPTANCE_TYPE_HASH, id, minimumDeposit, validUntil)));
    }

    /// @inheritdoc IChannelEscrow
    function receiptKeyUntil(address provider, address key) external view returns (uint40) {
        uint40 until = _receiptKeys[provider][key];
        if (until == 0 || until == type(uint40).max) return until;
        // An outage does not shorten the time in which a provider answers for the key.
        uint256 removedAt = until - MAX_RECEIPT_LIFE;
        return uint40(SequencerClock.effectiveStart(_sequencerFeed, removedAt) + MAX_RECEIPT_LIFE);
    }

    /// @inheritdoc IChannelEscrow
    function voucherKeysOf(Channel calldata channel) external view returns (address, address, uint40) {
        (bytes32 id, ChannelState memory state) = _load(channel);
        VoucherKeys memory keys = _keysOf(channel, id, state);
        return (keys.key, keys.previous, uint40(_previousUntil(channel, keys)));
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev Whether the client stands for a digest. A key's own signature counts whatever code is at its address: no client makes a signature that it gave
    /// invalid by giving its key code. A contract is asked (ERC-1271) where there is none.
    function _signedByClient(
        Channel calldata channel,
        bytes32 id,
        ChannelState memory state,
        bytes32 digest,
        bytes calldata signature
    ) internal view returns (bool) {
        (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (!state.keyRotated && signer != address(0) && signer == channel.voucherKey) return true;
        VoucherKeys memory keys = _keysOf(channel, id, state);
        bool previous = block.timestamp <= _previousUntil(channel, keys);
        if (signer != address(0) && (signer == keys.key || (previous && signer == keys.previous)))
            return true;
        if (
            keys.key.code.length != 0 &&
            SignatureChecker.isValidERC1271SignatureNowCalldata(keys.key, digest, signature)
        ) return true;
        return
            previous &&
            keys.previous.code.length != 0 &&
            SignatureChecker.isValidERC1271SignatureNowCalldata(keys.previous, digest, signature);
    }

    function _requireAcceptance(address provider, bytes32 id, Acceptance calldata accepted) internal view {
        bytes32 digest = acceptanceDigest(id, accepted.minimumDeposit, accepted.validUntil);
        (address signer, , ) = ECDSA.tryRecover(digest, accepted.r, accepted.vs);
        _requireKey(provider, digest, signer);
    }

    function _requireProvider(address provider, bytes32 digest, bytes calldata signature) internal view {
        (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        _requireKey(provider, digest, signer);
    }

    function _requireProviderCalls(address provider) internal view {
        if (msg.sender != provider && _receiptKeys[provider][msg.sender] != type(uint40).max)
            revert NotProvider(msg.sender, provider);
    }

    function _keysOf(
        Channel calldata channel,
        bytes32 id,
        ChannelState memory state
    ) private view returns (VoucherKeys memory) {
        if (state.keyRotated) return _voucherKeys[id];
        return VoucherKeys(channel.voucherKey, 0, address(0));
    }

    /// @dev The last second in which the previous key counts. An outage does not shorten the notice.
    function _previousUntil(
        Channel calldata channel,
        VoucherKeys memory keys
    ) private view returns (uint256) {
        if (keys.previousUntil == 0) return 0;
        return
            SequencerClock.effectiveStart(_sequencerFeed, keys.previousUntil - channel.notice) +
            channel.notice;
    }

    /// @dev INVARIANT: only plain keys stand for a provider: nobody takes such a signature back. One that was removed accepts and earns nothing.
    function _requireKey(address provider, bytes32 digest, address signer) private view {
        if (signer == address(0) || _receiptKeys[provider][signer] != type(uint40).max)
            revert InvalidSigner(digest);
    }

    function _setReceiptKey(address key, uint40 validUntil) private {
        _receiptKeys[msg.sender][key] = validUntil;
        emit ReceiptKeySet(msg.sender, key, validUntil);
    }
}
