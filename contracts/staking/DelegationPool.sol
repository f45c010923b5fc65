// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {IDelegationPool} from "../interfaces/IDelegationPool.sol";
import {IDelegationPools} from "../interfaces/IDelegationPools.sol";
import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Channel} from "../types/Channel.sol";
import {PoolBase} from "./PoolBase.sol";
import {PoolEarnings} from "./PoolEarnings.sol";
import {PoolStake} from "./PoolStake.sol";

/// @title Delegation pool
/// @notice See `IDelegationPool`, which is the specification.
contract DelegationPool is PoolStake, PoolEarnings, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    // ------------------------------------------------------------------------------------------ constants

    /// @dev Below a millionth of what a share cost at first, amounts of shares would grow out of proportion.
    uint256 private constant MIN_PRICE = ONE / 1e6;

    IChannelEscrow private immutable _channels;

    // ---------------------------------------------------------------------------------------- construction

    /// @dev The implementation of all pools, made by their factory; no pool itself.
    constructor(
        IVault vault_,
        IProviderRegistry providers_,
        IChannelEscrow channels_
    ) PoolBase(vault_, providers_) ERC20("", "") {
        _channels = channels_;
    }

    /// @inheritdoc IDelegationPool
    function initialise(uint16 commission_) external {
        if (msg.sender != _factory) revert NotFactory(msg.sender);
        _setCommission(commission_);
        _book.price = uint96(ONE);
        _list(_ath);
        vault.approveStakeModules(IDelegationPools(_factory).stakeModules());
        IERC20(_ath).forceApprove(address(vault), type(uint256).max);
    }

    // ------------------------------------------------------------------------------------------- own part

    /// @inheritdoc IDelegationPool
    function contribute(uint256 amount) external nonReentrant {
        Book memory books = _begin();
        books.own = (books.own + amount).toUint96();
        emit Contributed(msg.sender, amount);
        _stake(amount);
        _end(books);
    }

    /// @inheritdoc IDelegationPool
    function withdrawOwn(uint256 amount) external nonReentrant {
        _requireManager();
        if (amount == 0) revert ZeroAmount();
        Book memory books = _begin();
        uint256 required = _isFreeOfDuties(books) ? 0 : requiredOwn(books.backing);
        // INVARIANT: while anything is delegated, the own part covers it.
        if (books.own < amount + required) revert OwnPartTooSmall(books.own, amount + required);
        books.own -= uint96(amount);
        books.ownQueued += uint96(amount);
        emit OwnExitRequested(amount);
        _end(books);
    }

    // ---------------------------------------------------------------------------------------- delegators

    /// @inheritdoc IDelegationPool
    function delegate(uint256 amount, address receiver) external returns (uint256) {
        return _delegate(amount, receiver);
    }

    /// @inheritdoc IDelegationPool
    function delegateWithPermit(
        uint256 amount,
        address receiver,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256) {
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(_ath).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        return _delegate(amount, receiver);
    }

    /// @inheritdoc IDelegationPool
    function requestExit(uint256 shares) external nonReentrant returns (uint256 id) {
        if (shares == 0) revert ZeroAmount();
        Book memory books = _begin();
        _burn(msg.sender, shares);
        id = _enqueue(books, msg.sender, shares);
        _end(books);
    }

    /// @inheritdoc IDelegationPool
    function claimExit(uint256 id) external nonReentrant returns (uint256 amount) {
        Book memory books = _begin();
        address owner;
        (owner, amount) = _takeExit(id, books.served);
        _paid(_ath, amount);
        _end(books);
        if (amount != 0) vault.withdraw(_ath, amount, owner);
    }

    // ------------------------------------------------------------------------------------------- earnings

    /// @inheritdoc IDelegationPool
    function harvest(address token) external nonReentrant {
        _list(token);
        uint256 balance = IERC20(token).balanceOf(address(this));
        if (balance != 0 && vault.tokenState(token).accepted) {
            if (token != _ath) IERC20(token).forceApprove(address(vault), balance);
            vault.deposit(token, balance, address(this));
        }
        _end(_begin());
    }

    /// @inheritdoc IDelegationPool
    function claim(address token, address recipient) external nonReentrant returns (uint256 amount) {
        amount = _takeEarnings(token, msg.sender);
        emit Claimed(token, msg.sender, recipient, amount);
        vault.withdraw(token, amount, recipient);
    }

    /// @inheritdoc IDelegationPool
    function setCommission(uint16 commission_) external nonReentrant {
        _requireManager();
        _requireCommission(commission_);
        if (commission_ > _commission.current) {
            // INVARIANT: whoever does not agree is out before the rise.
            uint40 from = uint40(block.timestamp + longestExit());
            (_commission.next, _commission.nextAt) = (commission_, from);
            emit CommissionAnnounced(commission_, from);
        } else {
            Book memory books = _begin();
            _setCommission(commission_);
            _end(books);
        }
    }

    /// @inheritdoc IDelegationPool
    function applyCommission() external nonReentrant {
        Commission memory announced = _commission;
        if (announced.nextAt == 0 || block.timestamp < announced.nextAt) revert NoRiseDue(announced.nextAt);
        // INVARIANT: what came in before is split as it was before.
        Book memory books = _begin();
        _setCommission(announced.next);
        _end(books);
    }

    // ---------------------------------------------------------------------------------------- the provider

    /// @inheritdoc IDelegationPool
    /// @dev Why the manager may call every function of these contracts as the pool:
    /// the provider registry's move stake between free and locked, where it stays the pool's, and set what the provider offers; nothing of it takes stake,
    /// and what a conviction takes, the own part has twice. The channel escrow's functions for providers are receipt keys and `close`, which
    /// gives up unsettled earnings, as a provider can by not settling. Those for clients need a channel whose client is the pool, and only the vault's `entrust` opens
    /// one; the vault is not among the targets. The quality court's are appeals and reinstatement: a lost appeal costs a bounded part of a penalty, of the own part first. Governed functions refuse the pool. See docs/staking.md.
    function execute(
        address target,
        bytes calldata data
    ) external nonReentrant returns (bytes memory result) {
        _requireManager();
        // INVARIANT: the manager reaches no contract that could move the pool's stake or earnings.
        if (!IDelegationPools(_factory).isTarget(target)) revert TargetNotAllowed(target);
        Book memory books = _begin();
        if (books.retiredAt != 0) revert PoolRetired(books.retiredAt);
        emit Executed(target, data);
        uint256 deposit = _providers.fraudDepositOf(address(this));
        result = Address.functionCall(target, data);
        // INVARIANT: what a conviction takes, the own part has twice. Other hardware, or a return after a penalty, can take more.
        if (_providers.fraudDepositOf(address(this)) > deposit) _requireOwn(books);
        _end(books);
    }

    /// @inheritdoc IDelegationPool
    function setResting(bool resting) external nonReentrant {
        _requireManager();
        Book memory books = _begin();
        books.resting = resting;
        _end(books);
    }

    /// @inheritdoc IDelegationPool
    function claimCoin(address payable recipient) external nonReentrant {
        _requireManager();
        IDisputeGame(_providers.disputeGame()).withdraw(recipient);
    }

    // --------------------------------------------------------------------------------------------- upkeep

    /// @inheritdoc IDelegationPool
    function upkeep() external nonReentrant {
        _end(_begin());
    }

    /// @inheritdoc IDelegationPool
    function retire() external nonReentrant {
        uint40 retiredAt = _book.retiredAt;
        if (retiredAt != 0) revert PoolRetired(retiredAt);
        Book memory books = _begin();
        // A conviction has retired it by now.
        if (books.retiredAt == 0) {
            if (msg.sender != manager()) {
                _beginRound(books);
                _requirePatienceOver(books);
            }
            _retire(books);
        }
        _end(books);
    }

    /// @inheritdoc IDelegationPool
    function removeOffer(bytes32 modelRoot, address token) external nonReentrant {
        _requireRetired();
        _providers.removeOffer(modelRoot, token);
    }

    /// @inheritdoc IDelegationPool
    function closeChannel(Channel calldata channel) external nonReentrant {
        uint256 from = _requireRetired() + CHANNEL_NOTICE;
        // INVARIANT: there is time to settle what clients owe.
        if (block.timestamp < from) revert NoticeNotOver(from);
        _channels.close(channel);
    }

    /// @inheritdoc IDelegationPool
    function deregister() external nonReentrant {
        Book memory books = _begin();
        if (books.retiredAt == 0) revert PoolNotRetired();
        _providers.deregister();
        _end(books);
    }

    // ---------------------------------------------------------------------------------------------- views

    function name() public view override returns (string memory) {
        return string.concat("Athanor delegation to ", label());
    }

    function symbol() public view override returns (string memory) {
        return string.concat("ATH-", label());
    }

    /// @inheritdoc IDelegationPool
    function worthOf(uint256 shares) external view returns (uint256) {
        (Book memory books, , ) = _withLosses();
        return Math.mulDiv(shares, books.price, ONE);
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev Everything starts here: the books follow the vault, and income is split between those who held the pool when it came in.
    function _begin() private returns (Book memory books) {
        books = _readVault();
        if (books.retiredAt == 0 && vault.isJailed(address(this))) _retire(books);
        _harvestAll(books.own, Math.mulDiv(totalSupply(), books.price, ONE));
    }

    /// @dev And ends here.
    function _end(Book memory books) private {
        _beginRound(books);
        // INVARIANT: a pool whose own part does not cover its delegations takes no new work.
        bool resting = books.retiredAt != 0 || books.resting || books.own < requiredOwn(books.backing);
        _book = books;
        if (vault.stakeOf(address(this)).resting != resting) vault.setResting(resting);
    }

    function _delegate(uint256 amount, address receiver) private nonReentrant returns (uint256 shares) {
        Book memory books = _begin();
        if (books.retiredAt != 0) revert PoolRetired(books.retiredAt);
        if (books.price < MIN_PRICE) revert PoolSpent(books.price, MIN_PRICE);
        // INVARIANT: rounded down: nobody gets shares worth more than what it gives.
        shares = Math.mulDiv(amount, ONE, books.price);
        books.backing = (books.backing + amount).toUint96();
        _requireOwn(books);
        _mint(receiver, shares);
        emit Delegated(msg.sender, receiver, amount, shares);
        _stake(amount);
        _end(books);
    }

    function _requireOwn(Book memory books) private view {
        uint256 required = requiredOwn(books.backing);
        if (books.own < required) revert OwnPartTooSmall(books.own, required);
    }

    /// @dev Takes ATH of the caller and stakes it.
    function _stake(uint256 amount) private {
        if (amount == 0) revert ZeroAmount();
        IERC20(_ath).safeTransferFrom(msg.sender, address(this), amount);
        vault.deposit(_ath, amount, address(this));
        vault.stake(amount);
    }

    function _setCommission(uint16 commission_) private {
        _requireCommission(commission_);
        _commission = Commission(commission_, 0, 0);
        emit CommissionSet(commission_);
    }

    function _retire(Book memory books) private {
        books.retiredAt = uint40(block.timestamp);
        emit Retired(msg.sender);
    }

    function _requireRetired() private view returns (uint256 retiredAt) {
        retiredAt = _book.retiredAt;
        if (retiredAt == 0) revert PoolNotRetired();
    }

    function _shareCount() internal view override returns (uint256) {
        return totalSupply();
    }

    function _onLeft(uint256 delegated, uint256 own) internal override {
        _owe(_ath, delegated, own);
    }
}
