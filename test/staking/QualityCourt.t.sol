// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {IQualityCourt} from "../../contracts/interfaces/IQualityCourt.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {ProviderRegistry} from "../../contracts/registry/ProviderRegistry.sol";
import {QualityCourt} from "../../contracts/staking/QualityCourt.sol";
import {CaseStatus} from "../../contracts/types/CaseStatus.sol";
import {Assert} from "../support/Assert.sol";
import {deploy} from "../support/Deploy.sol";
import {System} from "../support/System.sol";
import {vm} from "../support/Vm.sol";

/// @notice The arithmetic of penalties, and what holds whatever happens to a provider while its case runs. This contract governs, reports and convicts.
contract QualityCourtTest is Assert {
    System private system;
    QualityCourt private court;
    ProviderRegistry private providers;
    IVault private vault;

    address private constant OWNER = address(0xa11ce);
    address private constant ACCOMPLICE = address(0xacc);
    address private constant INSURANCE = address(0x1a5);
    uint256 private constant STAKE = 20_000e18;

    function setUp() public {
        system = new System(address(this));
        (vault, providers) = (system.vault(), system.providers());
        court = QualityCourt(
            deploy(
                "QualityCourt",
                abi.encode(
                    system.manager(),
                    providers,
                    INSURANCE,
                    IQualityCourt.Parameters(7 days, 21 days, 14 days, 7 days, 12, 3_000, 1_000, 2_000)
                )
            )
        );
        providers.setCourt(address(court));
        providers.setDisputeGame(address(this));
        system.ath().approve(address(vault), STAKE);
        vault.deposit(address(system.ath()), STAKE, OWNER);
        vm.startPrank(OWNER);
        vault.stake(STAKE);
        vault.approveStakeModules(1);
        providers.register(_profile(100));
        vm.stopPrank();
    }

    /// @dev Whoever the harmed clients are, whatever the parts: the provider and all its friends get half of what it loses at the most.
    function testFuzz_aPenaltyAgainstOneselfCostsHalfOfIt(
        uint256 amount,
        uint256 harmed,
        uint256 insured,
        uint256 discount,
        uint64[2] memory shares,
        bool appealed
    ) public {
        harmed = bound(harmed, 0, 5_000);
        insured = bound(insured, 0, 5_000 - harmed);
        discount = bound(discount, 500, 5_000);
        court.setParameters(
            IQualityCourt.Parameters(
                7 days,
                21 days,
                14 days,
                7 days,
                12,
                uint16(harmed),
                uint16(insured),
                uint16(discount)
            )
        );
        uint256 hardware = providers.hardwareLockOf(OWNER);
        amount = bound(amount, hardware / 100, hardware / 10);
        uint256 supply = system.ath().totalSupply();
        (bytes32 id, bytes32[2] memory leaves) = _announce(uint96(amount), shares);
        _end(id, appealed, true);

        uint256 penalty = appealed ? amount : amount - (amount * discount) / 10_000;
        assertEqual(vault.stakeOf(OWNER).staked, STAKE - penalty, "the penalty is taken, and nothing else");
        bytes32[] memory path = new bytes32[](1);
        for (uint256 i = 0; i < 2; ++i) {
            path[0] = leaves[1 - i];
            court.claim(id, i == 0 ? OWNER : ACCOMPLICE, shares[i], i, path);
        }
        uint256 gained = system.ath().balanceOf(OWNER) + system.ath().balanceOf(ACCOMPLICE);
        assertAtMost(gained, (penalty * harmed) / 10_000, "the harmed clients get their part at the most");
        assertAtMost(2 * gained, penalty, "half is lost");
        assertAtMost(penalty, 2 * (supply - system.ath().totalSupply()), "half burns");
        vm.warp(court.caseOf(id).claimUntil + 1);
        if (court.caseOf(id).unclaimed != 0) court.sweep(id);
        _requireConserved(supply - penalty + gained + system.ath().balanceOf(INSURANCE));
        assertEqual(
            vault.accountOf(address(system.ath()), address(providers)).available,
            0,
            "nothing is left over"
        );
    }

    /// @dev Whatever the provider, governance and the dispute game do in whatever order: locks are backed, the deposit is whole, and the case ends.
    function testFuzz_whateverHappensMeanwhileTheCaseEndsAndLocksAreBacked(
        uint8[12] memory acts,
        bool appealed,
        bool upheld
    ) public {
        uint256 amount = providers.hardwareLockOf(OWNER) / 10;
        (bytes32 id, ) = _announce(uint96(amount), [uint64(1), uint64(1)]);
        uint256 forfeited = 0;
        for (uint256 i = 0; i < acts.length; ++i) {
            forfeited += _act(acts[i]);
            _requireBacked();
            assertEqual(providers.frozenStakeOf(OWNER), amount, "what is frozen stays frozen");
        }
        _end(id, appealed, upheld);
        _requireBacked();
        assertEqual(providers.frozenStakeOf(OWNER), 0, "the case is over");
        uint256 penalty =
            !appealed
                ? amount - amount / 5
                : upheld
                    ? amount
                    : 0;
        IVault.Stake memory position = vault.stakeOf(OWNER);
        uint256 left = position.staked + vault.unbondingOf(OWNER).amount;
        left += vault.accountOf(address(system.ath()), OWNER).available;
        assertEqual(left, STAKE - penalty - forfeited, "the penalty, a conviction, and nothing else");
        assertTrue(position.suspended == (penalty != 0), "suspended for a penalty alone");
        // INVARIANT: whoever is not registered has nothing locked when no case is open.
        if (!providers.providerOf(OWNER).registered) assertEqual(position.locked, 0, "the way out is free");
    }

    // ------------------------------------------------------------------------------------------- internal

    function _announce(
        uint96 amount,
        uint64[2] memory shares
    ) private returns (bytes32 id, bytes32[2] memory leaves) {
        id = court.caseIdOf(OWNER, court.standingOf(OWNER).cases + 1);
        leaves[0] = keccak256(abi.encodePacked(uint8(0), id, OWNER, shares[0]));
        leaves[1] = keccak256(abi.encodePacked(uint8(0), id, ACCOMPLICE, shares[1]));
        bytes32 root = keccak256(abi.encodePacked(uint8(1), uint8(1), leaves[0], leaves[1]));
        assertEqual(court.announce(OWNER, amount, root, ""), id, "the id was known before");
    }

    function _end(bytes32 id, bool appealed, bool upheld) private {
        if (appealed) {
            vm.prank(OWNER);
            court.appeal(id, "");
            court.decide(id, upheld);
        } else {
            vm.warp(court.caseOf(id).appealUntil + 1);
            court.execute(id);
        }
        CaseStatus wanted = appealed && !upheld ? CaseStatus.Dropped : CaseStatus.Executed;
        assertTrue(court.caseOf(id).status == wanted, "it ended as it should");
    }

    /// @return forfeited By a conviction.
    function _act(uint256 act) private returns (uint256 forfeited) {
        bool registered = providers.providerOf(OWNER).registered;
        bool jailed = vault.isJailed(OWNER);
        IVault.Stake memory position = vault.stakeOf(OWNER);
        uint256 free = position.staked - position.locked;
        if (act % 6 == 5) {
            // Once in a while.
            if (!registered || jailed || act < 200) return 0;
            uint256 deposit = providers.fraudDepositOf(OWNER);
            assertAtMost(2_500e18, deposit, "a quarter of the stake of 100 GPUs at least");
            (forfeited, ) = providers.convict(OWNER, 0, address(this));
            assertEqual(forfeited, deposit, "the deposit was whole");
            return forfeited;
        }
        vm.startPrank(OWNER);
        if (act % 6 == 0 && registered) providers.deregister();
        if (act % 6 == 1 && !registered && !jailed && free > 12_500e18) providers.register(_profile(100));
        if (act % 6 == 2 && registered && !jailed && free > 1_000e18)
            providers.update(_profile(100 + (act / 32)));
        if (act % 6 == 3 && free > 1e18) vault.unbond(1e18);
        if (act % 6 == 4) _requireApprovalKept();
        vm.stopPrank();
    }

    function _requireApprovalKept() private {
        bool revoked = false;
        try vault.revokeStakeModules() {
            revoked = true;
        } catch {
            assertTrue(vault.stakeOf(OWNER).locked != 0, "because something is locked");
        }
        assertTrue(!revoked, "the registry keeps its approval while a case runs");
    }

    function _requireBacked() private view {
        IVault.Stake memory position = vault.stakeOf(OWNER);
        IProviderRegistry.Provider memory provider = providers.providerOf(OWNER);
        assertAtMost(position.locked, position.staked, "what is locked is staked");
        assertEqual(
            position.locked,
            provider.reserved + providers.frozenStakeOf(OWNER),
            "one unit backs one thing"
        );
        assertAtMost(provider.fraudDeposit, provider.reserved, "the deposit is reserved");
    }

    /// @dev `supply` units of ATH exist, and the vault owes no more than it has.
    function _requireConserved(uint256 supply) private view {
        assertEqual(system.ath().totalSupply(), supply, "what was neither paid nor insured burned");
        uint256 ledger = vault.tokenState(address(system.ath())).ledger;
        assertEqual(ledger, system.ath().balanceOf(address(vault)), "the ledger is the balance");
    }

    function _profile(uint256 count) private pure returns (IProviderRegistry.Profile memory) {
        IProviderRegistry.Hardware[] memory hardware = new IProviderRegistry.Hardware[](1);
        hardware[0] = IProviderRegistry.Hardware(0, uint32(count));
        return
            IProviderRegistry.Profile({
                operator: address(0xd1),
                watchtower: address(0),
                encryptionKey: 0,
                endpoint: "",
                hardware: hardware
            });
    }
}
