// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDelegationPool} from "../../contracts/interfaces/IDelegationPool.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Vault} from "../../contracts/staking/Vault.sol";
import {AthToken} from "../../contracts/token/AthToken.sol";
import {Assert} from "../support/Assert.sol";
import {System} from "../support/System.sol";
import {vm} from "../support/Vm.sol";

/// @notice A pool whose manager, three delegators, clients and the dispute game do anything in any order: what the books say is what the vault has,
/// nobody takes out more than was put in for it, and in the end everybody is out.
contract DelegationPoolTest is Assert {
    System private system;
    IDelegationPool private pool;
    Vault private vault;
    AthToken private ath;
    address private registry;

    uint256 private constant ONE = 1e27;
    address private constant MANAGER = address(0x3a4a6e4);
    address[3] private delegators = [address(0xd1), address(0xd2), address(0xd3)];

    /// @dev ATH units: what came in as stake, what came in as earnings, what was slashed.
    uint256 private contributed;
    uint256 private earnings;
    uint256 private slashed;
    uint256 private lowestPrice = ONE;

    function setUp() public {
        system = new System(address(this));
        (vault, ath, registry) = (system.vault(), system.ath(), address(system.providers()));
        // `create` would use a prank up that a getter comes before.
        address factory = address(system.pools());
        vm.prank(MANAGER);
        (, bytes memory made) = factory.call(
            abi.encodeWithSignature("create(string,uint16)", "hearth", 1_234)
        );
        pool = IDelegationPool(abi.decode(made, (address)));
        _equip(MANAGER);
        for (uint256 i = 0; i < 3; ++i) _equip(delegators[i]);
        _contribute(2_000e18);
        ath.approve(address(vault), type(uint256).max);
    }

    /// @dev POOL-1 to POOL-7 of test/invariants/PROPERTIES.md.
    function testFuzz_anyCoursePreservesTheBooksAndEndsWithEverybodyOut(uint256[24] calldata dice) public {
        for (uint256 i = 0; i < dice.length; ++i) {
            _act(dice[i]);
            _check();
        }
        _leaveAll();
    }

    function testFuzz_sharesAreWorthNoMoreThanWhatWasGiven(uint96 loss, uint96 amount, uint96 before) public {
        _delegate(delegators[0], bound(before, 1, 18_000e18));
        uint256 staked = vault.stakeOf(address(pool)).staked;
        _penalise(bound(loss, 1, staked - 1));
        _contribute(3_000e18);
        uint256 price = pool.book().price;
        if (price < ONE / 1e6) return;
        uint256 given = bound(amount, 1, 1_000e18);
        uint256 shares = _delegate(delegators[1], given);
        uint256 worth = pool.worthOf(shares);
        assertAtMost(worth, given, "worth no more than given");
        assertAtMost(given - worth, 1, "and a unit less at the most");
        assertEqual(pool.book().price, price, "joining leaves the price");
    }

    function testFuzz_oneClaimIsWorthNoLessThanMany(uint96 amount, uint32[4] calldata times) public {
        _delegate(delegators[0], 1_000e18);
        _delegate(delegators[1], 1_000e18);
        _earn(bound(amount, 1, 1e24));
        pool.harvest(address(ath));
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(vm.getBlockTimestamp() + bound(times[i], 1, 2 days));
            _claim(delegators[0]);
        }
        vm.warp(vm.getBlockTimestamp() + 7 days);
        _claim(delegators[0]);
        _claim(delegators[1]);
        uint256 many = ath.balanceOf(delegators[0]);
        uint256 once = ath.balanceOf(delegators[1]);
        assertAtMost(many, once, "claiming often gains nothing");
        assertAtMost(once - many, times.length + 1, "and loses what rounding takes");
    }

    // ------------------------------------------------------------------------------------------- actions

    function _act(uint256 dice) private {
        uint256 action = dice % 13;
        address who = delegators[(dice >> 8) % 3];
        uint256 amount = uint256(uint96(dice >> 16));
        // Dust as often as money.
        amount = dice & (1 << 255) == 0 ? amount % 3_000e18 : amount % 100;
        if (action < 3) {
            uint256 room = pool.book().own * 9;
            uint256 backing = pool.book().backing;
            if (pool.book().retiredAt != 0 || pool.book().price < ONE / 1e6) return;
            if (pool.book().own < 1_000e18 || backing >= room) return;
            _delegate(who, 1 + (amount % (room - backing)));
        } else if (action == 3) {
            _contribute(1 + amount);
        } else if (action == 4) {
            uint256 required = pool.requiredOwn(pool.book().backing);
            uint256 own = pool.book().own;
            if (own <= required) return;
            vm.prank(MANAGER);
            pool.withdrawOwn(1 + (amount % (own - required)));
        } else if (action == 5 || action == 6) {
            uint256 shares = pool.balanceOf(who);
            if (shares == 0) return;
            vm.prank(who);
            pool.requestExit(1 + (amount % shares));
        } else if (action == 7) {
            uint256 shares = pool.balanceOf(who);
            vm.prank(who);
            pool.transfer(delegators[(dice >> 128) % 3], amount % (shares + 1));
        } else if (action == 8) {
            _earn(1 + amount);
        } else if (action == 9) {
            _claim(who);
        } else if (action == 10) {
            IVault.Stake memory stake = vault.stakeOf(address(pool));
            uint256 free = stake.staked - stake.locked;
            if (free == 0) return;
            // Sometimes so much that it reaches the delegators.
            _penalise(1 + (((dice >> 129) % 4 == 0 ? amount * 3 : amount) % free));
        } else if (action == 11) {
            vm.warp(vm.getBlockTimestamp() + (amount % 16 days));
            IVault.Unbonding memory unbonding = vault.unbondingOf(address(pool));
            // Past the pool, as anybody can.
            if (
                unbonding.amount != 0 &&
                vm.getBlockTimestamp() >= unbonding.releaseAt &&
                dice & (1 << 254) != 0
            ) vault.claimUnbonded(address(pool));
        } else {
            uint256 count = pool.exitCount();
            if (count != 0) _tryClaimExit((dice >> 128) % count);
        }
    }

    function _delegate(address who, uint256 amount) private returns (uint256 shares) {
        ath.transfer(who, amount);
        contributed += amount;
        vm.prank(who);
        shares = pool.delegate(amount, who);
    }

    function _contribute(uint256 amount) private {
        ath.transfer(MANAGER, amount);
        contributed += amount;
        vm.prank(MANAGER);
        pool.contribute(amount);
    }

    function _earn(uint256 amount) private {
        vault.deposit(address(ath), amount, address(pool));
        earnings += amount;
    }

    function _penalise(uint256 amount) private {
        vm.startPrank(registry);
        vault.lockStake(address(pool), amount);
        vault.penalise(address(pool), amount, amount / 2);
        vm.stopPrank();
        slashed += amount;
    }

    function _claim(address who) private {
        if (pool.earned(address(ath), who) == 0) return;
        vm.prank(who);
        pool.claim(address(ath), who);
    }

    function _tryClaimExit(uint256 id) private {
        IDelegationPool.Exit memory exit = pool.exitOf(id);
        pool.upkeep();
        if (exit.from >= pool.book().served || exit.from == exit.to) return;
        pool.claimExit(id);
    }

    // ------------------------------------------------------------------------------------------ properties

    function _check() private {
        pool.upkeep();
        // Releases what is due, and does nothing else.
        pool.transfer(MANAGER, 0);
        IDelegationPool.Book memory books = pool.book();
        uint256 held = vault.stakeOf(address(pool)).staked + vault.unbondingOf(address(pool)).amount;
        uint256 booked = uint256(books.own) + books.ownQueued + books.ownUnbonding + books.backing;
        assertEqual(booked, held, "POOL-1: the books are what the vault holds");
        uint256 shares = pool.totalSupply() + books.requested - books.served;
        assertAtMost((shares * books.price) / ONE, books.backing, "POOL-2: all shares are covered");
        assertAtMost(books.price, lowestPrice, "POOL-3: the price only falls");
        lowestPrice = books.price;
        IDelegationPool.Stream memory stream = pool.streamOf(address(ath));
        uint256 available = vault.accountOf(address(ath), address(pool)).available;
        assertEqual(available, stream.booked, "POOL-4: every unit in the account has an owner");
        uint256 owed = pool.earned(address(ath), MANAGER) + stream.remaining;
        for (uint256 i = 0; i < 3; ++i) owed += pool.earned(address(ath), delegators[i]);
        assertAtMost(owed, available, "POOL-5: no more is owed than there is");
        assertTrue(
            vault.stakeOf(address(pool)).resting == (books.own < pool.requiredOwn(books.backing)),
            "POOL-6: it rests exactly while the own part does not cover"
        );
    }

    /// @dev Everybody leaves; what came in, less what was slashed, is what went out and what rounding left.
    function _leaveAll() private {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 shares = pool.balanceOf(delegators[i]);
            if (shares == 0) continue;
            vm.prank(delegators[i]);
            pool.requestExit(shares);
        }
        vm.prank(MANAGER);
        pool.retire();
        for (uint256 i = 0; i < 3; ++i) {
            vm.warp(vm.getBlockTimestamp() + 14 days);
            pool.upkeep();
            uint256 own = pool.book().own;
            if (own != 0) {
                vm.prank(MANAGER);
                pool.withdrawOwn(own);
            }
        }
        vm.warp(vm.getBlockTimestamp() + 14 days);
        pool.upkeep();
        for (uint256 id = 0; id < pool.exitCount(); ++id) {
            while (pool.exitOf(id).from < pool.exitOf(id).to) pool.claimExit(id);
        }
        for (uint256 i = 0; i < 3; ++i) _claim(delegators[i]);
        _claim(MANAGER);
        IDelegationPool.Book memory books = pool.book();
        assertEqual(vault.stakeOf(address(pool)).staked, 0, "nothing is staked");
        assertEqual(vault.unbondingOf(address(pool)).amount, 0, "nothing unbonds");
        assertEqual(books.begun, books.requested, "everybody is out");
        uint256 out = ath.balanceOf(MANAGER);
        for (uint256 i = 0; i < 3; ++i) out += ath.balanceOf(delegators[i]);
        uint256 left = vault.accountOf(address(ath), address(pool)).available;
        assertEqual(out + left, contributed + earnings - slashed, "no unit appears or disappears");
        assertAtMost(left, 1_000, "rounding leaves next to nothing");
    }

    function _equip(address account) private {
        vm.prank(account);
        ath.approve(address(pool), type(uint256).max);
    }
}
