// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IFeeDistributor} from "../interfaces/IFeeDistributor.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {IVaultModule} from "../interfaces/IVaultModule.sol";
import {OneWrite} from "../libraries/OneWrite.sol";
import {SequencerClock} from "../libraries/SequencerClock.sol";
import {Channel, ChannelState, ChannelStatus, Receipt, Voucher} from "../types/Channel.sol";
import {ChannelKeys} from "./ChannelKeys.sol";
import {ChannelTerms} from "./ChannelTerms.sol";

/// @title Channel escrow
/// @notice See `IChannelEscrow`, which is the specification, and docs/channels.md.
contract ChannelEscrow is ChannelKeys, Multicall {
    using OneWrite for ChannelState;

    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev After the stake could have been released without a conviction, before the release earns the bounty.
    uint256 private constant RELEASE_GRACE = 10 minutes;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        IVault vault_,
        IProviderRegistry providers_,
        ICurrencies currencies_,
        IFeeDistributor feeDistributor,
        address sequencerFeed,
        Parameters memory initial
    ) ChannelTerms(authority, vault_, providers_, currencies_, feeDistributor, sequencerFeed, initial) {}

    // ---------------------------------------------------------------------------------------------- money

    /// @inheritdoc IVaultModule
    /// @dev `data` is `abi.encode(channel)` to add to a channel, `abi.encode(opening)` to open one.
    function onEntrusted(
        address owner,
        address token,
        uint256 amount,
        bytes calldata data
    ) external returns (address provider, uint256 stakeLock) {
        if (msg.sender != address(vault)) revert NotVault(msg.sender);
        if (data.length != CHANNEL_SIZE && data.length != OPENING_SIZE) revert UnknownData(data.length);
        Opening calldata opening;
        assembly ("memory-safe") {
            opening := data.offset
        }
        Channel calldata channel = opening.channel;
        if (token != channel.token) revert TokenDiffers(token, channel.token);
        if (data.length == CHANNEL_SIZE) {
            _topUp(owner, amount, channel);
        } else {
            _open(owner, amount, channel, opening.accepted);
            (provider, stakeLock) = (channel.provider, channel.stakeLock);
        }
    }

    /// @inheritdoc IChannelEscrow
    function settle(Channel calldata channel, Voucher calldata voucher, bytes calldata signature) external {
        (bytes32 id, ChannelState memory state) = _requireVoucher(channel, voucher, signature);
        uint256 due = _note(channel, id, state, voucher, voucher.amount, 0);
        _pay(channel.token, channel.provider, due, Math.ceilDiv(due * channel.feeBasisPoints, BASIS_POINTS));
    }

    /// @inheritdoc IChannelEscrow
    function settleWithReceipt(
        Channel calldata channel,
        Voucher calldata voucher,
        bytes calldata signature,
        Receipt calldata receipt,
        bytes calldata receiptSignature
    ) external {
        (bytes32 id, ChannelState memory state) = _requireVoucher(channel, voucher, signature);
        // INVARIANT: beyond what the client acknowledged it pays one receipt, for the request that it asked with this very voucher, and no more than it allowed.
        bytes32 requestHash = keccak256(abi.encode(receipt.modelRoot, receipt.inputRoot));
        if (receipt.channel != id || receipt.nonce != voucher.nonce || requestHash != voucher.requestHash)
            revert ReceiptMismatch(receipt.channel, receipt.nonce, requestHash);
        // INVARIANT: what is paid can be presented.
        if (receipt.outputCount == 0) revert OutputLengthOutOfBounds(0, type(uint32).max);
        if (receipt.price > voucher.limit) revert ReceiptPriceAboveLimit(receipt.price, voucher.limit);
        bytes32 digest = receiptDigest(receipt);
        _requireProvider(channel.provider, digest, receiptSignature);
        // INVARIANT: who reads the receipt here has half its life to challenge it.
        uint256 earliest = block.timestamp + channel.receiptLife / 2;
        uint256 latest = block.timestamp + channel.receiptLife;
        if (receipt.expiry < earliest || receipt.expiry > latest)
            revert ReceiptOutOfTime(receipt.expiry, earliest, latest);

        uint256 due = _note(channel, id, state, voucher, uint256(voucher.amount) + receipt.price, digest);
        _pay(channel.token, channel.provider, due, Math.ceilDiv(due * channel.feeBasisPoints, BASIS_POINTS));
    }

    /// @inheritdoc IChannelEscrow
    function settleBatch(Claim[] calldata claims) external returns (uint256 settled) {
        address token;
        address provider;
        bool jailed;
        uint256 due;
        uint256 fee;
        for (uint256 i = 0; i < claims.length; ++i) {
            Channel calldata channel = claims[i].channel;
            Voucher calldata voucher = claims[i].voucher;
            if (channel.provider != provider || channel.token != token) {
                _pay(token, provider, due, fee);
                (token, provider, due, fee) = (channel.token, channel.provider, 0, 0);
                jailed = vault.isJailed(provider);
            }
            bytes32 id = _idOf(channel);
            ChannelState memory state = _channels[id];
            if (
                jailed ||
                state.status != ChannelStatus.Open ||
                block.timestamp > _closeOf(channel, state) ||
                voucher.amount <= state.paid ||
                voucher.amount > state.deposit - channel.exitBounty ||
                !_signedByClient(channel, id, state, voucherDigest(id, voucher), claims[i].signature)
            ) continue;
            uint256 part = _note(channel, id, state, voucher, voucher.amount, 0);
            due += part;
            fee += Math.ceilDiv(part * channel.feeBasisPoints, BASIS_POINTS);
            ++settled;
        }
        _pay(token, provider, due, fee);
    }

    /// @inheritdoc IChannelEscrow
    function close(Channel calldata channel) external {
        (bytes32 id, ChannelState memory state) = _requireOpen(channel);
        _requireProviderCalls(channel.provider);
        _close(channel, id, state);
    }

    /// @inheritdoc IChannelEscrow
    function startClosing(Channel calldata channel) external {
        (bytes32 id, ChannelState memory state) = _requireOpen(channel);
        if (msg.sender != channel.client) revert NotClient(msg.sender, channel.client);
        uint40 closesAt = uint40(block.timestamp) + channel.notice;
        // INVARIANT: the end of settlement only comes nearer, and never by less than a notice.
        if (closesAt >= state.closesAt) revert ClosingAlready(state.closesAt);
        _channels[id].closesAt = closesAt;
        emit ChannelClosing(id, closesAt);
    }

    /// @inheritdoc IChannelEscrow
    function finish(Channel calldata channel) external {
        (bytes32 id, ChannelState memory state) = _requireOpen(channel);
        uint256 closesAt = _closeOf(channel, state);
        if (block.timestamp <= closesAt && !vault.isJailed(channel.provider))
            revert SettlementOpen(closesAt, block.timestamp);
        _close(channel, id, state);
    }

    /// @inheritdoc IChannelEscrow
    function release(Channel calldata channel, address bountyRecipient) external {
        (bytes32 id, ChannelState memory state) = _load(channel);
        if (state.status == ChannelStatus.Released) revert WrongStatus(id, uint8(state.status));
        // INVARIANT: the stake is there until the last receipt that could have been signed is beyond challenge.
        uint256 closesAt = _closeOf(channel, state);
        uint256 until = SequencerClock.effectiveStart(_sequencerFeed, closesAt) + channel.receiptLife;
        bool jailed = vault.isJailed(channel.provider);
        if (!jailed && block.timestamp <= until) revert ReceiptsAlive(until, block.timestamp);
        if (!jailed && state.liveChallenges != 0) revert ChallengesAlive(id, state.liveChallenges);
        if (state.status == ChannelStatus.Open) _close(channel, id, state);
        _channels[id].status = ChannelStatus.Released;
        // A client whose provider was convicted pays nobody for what it can do at once.
        if (jailed && block.timestamp <= until + RELEASE_GRACE) bountyRecipient = channel.client;
        emit ChannelReleased(id, channel.provider, channel.exitBounty, bountyRecipient);
        vault.settle(
            IVault.Settlement({
                payer: address(this),
                token: channel.token,
                escrowed: channel.exitBounty,
                provider: channel.provider,
                earned: 0,
                fee: 0,
                bountyRecipient: bountyRecipient,
                bounty: channel.exitBounty,
                stakeLock: channel.stakeLock
            })
        );
    }

    // ----------------------------------------------------------------------------------------- challenges

    /// @inheritdoc IChannelEscrow
    function challengeOpened(bytes32 id) external {
        _requireResults();
        ChannelState storage channel = _channels[id];
        // INVARIANT: while a challenge is alive the stake is locked, and the provider stays registered.
        if (channel.status == ChannelStatus.Released) revert WrongStatus(id, uint8(channel.status));
        if (channel.liveChallenges == type(uint16).max) revert TooManyChallenges(id);
        channel.liveChallenges += 1;
    }

    /// @inheritdoc IChannelEscrow
    function challengeClosed(bytes32 id) external {
        _requireResults();
        _channels[id].liveChallenges -= 1;
    }

    // ------------------------------------------------------------------------------------------- internal

    function _requireResults() private view {
        if (msg.sender != receiptResults) revert NotReceiptResults(msg.sender);
    }

    function _open(
        address owner,
        uint256 amount,
        Channel calldata channel,
        Acceptance calldata accepted
    ) private {
        if (owner != channel.client) revert NotClient(owner, channel.client);
        if (channel.voucherKey == address(0)) revert InvalidKey(channel.voucherKey);
        _requireCurrent(channel);
        if (providers.operatorOf(channel.provider) == address(0)) revert UnknownProvider(channel.provider);
        uint256 minimum = Math.max(accepted.minimumDeposit, uint256(channel.exitBounty) + 1);
        if (amount < minimum) revert DepositTooSmall(amount, minimum);
        if (block.timestamp > accepted.validUntil)
            revert AcceptanceExpired(accepted.validUntil, block.timestamp);
        bytes32 id = _idOf(channel);
        // INVARIANT: an id names one channel for ever; its status never returns to None.
        if (_channels[id].status != ChannelStatus.None) revert ChannelExists(id);
        // INVARIANT: nobody binds a provider's stake without its signature of these terms.
        _requireAcceptance(channel.provider, id, accepted);
        _channels[id].store(
            ChannelState({
                deposit: _asDeposit(amount),
                paid: 0,
                closesAt: channel.expiresAt,
                liveChallenges: 0,
                status: ChannelStatus.Open,
                keyRotated: false
            })
        );
        emit ChannelOpened(id, owner, channel.provider, channel, amount);
    }

    function _topUp(address payer, uint256 amount, Channel calldata channel) private {
        (bytes32 id, ChannelState memory state) = _requireSettling(channel);
        uint88 deposit = _asDeposit(uint256(state.deposit) + amount);
        _channels[id].deposit = deposit;
        emit ChannelToppedUp(id, payer, deposit);
    }

    /// @dev INVARIANT: what the channel pays in all is what the highest of its vouchers promises, once; an older one promises less.
    function _note(
        Channel calldata channel,
        bytes32 id,
        ChannelState memory state,
        Voucher calldata voucher,
        uint256 total,
        bytes32 lastReceipt
    ) private returns (uint256 due) {
        if (total <= state.paid) revert VoucherOutdated(total, state.paid);
        uint256 spendable = state.deposit - channel.exitBounty;
        if (total > spendable) revert Overspent(total, spendable);
        due = total - state.paid;
        _channels[id].paid = uint88(total);
        emit ChannelSettled(
            id,
            channel.provider,
            total,
            voucher.nonce,
            voucher.receiptCount,
            voucher.receiptsRoot,
            lastReceipt
        );
    }

    /// @dev Pays the provider `due` less the fee.
    function _pay(address token, address provider, uint256 due, uint256 fee) private {
        if (due == 0) return;
        _settlePart(token, provider, due, due - fee, fee, address(0), 0);
    }

    /// @dev INVARIANT: the rest of the deposit is the client's, and the exit bounty stays until the stake is released.
    function _close(Channel calldata channel, bytes32 id, ChannelState memory state) private {
        uint256 refund = uint256(state.deposit) - state.paid - channel.exitBounty;
        state.closesAt = uint40(Math.min(block.timestamp, _closeOf(channel, state)));
        state.status = ChannelStatus.Closed;
        _channels[id].store(state);
        emit ChannelClosed(id, channel.client, channel.provider, refund);
        if (refund != 0) _settlePart(channel.token, channel.provider, refund, 0, 0, channel.client, refund);
    }

    function _settlePart(
        address token,
        address provider,
        uint256 escrowed,
        uint256 earned,
        uint256 fee,
        address recipient,
        uint256 returned
    ) private {
        vault.settlePart(
            IVault.Settlement({
                payer: address(this),
                token: token,
                escrowed: escrowed,
                provider: provider,
                earned: earned,
                fee: fee,
                bountyRecipient: recipient,
                bounty: returned,
                stakeLock: 0
            })
        );
    }

    function _requireVoucher(
        Channel calldata channel,
        Voucher calldata voucher,
        bytes calldata signature
    ) private view returns (bytes32 id, ChannelState memory state) {
        (id, state) = _requireSettling(channel);
        bytes32 digest = voucherDigest(id, voucher);
        if (!_signedByClient(channel, id, state, digest, signature)) revert InvalidSigner(digest);
    }

    function _requireSettling(
        Channel calldata channel
    ) private view returns (bytes32 id, ChannelState memory state) {
        (id, state) = _requireOpen(channel);
        uint256 closesAt = _closeOf(channel, state);
        if (block.timestamp > closesAt) revert SettlementOver(closesAt, block.timestamp);
    }

    function _requireOpen(
        Channel calldata channel
    ) private view returns (bytes32 id, ChannelState memory state) {
        (id, state) = _load(channel);
        if (state.status != ChannelStatus.Open) revert WrongStatus(id, uint8(state.status));
    }

    /// @dev The last second in which vouchers settle. An outage does not shorten a notice.
    function _closeOf(Channel calldata channel, ChannelState memory state) private view returns (uint256) {
        if (state.status != ChannelStatus.Open) return state.closesAt;
        return
            SequencerClock.effectiveStart(_sequencerFeed, uint256(state.closesAt) - channel.notice) +
            channel.notice;
    }

    function _asDeposit(uint256 amount) private pure returns (uint88) {
        if (amount > type(uint88).max) revert DepositTooLarge(amount, type(uint88).max);
        return uint88(amount);
    }
}
