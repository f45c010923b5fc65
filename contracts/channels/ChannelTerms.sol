// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IFeeDistributor} from "../interfaces/IFeeDistributor.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Worth} from "../libraries/Worth.sol";
import {Channel, ChannelState, ChannelStatus} from "../types/Channel.sol";

/// @title The governed terms of new channels, and what every part of the escrow reads
abstract contract ChannelTerms is IChannelEscrow, AccessManaged {
    using Worth for ICurrencies;

    // ------------------------------------------------------------------------------------------ constants

    /// @dev Separates channel ids from every other hash of the protocol.
    bytes32 private constant CHANNEL_TYPE_HASH = keccak256("Athanor.Channel");
    /// @dev Bytes of the terms in calldata: 12 words.
    uint256 internal constant CHANNEL_SIZE = 0x180;
    /// @dev The same with an acceptance: 4 words more.
    uint256 internal constant OPENING_SIZE = 0x200;
    uint256 internal constant MAX_RECEIPT_LIFE = 3 days;
    uint256 private constant MIN_RECEIPT_LIFE = 1 hours;
    uint256 private constant MIN_NOTICE = 1 hours;
    uint256 private constant MAX_NOTICE = 7 days;
    uint256 private constant MAX_LIFETIME = 365 days;
    uint256 private constant MAX_FEE_BASIS_POINTS = 2_000;
    uint256 private constant MIN_STAKE_PER_CHANNEL = 1e18;
    uint256 private constant MAX_STAKE_PER_CHANNEL = 1_000_000e18;
    /// @dev No single machine recomputes faster.
    uint256 private constant MAX_WORK_PER_SECOND = 1e13;
    /// @dev $10.
    uint64 private constant MAX_EXIT_BOUNTY_MICROCENTS = 1e9;

    IVault public immutable vault;
    IProviderRegistry public immutable providers;
    ICurrencies public immutable currencies;
    IFeeDistributor private immutable _feeDistributor;
    address internal immutable _sequencerFeed;

    // -------------------------------------------------------------------------------------------- storage

    mapping(bytes32 id => ChannelState) internal _channels;
    mapping(address token => TokenTerms) private _tokenTerms;
    Parameters private _parameters;
    /// @inheritdoc IChannelEscrow
    address public receiptResults;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        IVault vault_,
        IProviderRegistry providers_,
        ICurrencies currencies_,
        IFeeDistributor feeDistributor,
        address sequencerFeed,
        Parameters memory initial
    ) AccessManaged(authority) {
        vault = vault_;
        providers = providers_;
        currencies = currencies_;
        _feeDistributor = feeDistributor;
        _sequencerFeed = sequencerFeed;
        _setParameters(initial);
    }

    // ----------------------------------------------------------------------------------------------- fees

    /// @inheritdoc IChannelEscrow
    function collectFees(address token) external returns (IFeeDistributor distributor, uint256 amount) {
        distributor = _feeDistributor;
        // INVARIANT: deposits are escrowed; what is available was taken as a fee.
        amount = vault.accountOf(token, address(this)).available;
        if (amount == 0) return (distributor, amount);
        emit FeesCollected(token, amount);
        vault.withdraw(token, amount, address(distributor));
        distributor.distribute(token);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IChannelEscrow
    function setReceiptResults(address results) external restricted {
        // INVARIANT: whoever can hold stake back never changes.
        if (receiptResults != address(0)) revert ReceiptResultsAlreadySet(receiptResults);
        if (results.code.length == 0) revert ReceiptResultsWithoutCode(results);
        receiptResults = results;
        emit ReceiptResultsSet(results);
    }

    /// @inheritdoc IChannelEscrow
    function setParameters(Parameters calldata parameters_) external restricted {
        _setParameters(parameters_);
    }

    /// @inheritdoc IChannelEscrow
    function setTokenTerms(address token, TokenTerms calldata terms) external restricted {
        _requireBetween("feeBasisPoints", terms.feeBasisPoints, 0, MAX_FEE_BASIS_POINTS);
        // Without a price no channel opens any more, but a token can always be taken off.
        if (terms.accepted) {
            uint256 maximum = currencies.unitsWorth(token, MAX_EXIT_BOUNTY_MICROCENTS);
            _requireBetween("exitBounty", terms.exitBounty, 0, maximum);
        }
        _tokenTerms[token] = terms;
        emit TokenTermsSet(token, terms);
        // Deposits lie in this contract's own account, which it divides as a module.
        vault.approveModules(token, vault.moduleBit(address(this)));
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IChannelEscrow
    function channelIdOf(Channel calldata channel) external view returns (bytes32) {
        return _idOf(channel);
    }

    /// @inheritdoc IChannelEscrow
    function channelState(bytes32 id) external view returns (ChannelState memory) {
        return _channels[id];
    }

    /// @inheritdoc IChannelEscrow
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IChannelEscrow
    function tokenTermsOf(address token) external view returns (TokenTerms memory) {
        return _tokenTerms[token];
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev Hashes the terms as they stand in calldata, a word each: those with bits that their types lack name no channel.
    function _idOf(Channel calldata channel) internal view returns (bytes32 id) {
        bytes32 typeHash = CHANNEL_TYPE_HASH;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, typeHash)
            mstore(add(buffer, 0x20), chainid())
            mstore(add(buffer, 0x40), address())
            calldatacopy(add(buffer, 0x60), channel, CHANNEL_SIZE)
            id := keccak256(buffer, add(CHANNEL_SIZE, 0x60))
        }
    }

    /// @dev Reads a channel that exists.
    function _load(Channel calldata channel) internal view returns (bytes32 id, ChannelState memory state) {
        id = _idOf(channel);
        state = _channels[id];
        if (state.status == ChannelStatus.None) revert UnknownChannel(id);
    }

    /// @dev INVARIANT: a channel opens with the terms that both sides signed, and with none that governance changed meanwhile.
    function _requireCurrent(Channel calldata channel) internal view {
        TokenTerms storage terms = _tokenTerms[channel.token];
        Parameters storage current = _parameters;
        if (!terms.accepted) revert ChannelTokenNotAccepted(channel.token);
        _requireTerm("feeBasisPoints", channel.feeBasisPoints, terms.feeBasisPoints);
        _requireTerm("exitBounty", channel.exitBounty, terms.exitBounty);
        _requireTerm("notice", channel.notice, current.notice);
        _requireTerm("receiptLife", channel.receiptLife, current.receiptLife);
        _requireTerm("workPerSecond", channel.workPerSecond, current.workPerSecond);
        if (channel.stakeLock < current.stakePerChannel)
            revert TermDiffers("stakeLock", channel.stakeLock, current.stakePerChannel);
        uint256 earliest = block.timestamp + channel.notice;
        uint256 latest = block.timestamp + MAX_LIFETIME;
        if (channel.expiresAt < earliest || channel.expiresAt > latest)
            revert ExpiryOutOfBounds(channel.expiresAt, earliest, latest);
    }

    function _setParameters(Parameters memory next) private {
        _requireBetween("notice", next.notice, MIN_NOTICE, MAX_NOTICE);
        _requireBetween("receiptLife", next.receiptLife, MIN_RECEIPT_LIFE, MAX_RECEIPT_LIFE);
        _requireBetween(
            "stakePerChannel",
            next.stakePerChannel,
            MIN_STAKE_PER_CHANNEL,
            MAX_STAKE_PER_CHANNEL
        );
        _requireBetween("workPerSecond", next.workPerSecond, 1, MAX_WORK_PER_SECOND);
        _parameters = next;
        emit ParametersSet(next);
    }

    function _requireTerm(bytes32 term, uint256 found, uint256 expected) private pure {
        if (found != expected) revert TermDiffers(term, found, expected);
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
