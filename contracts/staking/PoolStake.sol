// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IDelegationPool} from "../interfaces/IDelegationPool.sol";
import {IVault} from "../interfaces/IVault.sol";
import {PoolBase} from "./PoolBase.sol";

/// @title Whose the stake of a delegation pool is
/// @notice Losses, the line of exits, and the rounds in which it leaves.
abstract contract PoolStake is PoolBase {
    using Checkpoints for Checkpoints.Trace208;
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    /// @dev Of own part and delegations together, in basis points.
    uint256 private constant MIN_OWN_PART = 1_000;
    /// @dev A slash pays out at most half of the fraud deposit: a quarter of the own part. Nobody who sends its own pool to a conviction gets back what it loses.
    uint256 private constant DEPOSITS_COVERED = 2;
    uint256 private constant PATIENCE = 30 days;
    /// @dev Jobs, channels that are closed, and disputes about either: docs/staking.md adds them up.
    uint256 private constant LONGEST_WORK = 60 days;
    uint256 internal constant CHANNEL_NOTICE = 7 days;
    uint256 private constant ROUNDS_PER_CLAIM = 16;

    // -------------------------------------------------------------------------------------------- storage

    Book internal _book;
    Round[] private _rounds;
    Exit[] private _exits;
    /// @dev Seconds since 1970 → shares requested until then.
    Checkpoints.Trace208 private _requests;

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IDelegationPool
    function book() external view returns (Book memory books) {
        (books, , ) = _withLosses();
    }

    /// @inheritdoc IDelegationPool
    function requiredOwn(uint256 backing) public view returns (uint256) {
        if (backing == 0) return 0;
        // What a conviction can take: the deposit of the registration, or the least of the one to come.
        uint256 deposit =
            _isRegistered() ? _providers.fraudDepositOf(address(this)) : _providers.fraudDeposit();
        uint256 part = Math.ceilDiv(backing * MIN_OWN_PART, BASIS_POINTS - MIN_OWN_PART);
        return Math.max(part, deposit * DEPOSITS_COVERED);
    }

    /// @inheritdoc IDelegationPool
    function exitOf(uint256 id) external view returns (Exit memory) {
        return _exitOf(id);
    }

    /// @inheritdoc IDelegationPool
    function exitCount() external view returns (uint256) {
        return _exits.length;
    }

    /// @inheritdoc IDelegationPool
    function roundAt(uint256 index) external view returns (Round memory) {
        return _rounds[index];
    }

    /// @inheritdoc IDelegationPool
    function roundCount() external view returns (uint256) {
        return _rounds.length;
    }

    /// @inheritdoc IDelegationPool
    function patience() public view returns (uint256) {
        return PATIENCE + _period();
    }

    /// @inheritdoc IDelegationPool
    function longestExit() public view returns (uint256) {
        return patience() + CHANNEL_NOTICE + LONGEST_WORK + 2 * _period();
    }

    // ------------------------------------------------------------------------------------------- internal

    function _shareCount() internal view virtual returns (uint256);

    /// @dev Gives ATH in the pool's vault account an owner: those who left, and the manager.
    function _onLeft(uint256 delegated, uint256 own) internal virtual;

    /// @dev The books after what was slashed since they were written.
    function _withLosses() internal view returns (Book memory books, uint256 own, uint256 delegated) {
        books = _book;
        uint256 slashed = vault.slashedOf(address(this));
        uint256 loss = slashed - books.slashed;
        if (loss == 0) return (books, 0, 0);
        books.slashed = slashed.toUint112();

        // INVARIANT: the own part bears every loss first, what leaves of it included.
        uint256 part = Math.min(loss, books.own);
        books.own -= uint96(part);
        own = part;
        part = Math.min(loss - own, books.ownQueued);
        books.ownQueued -= uint96(part);
        own += part;
        part = Math.min(loss - own, books.ownUnbonding);
        books.ownUnbonding -= uint96(part);
        own += part;

        delegated = loss - own;
        if (delegated == 0) return (books, own, 0);
        books.backing -= uint96(delegated);
        uint256 shares = _shareCount() + books.requested - books.served;
        // INVARIANT: the price only falls, and all shares together are worth no more than what stands behind them.
        uint256 price = shares == 0 ? 0 : Math.mulDiv(books.backing, ONE, shares);
        if (price < books.price) books.price = uint96(price);
    }

    /// @dev Books losses, and a round that is over.
    function _readVault() internal returns (Book memory books) {
        uint256 own;
        uint256 delegated;
        (books, own, delegated) = _withLosses();
        if (own + delegated != 0) emit LossBooked(own, delegated, books.price);
        if (!books.roundOpen) return books;
        IVault.Unbonding memory unbonding = vault.unbondingOf(address(this));
        if (unbonding.amount != 0) {
            if (block.timestamp < unbonding.releaseAt) return books;
            vault.claimUnbonded(address(this));
        }
        _endRound(books);
    }

    /// @dev All that unbonded lies in the vault account, whoever claimed it.
    function _endRound(Book memory books) private {
        uint256 principal = uint256(books.own) + books.ownQueued + books.ownUnbonding + books.backing;
        // INVARIANT: stake goes to slashes and to the account, nowhere else; the slashes are booked, so the difference was claimed.
        uint256 claimed = principal - vault.stakeOf(address(this)).staked;
        uint256 delegated = Math.mulDiv(books.begun - books.served, books.price, ONE);
        uint256 own = books.ownUnbonding;
        (books.roundOpen, books.served, books.ownUnbonding) = (false, books.begun, 0);
        books.backing -= uint96(delegated);
        _sweep(books);
        _rounds.push(Round(books.served, books.price));
        emit RoundEnded(books.served, books.price, own);
        _onLeft(delegated, own);
        // A slash took from the stake what those who left have lost, too.
        if (claimed > delegated + own) vault.stake(claimed - delegated - own);
    }

    /// @dev Gives the own part what rounding left behind shares that are all gone.
    function _sweep(Book memory books) private view {
        if (_shareCount() != 0 || books.requested != books.served) return;
        books.own += books.backing;
        books.backing = 0;
    }

    /// @dev Unbonds what is asked for and free, delegators first. One round at a time: a further `unbond` would hold the earlier one back.
    function _beginRound(Book memory books) internal {
        if (books.roundOpen) return;
        uint256 pending = books.requested - books.begun;
        if (pending == 0 && books.ownQueued == 0) return;
        IVault.Stake memory stake = vault.stakeOf(address(this));
        uint256 free = stake.staked - stake.locked;
        uint256 shares = pending;
        uint256 amount = Math.mulDiv(shares, books.price, ONE);
        uint256 own = 0;
        if (amount > free) {
            shares = Math.mulDiv(free, ONE, books.price);
            amount = Math.mulDiv(shares, books.price, ONE);
        } else {
            own = Math.min(books.ownQueued, free - amount);
        }
        if (amount + own == 0) {
            // Shares that are worth nothing have not to wait for it.
            if (pending != 0 && shares == pending) {
                (books.begun, books.served) = (books.requested, books.requested);
                _sweep(books);
                _rounds.push(Round(books.served, 0));
                emit RoundEnded(books.served, 0, 0);
            }
            return;
        }
        (books.roundOpen, books.roundLength) = (true, vault.unbondingPeriod());
        books.begun += uint128(shares);
        books.ownQueued -= uint96(own);
        books.ownUnbonding = uint96(own);
        emit RoundBegun(books.begun, amount, own);
        vault.unbond(amount + own);
    }

    /// @dev Puts shares, already burned, into the line.
    function _enqueue(Book memory books, address owner, uint256 shares) internal returns (uint256 id) {
        uint128 from = books.requested;
        books.requested = (from + shares).toUint128();
        _requests.push(uint48(block.timestamp), books.requested);
        id = _exits.length;
        _exits.push(Exit(owner, from, books.requested));
        emit ExitRequested(id, owner, shares);
    }

    /// @dev Takes what has left of an exit off it.
    function _takeExit(uint256 id, uint128 served) internal returns (address owner, uint256 amount) {
        Exit memory exit = _exitOf(id);
        uint128 until = uint128(Math.min(exit.to, served));
        if (exit.from >= until) revert NothingToPay(id);
        uint256 index = _roundOf(exit.from);
        for (uint256 i = 0; i < ROUNDS_PER_CLAIM && exit.from < until; ++i) {
            Round memory round = _rounds[index + i];
            uint128 to = uint128(Math.min(exit.to, round.end));
            // INVARIANT: rounded down, so that those of a round get no more than the round did.
            amount += Math.mulDiv(to - exit.from, round.price, ONE);
            exit.from = to;
        }
        owner = exit.owner;
        _exits[id].from = exit.from;
        emit ExitPaid(id, owner, amount, exit.from);
    }

    /// @dev Whether everything that was requested longer than `patience` ago has begun to leave.
    function _requirePatienceOver(Book memory books) internal view {
        uint256 since = block.timestamp - patience();
        if (_requests.upperLookupRecent(uint48(since)) <= books.begun) revert RetirementNotDue(since);
    }

    /// @dev Whether nothing of the stake can be slashed any more, nor ever locked.
    function _isFreeOfDuties(Book memory books) internal view returns (bool) {
        return books.retiredAt != 0 && vault.stakeOf(address(this)).locked == 0 && !_isRegistered();
    }

    function _isRegistered() private view returns (bool) {
        return _providers.operatorOf(address(this)) != address(0);
    }

    /// @dev The round in which a share of the line left: the first one that ends behind it.
    function _roundOf(uint256 position) private view returns (uint256 low) {
        uint256 high = _rounds.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_rounds[middle].end > position) high = middle;
            else low = middle + 1;
        }
    }

    function _exitOf(uint256 id) private view returns (Exit memory) {
        if (id >= _exits.length) revert UnknownExit(id);
        return _exits[id];
    }

    /// @dev Governance may have made the period shorter than the round under way takes.
    function _period() private view returns (uint256) {
        return Math.max(vault.unbondingPeriod(), _book.roundLength);
    }
}
