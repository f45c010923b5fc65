// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {ProviderRegistry} from "../../contracts/registry/ProviderRegistry.sol";
import {Vault} from "../../contracts/staking/Vault.sol";
import {Assert} from "../support/Assert.sol";
import {gpus} from "../support/Hardware.sol";
import {System} from "../support/System.sol";
import {vm} from "../support/Vm.sol";

/// @notice The same unit of stake never backs two things: whatever a provider, its clients and governance do, in whatever order, the lock is the
/// sum of hardware, fraud deposit and open work, it is within the stake, and what would not fit is refused.
contract ProviderRegistryTest is Assert {
    address private constant OWNER = address(0x0577e6);

    System private system;
    Vault private vault;
    ProviderRegistry private providers;

    // The second book.
    bool private registered;
    uint256 private staked;
    uint256 private reserved;
    uint256 private deposit;
    uint256 private throughput;
    uint32[2] private counts;
    uint256[] private work;
    uint256 private workLocked;
    // Today's requirements.
    uint256 private depositToday = 500e18;
    uint256 private shareToday = 2_500;
    uint256[2] private stakes = [uint256(100e18), 250e18];
    uint256[2] private speeds = [uint256(1e9), 3e9];

    function setUp() public {
        system = new System(address(this));
        (vault, providers) = (system.vault(), system.providers());
        system.ath().approve(address(vault), type(uint256).max);
        vault.deposit(address(system.ath()), 1e27, OWNER);
        vm.startPrank(OWNER);
        vault.stake(1_500e18);
        vault.approveStakeModules(system.REGISTRY_BIT() | system.ESCROW_BIT());
        vault.approveModules(address(system.ath()), system.ESCROW_BIT());
        vm.stopPrank();
        staked = 1_500e18;
    }

    function testFuzz_hardwareDepositAndOpenWorkShareNoStake(uint256[24] memory steps) public {
        for (uint256 i = 0; i < steps.length; ++i) {
            _step(steps[i] % 8, steps[i] >> 8);
            IVault.Stake memory position = vault.stakeOf(OWNER);
            assertEqual(position.staked, staked, "staked");
            assertEqual(position.locked, reserved + workLocked, "hardware, deposit and open work");
            assertAtMost(position.locked, position.staked, "what is locked is there");
            IProviderRegistry.Provider memory provider = providers.providerOf(OWNER);
            assertEqual(provider.reserved, reserved, "the registry's book");
            assertEqual(provider.fraudDeposit, deposit, "the deposit");
            assertEqual(providers.throughputOf(OWNER), throughput, "the throughput");
        }
    }

    function testFuzz_profilesComeBackAsTheyWere(uint256 seed) public {
        IProviderRegistry.Hardware[] memory hardware = new IProviderRegistry.Hardware[](1 + (seed % 16));
        for (uint32 i = 0; i < 20; ++i) {
            providers.setHardwareClass(i, IProviderRegistry.HardwareClass("any", 1e18, 1e6, true));
        }
        uint32 last = 20 - uint32(hardware.length);
        for (uint256 i = 0; i < hardware.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            // Ascending, with gaps as far as they fit.
            uint32 skip = uint32(seed % (last + 1));
            last -= skip;
            hardware[i].hardwareClass = (i == 0 ? 0 : hardware[i - 1].hardwareClass + 1) + skip;
            hardware[i].count = uint32(1 + ((seed >> 32) % 6_000));
        }
        vm.startPrank(OWNER);
        vault.stake(100_000e18);
        IProviderRegistry.Profile memory profile = _profile(hardware);
        providers.register(profile);
        assertEqual(
            keccak256(abi.encode(providers.providerOf(OWNER).profile)),
            keccak256(abi.encode(profile)),
            "the profile"
        );
        profile.hardware = gpus(1, 0);
        providers.update(profile);
        vm.stopPrank();
        assertEqual(
            keccak256(abi.encode(providers.providerOf(OWNER).profile)),
            keccak256(abi.encode(profile)),
            "nothing is left of longer hardware"
        );
    }

    // ------------------------------------------------------------------------------------------------------ steps

    function _step(uint256 what, uint256 value) private {
        if (what < 2) _changeHardware(uint32(value % 6), uint32((value >> 8) % 4));
        else if (what < 4) _openWork(bound(value, 1, 400e18));
        else if (what == 4) _endWork(value);
        else if (what == 5) _unbondOrStake(value);
        else if (what == 6) _govern(value);
        else _deregister();
    }

    function _changeHardware(uint32 first, uint32 second) private {
        if (first + second == 0) first = 1;
        bool changes = !registered || first != counts[0] || second != counts[1];
        uint256 due = reserved;
        uint256 nextDeposit = deposit;
        if (changes) {
            due = first * stakes[0] + second * stakes[1];
            if (depositToday > nextDeposit) nextDeposit = depositToday;
            if ((due * shareToday) / 10_000 > nextDeposit) nextDeposit = (due * shareToday) / 10_000;
            due += nextDeposit;
        }
        bool fits = due <= reserved + staked - reserved - workLocked;
        IProviderRegistry.Profile memory profile = _profile(gpus(first, second));
        vm.startPrank(OWNER);
        if (!fits) {
            uint256 free = staked - reserved - workLocked;
            vm.expectRevert(
                abi.encodeWithSelector(IVault.InsufficientStake.selector, OWNER, free, due - reserved)
            );
        }
        if (registered) providers.update(profile);
        else providers.register(profile);
        vm.stopPrank();
        if (!fits) return;
        if (changes) throughput = first * speeds[0] + second * speeds[1];
        (registered, reserved, deposit, counts) = (true, due, nextDeposit, [first, second]);
    }

    function _openWork(uint256 lock) private {
        (address ath, address escrow) = (address(system.ath()), address(system.escrow()));
        uint256 free = staked - reserved - workLocked;
        if (lock > free) {
            vm.expectRevert(abi.encodeWithSelector(IVault.InsufficientStake.selector, OWNER, free, lock));
        } else {
            work.push(lock);
            workLocked += lock;
        }
        vm.prank(escrow);
        vault.openWork(OWNER, ath, 0, OWNER, lock);
    }

    function _endWork(uint256 which) private {
        if (work.length == 0) return;
        which %= work.length;
        uint256 lock = work[which];
        work[which] = work[work.length - 1];
        work.pop();
        workLocked -= lock;
        (address ath, address escrow) = (address(system.ath()), address(system.escrow()));
        vm.prank(escrow);
        vault.settle(IVault.Settlement(OWNER, ath, 0, OWNER, 0, 0, address(0), 0, lock));
    }

    function _unbondOrStake(uint256 value) private {
        uint256 amount = bound(value, 1, 800e18);
        uint256 free = staked - reserved - workLocked;
        vm.startPrank(OWNER);
        if (value % 2 == 0) {
            vault.stake(amount);
            staked += amount;
        } else {
            if (amount > free) {
                vm.expectRevert(
                    abi.encodeWithSelector(IVault.InsufficientStake.selector, OWNER, free, amount)
                );
            } else staked -= amount;
            vault.unbond(amount);
        }
        vm.stopPrank();
    }

    function _govern(uint256 value) private {
        if (value % 2 == 0) {
            depositToday = bound(value >> 8, 10e18, 900e18);
            providers.setFraudDeposit(uint96(depositToday));
            shareToday = bound(value >> 128, 1_000, 40_000);
            providers.setHardwareDepositShare(uint16(shareToday));
            return;
        }
        uint256 which = (value >> 1) % 2;
        stakes[which] = bound(value >> 8, 1e18, 500e18);
        speeds[which] = bound(value >> 64, 1e6, 1e18);
        providers.setHardwareClass(
            uint32(which),
            IProviderRegistry.HardwareClass("any", uint96(stakes[which]), uint64(speeds[which]), true)
        );
    }

    function _deregister() private {
        if (!registered) return;
        if (work.length != 0) {
            vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.WorkOpen.selector, OWNER, work.length));
        } else {
            (registered, reserved, deposit, throughput) = (false, 0, 0, 0);
            counts = [0, 0];
        }
        vm.prank(OWNER);
        providers.deregister();
    }

    function _profile(
        IProviderRegistry.Hardware[] memory hardware
    ) private pure returns (IProviderRegistry.Profile memory) {
        return
            IProviderRegistry.Profile({
                operator: address(0x09e7a70),
                watchtower: address(0x7a7c4),
                encryptionKey: keccak256("key"),
                endpoint: "https://provider.example/a-path-of-more-than-one-slot",
                hardware: hardware
            });
    }
}
