// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IDelegationPool} from "../interfaces/IDelegationPool.sol";
import {PoolBase} from "./PoolBase.sol";

/// @title Whose the earnings of a delegation pool are
/// @notice All of it stays in the pool's vault account until it is claimed. A token's income is split when it is harvested; the delegators' part is released over a week,
/// so that whoever joins the day before a large payment has a day of it.
abstract contract PoolEarnings is PoolBase, ERC20 {
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant MAX_TOKENS = 8;
    /// @dev It is on revenue, of which GPUs cost about two thirds (docs/economics.md).
    uint256 private constant MAX_COMMISSION = 9_000;
    uint256 private constant RELEASE_PERIOD = 7 days;
    uint256 private constant PER_SHARE = 1e36;

    // -------------------------------------------------------------------------------------------- storage

    /// @param perShare That of the token up to which the account has `owed`.
    /// @param owed Token units.
    struct Accrual {
        uint256 perShare;
        uint256 owed;
    }

    address[] internal _tokens;
    mapping(address token => Stream) private _streams;
    mapping(address token => mapping(address account => Accrual)) private _accruals;
    Commission internal _commission;

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IDelegationPool
    function commission() external view returns (Commission memory) {
        return _commission;
    }

    /// @inheritdoc IDelegationPool
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IDelegationPool
    function streamOf(address token) external view returns (Stream memory) {
        return _streams[token];
    }

    /// @inheritdoc IDelegationPool
    function earned(address token, address account) external view returns (uint256 amount) {
        Stream memory stream = _streams[token];
        _advance(stream);
        Accrual memory accrual = _accruals[token][account];
        amount = accrual.owed + _accrued(stream, accrual, account);
        if (account == manager()) amount += stream.managers;
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev Starts to earn in a token that the vault takes. The list is for good and never long, so that no account has to go through many.
    function _list(address token) internal {
        for (uint256 i = 0; i < _tokens.length; ++i) if (_tokens[i] == token) return;
        // INVARIANT: what was earned can be claimed, whatever the vault takes today.
        if (!vault.tokenState(token).accepted && vault.accountOf(token, address(this)).available == 0)
            revert TokenNotAccepted(token);
        if (_tokens.length == MAX_TOKENS) revert TooManyTokens(MAX_TOKENS);
        _tokens.push(token);
    }

    /// @dev Splits what came in since the last time. Reads the vault alone: no token can make it fail.
    /// @param own ATH units of the own part.
    /// @param delegated ATH units that the shares are worth.
    function _harvestAll(uint256 own, uint256 delegated) internal {
        for (uint256 i = 0; i < _tokens.length; ++i) _harvest(_tokens[i], own, delegated);
    }

    /// @dev Gives ATH in the vault account, stake that has left, an owner.
    function _owe(address token, uint256 others, uint256 managers) internal {
        Stream storage stream = _streams[token];
        stream.booked += (others + managers).toUint112();
        stream.managers += managers.toUint112();
    }

    /// @dev Takes ATH of those who left out of the books.
    function _paid(address token, uint256 amount) internal {
        _streams[token].booked -= amount.toUint112();
    }

    /// @dev Takes what an account can claim out of the books.
    function _takeEarnings(address token, address account) internal returns (uint256 amount) {
        Stream memory stream = _streams[token];
        _advance(stream);
        Accrual storage accrual = _accruals[token][account];
        amount = accrual.owed + _accrued(stream, accrual, account);
        (accrual.owed, accrual.perShare) = (0, stream.perShare);
        if (account == manager()) {
            amount += stream.managers;
            stream.managers = 0;
        }
        if (amount == 0) revert NothingEarned(token, account);
        stream.booked -= amount.toUint112();
        _streams[token] = stream;
    }

    function _requireCommission(uint256 value) internal pure {
        if (value > MAX_COMMISSION) revert CommissionOutOfBounds(value, MAX_COMMISSION);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (to == address(this)) revert CannotReceiveShares(to);
        // INVARIANT: what was released before shares move is that of whoever held them.
        for (uint256 i = 0; i < _tokens.length; ++i) {
            address token = _tokens[i];
            Stream memory stream = _streams[token];
            _advance(stream);
            _streams[token] = stream;
            if (from != address(0)) _accrue(token, stream, from);
            if (to != address(0)) _accrue(token, stream, to);
        }
        super._update(from, to, value);
    }

    function _harvest(address token, uint256 own, uint256 delegated) private {
        Stream memory stream = _streams[token];
        // INVARIANT: booked <= available. What is not booked came in since the last time, from wherever.
        uint256 amount = vault.accountOf(token, address(this)).available - stream.booked;
        if (amount == 0) return;
        _advance(stream);
        uint256 delegators = 0;
        if (delegated != 0) {
            // Rounded down twice: the rest is the manager's.
            delegators = Math.mulDiv(amount, delegated, own + delegated);
            delegators = (delegators * (BASIS_POINTS - _commission.current)) / BASIS_POINTS;
        }
        stream.booked += amount.toUint112();
        stream.managers += (amount - delegators).toUint112();
        _release(stream, delegators);
        _streams[token] = stream;
        emit Harvested(token, amount, delegators, amount - delegators);
    }

    /// @dev Adds to what is released over time. INVARIANT: the end is the mean of both ends, weighted by amounts and rounded down, so that dust moves nothing, however
    /// often it comes, and nothing takes longer than a release period.
    function _release(Stream memory stream, uint256 amount) private view {
        if (amount == 0) return;
        uint256 left = stream.endsAt > block.timestamp ? stream.endsAt - block.timestamp : 0;
        uint256 total = stream.remaining + amount;
        uint256 duration = (stream.remaining * left + amount * RELEASE_PERIOD) / total;
        stream.remaining = total.toUint112();
        (stream.updatedAt, stream.endsAt) = (uint40(block.timestamp), uint40(block.timestamp + duration));
    }

    /// @dev Releases what is due until now.
    function _advance(Stream memory stream) private view {
        uint256 supply = totalSupply();
        uint256 due = stream.remaining;
        if (supply == 0) {
            // Nobody is left for whom it could be released, and whoever comes next did not earn it.
            stream.managers += uint112(due);
        } else if (due != 0) {
            if (block.timestamp < stream.endsAt) {
                due = (due * (block.timestamp - stream.updatedAt)) / (stream.endsAt - stream.updatedAt);
            }
            stream.perShare += Math.mulDiv(due, PER_SHARE, supply);
        }
        stream.remaining -= uint112(due);
        stream.updatedAt = uint40(block.timestamp);
    }

    function _accrue(address token, Stream memory stream, address account) private {
        Accrual memory accrual = _accruals[token][account];
        accrual.owed += _accrued(stream, accrual, account);
        accrual.perShare = stream.perShare;
        _accruals[token][account] = accrual;
    }

    /// @dev INVARIANT: rounded down, so that all accounts together claim no more than was released.
    function _accrued(
        Stream memory stream,
        Accrual memory accrual,
        address account
    ) private view returns (uint256) {
        return Math.mulDiv(balanceOf(account), stream.perShare - accrual.perShare, PER_SHARE);
    }
}
