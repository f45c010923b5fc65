// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IDelegationPool} from "../../../contracts/interfaces/IDelegationPool.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {vm} from "../../support/Vm.sol";
import {World} from "./World.sol";

/// @notice The pool's manager and its delegators.
abstract contract Delegation is World {
    /// @dev An exit, with what its shares cost and what they were worth when it was asked for, ATH units.
    struct Leaving {
        address owner;
        uint256 cost;
        uint256 worth;
        uint256 losses;
        uint256 paid;
    }

    /// @dev Of 10^27 shares, ATH units.
    uint256 internal constant ONE = 1e27;
    uint256 private constant LEAST_PRICE = ONE / 1e6;
    uint256 private constant MOST_EXITS = 24;

    Leaving[] internal _leavings;
    /// @notice What a delegator's shares cost, ATH units: what it put in, and what it took over with shares from others.
    mapping(address delegator => uint256) public costOf;
    /// @notice ATH units that went in for shares, and that exits were paid.
    uint256 public principalIn;
    uint256 public principalOut;
    /// @notice Token units that the delegators claimed as earnings.
    mapping(address token => uint256) public claimedOf;
    /// @dev How often a part of a cost was rounded up, so that what stayed may lack a unit.
    uint256 private _roundings;
    uint256 private _contributed;
    /// @dev How often a slash reached what stands behind the shares.
    uint256 internal _losses;
    uint256 internal _lowestPrice = ONE;

    constructor() {
        for (uint256 i = 0; i < 2; ++i) _delegate(delegators[i], 8_000e18);
    }

    // -------------------------------------------------------------------------------------------- own part

    function contribute(uint256 amount) external {
        amount = _part(amount, _ath.balanceOf(MANAGER));
        if (amount == 0) return;
        _do(MANAGER, address(pool), abi.encodeCall(IDelegationPool.contribute, (amount)));
        _move(address(_ath), MANAGER, address(pool), amount);
        _contributed += amount;
        _count(msg.sig);
    }

    function withdrawOwn(uint256 amount) external {
        pool.upkeep();
        IDelegationPool.Book memory books = pool.book();
        uint256 required = pool.requiredOwn(books.backing);
        if (books.own <= required) return;
        _do(
            MANAGER,
            address(pool),
            abi.encodeCall(IDelegationPool.withdrawOwn, (bound(amount, 1, books.own - required)))
        );
        _count(msg.sig);
    }

    function setCommission(uint256 value) external {
        _do(
            MANAGER,
            address(pool),
            abi.encodeCall(IDelegationPool.setCommission, (uint16(bound(value, 0, 5_000))))
        );
        _count(msg.sig);
    }

    /// @notice An announced rise, when its notice is over; sometimes nothing happens until then.
    function applyCommission(uint256 dice) external {
        uint256 from = pool.commission().nextAt;
        if (from == 0 || (_now() < from && dice % 8 != 0)) return;
        if (_now() < from) vm.warp(from);
        pool.applyCommission();
        _count(msg.sig);
    }

    // ------------------------------------------------------------------------------------------ delegators

    function delegate(uint256 who, uint256 amount) external {
        address from = delegators[who % 2];
        pool.upkeep();
        IDelegationPool.Book memory books = pool.book();
        amount = _part(amount, _ath.balanceOf(from));
        if (amount == 0 || books.retiredAt != 0 || books.price < LEAST_PRICE) return;
        if (books.own < pool.requiredOwn(books.backing + amount)) return;
        _delegate(from, amount);
        _count(msg.sig);
    }

    function transferShares(uint256 who, uint256 amount) external {
        (address from, address to) = (delegators[who % 2], delegators[1 - (who % 2)]);
        amount = _part(amount, pool.balanceOf(from));
        if (amount == 0) return;
        uint256 cost = _ceilDiv(costOf[from] * amount, pool.balanceOf(from));
        _do(from, address(pool), abi.encodeCall(IERC20.transfer, (to, amount)));
        (costOf[from], costOf[to]) = (costOf[from] - cost, costOf[to] + cost);
        ++_roundings;
        _count(msg.sig);
    }

    function requestExit(uint256 who, uint256 amount) external {
        if (_leavings.length >= MOST_EXITS) return;
        address from = delegators[who % 2];
        amount = _part(amount, pool.balanceOf(from));
        if (amount != 0) _requestExit(from, amount);
    }

    function claimExit(uint256 which) external {
        if (_leavings.length != 0) _claimExit(which % _leavings.length);
    }

    // -------------------------------------------------------------------------------------------- earnings

    /// @notice Earnings from elsewhere, into the pool's account or to its own address.
    function giveToPool(uint256 amount, bool inAth, bool intoVault) external {
        address token = _token(inAth);
        amount = _part(amount, IERC20(token).balanceOf(STRANGER)) / 8;
        if (amount == 0 || (intoVault && !_vault.tokenState(token).accepted)) return;
        if (!intoVault) _do(STRANGER, token, abi.encodeCall(IERC20.transfer, (address(pool), amount)));
        else _do(STRANGER, address(_vault), abi.encodeCall(_vault.deposit, (token, amount, address(pool))));
        _move(token, STRANGER, address(pool), amount);
        _count(msg.sig);
    }

    function harvest(bool inAth) external {
        if (!_vault.tokenState(_token(inAth)).accepted) return;
        pool.harvest(_token(inAth));
        _count(msg.sig);
    }

    function claimEarnings(uint256 who, bool inAth) external {
        address owner = who % 3 == 0 ? MANAGER : delegators[who % 2];
        if (_claimEarnings(owner, _token(inAth))) _count(msg.sig);
    }

    // ---------------------------------------------------------------------------------------------- upkeep

    function upkeep() external {
        pool.upkeep();
        _count(msg.sig);
    }

    /// @notice Past the pool, as anybody can; sometimes nothing happens until then.
    function claimUnbondedOfPool(uint256 dice) external {
        IVault.Unbonding memory unbonding = _vault.unbondingOf(address(pool));
        if (unbonding.amount == 0 || (_now() < unbonding.releaseAt && dice % 4 != 0)) return;
        if (_now() < unbonding.releaseAt) vm.warp(unbonding.releaseAt);
        _do(STRANGER, address(_vault), abi.encodeCall(_vault.claimUnbonded, (address(pool))));
        _count(msg.sig);
    }

    /// @notice Rarely, for it is for good.
    function retire(uint256 dice) external {
        if (dice % 16 != 0 || pool.book().retiredAt != 0) return;
        _do(MANAGER, address(pool), abi.encodeCall(IDelegationPool.retire, ()));
        _count(msg.sig);
    }

    // ----------------------------------------------------------------------------------------------- views

    /// @notice The exits that were asked for.
    function leavings() external view returns (Leaving[] memory) {
        return _leavings;
    }

    /// @notice Token units that came in as earnings.
    function incomeOf(address token) public view returns (uint256 income) {
        income = _received[token][address(pool)];
        if (token == address(_ath)) income -= principalIn + _contributed;
    }

    // -------------------------------------------------------------------------------------------- internal

    /// @inheritdoc World
    function _observe() internal virtual override {
        uint256 price = pool.book().price;
        assertAtMost(price, _lowestPrice, "POOL-3: the price never rises");
        _lowestPrice = price;
    }

    function _delegate(address from, uint256 amount) private {
        bytes memory result = _do(
            from,
            address(pool),
            abi.encodeCall(IDelegationPool.delegate, (amount, from))
        );
        uint256 shares = abi.decode(result, (uint256));
        assertAtMost((shares * pool.book().price) / ONE, amount, "POOL-8: worth no more than given");
        _move(address(_ath), from, address(pool), amount);
        costOf[from] += amount;
        principalIn += amount;
    }

    function _requestExit(address from, uint256 amount) internal {
        uint256 cost = _ceilDiv(costOf[from] * amount, pool.balanceOf(from));
        pool.upkeep();
        uint256 worth = pool.worthOf(amount);
        bytes memory result = _do(from, address(pool), abi.encodeCall(IDelegationPool.requestExit, (amount)));
        assertEqual(abi.decode(result, (uint256)), _leavings.length, "POOL-9: exits are counted");
        costOf[from] -= cost;
        ++_roundings;
        _leavings.push(Leaving(from, cost, worth, _losses, 0));
        _count(this.requestExit.selector);
    }

    /// @dev INVARIANT: nobody gets more than its shares cost, nor than they were worth when it left; and no less, if nothing was slashed.
    function _claimExit(uint256 id) internal {
        pool.upkeep();
        IDelegationPool.Exit memory exit = pool.exitOf(id);
        if (exit.from >= exit.to || exit.from >= pool.book().served) return;
        bytes memory result = _do(STRANGER, address(pool), abi.encodeCall(IDelegationPool.claimExit, (id)));
        uint256 amount = abi.decode(result, (uint256));
        Leaving storage leaving = _leavings[id];
        _move(address(_ath), address(pool), leaving.owner, amount);
        leaving.paid += amount;
        principalOut += amount;
        assertAtMost(leaving.paid, leaving.worth, "POOL-9: worth when it was asked for");
        assertAtMost(leaving.worth, leaving.cost + _roundings, "POOL-8: what it cost");
        exit = pool.exitOf(id);
        if (exit.from == exit.to && leaving.losses == _losses) {
            assertAtMost(
                leaving.worth,
                leaving.paid + pool.roundCount(),
                "POOL-9: all of it, but for rounding"
            );
        }
        _count(this.claimExit.selector);
    }

    function _claimEarnings(address owner, address token) internal returns (bool) {
        uint256 amount = pool.earned(token, owner);
        if (amount == 0) return false;
        bytes memory result = _do(
            owner,
            address(pool),
            abi.encodeCall(IDelegationPool.claim, (token, owner))
        );
        assertEqual(abi.decode(result, (uint256)), amount, "POOL-5: what was earned is paid");
        _move(token, address(pool), owner, amount);
        if (owner != MANAGER) claimedOf[token] += amount;
        return true;
    }

    /// @dev A slash of the pool: INVARIANT: the own part bears it first, what leaves of it included, and the price falls only by the rest.
    function _bookPoolLoss(uint256 amount, IDelegationPool.Book memory before) internal {
        IDelegationPool.Book memory books = pool.book();
        uint256 own = uint256(before.own) + before.ownQueued + before.ownUnbonding;
        uint256 left = uint256(books.own) + books.ownQueued + books.ownUnbonding;
        uint256 reached = amount > own ? amount - own : 0;
        assertEqual(left, own - (amount - reached), "POOL-10: the own part comes first");
        assertEqual(books.backing, before.backing - reached, "POOL-10: and delegations for the rest");
        if (reached == 0)
            assertEqual(books.price, before.price, "POOL-10: the price falls for no other loss");
        else ++_losses;
    }
}
