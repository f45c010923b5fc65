// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Vault} from "../../contracts/staking/Vault.sol";
import {AthToken} from "../../contracts/token/AthToken.sol";
import {Assert} from "../support/Assert.sol";
import {deploy} from "../support/Deploy.sol";
import {vm} from "../support/Vm.sol";

/// @notice Pauses and penalties of any size, at any time. This contract governs, holds all ATH, is the module and the owner.
contract VaultTest is Assert {
    uint256 private constant STAKE = 1e24;

    AthToken private ath;
    Vault private vault;

    function setUp() public {
        AccessManager manager = AccessManager(deploy("AccessManager", abi.encode(address(this))));
        ath = AthToken(deploy("AthToken", abi.encode(address(this))));
        vault = Vault(deploy("Vault", abi.encode(manager, ath)));
        vault.addModule(address(this));
        ath.approve(address(vault), STAKE);
        vault.deposit(address(ath), STAKE, address(this));
        vault.stake(STAKE);
        vault.approveStakeModules(1);
        vault.approveModules(address(ath), 1);
    }

    /// @notice However pauses are asked for and ended, no window of 37 days has more than 7 without new work.
    function testFuzz_pause_atMostSevenOfAnyThirtySevenDays(
        uint32[24] calldata waits,
        uint32[24] calldata lengths,
        bool[24] calldata resumes
    ) public {
        uint256[24] memory starts;
        uint256[24] memory ends;
        uint256 count;
        uint256 pausableFrom;
        uint256 time = vm.getBlockTimestamp();
        for (uint256 i = 0; i < waits.length; ++i) {
            time += bound(waits[i], 0, 12 days);
            vm.warp(time);
            bool paused = count != 0 && time < ends[count - 1];
            assertEqual(_isRefused() ? 1 : 0, paused ? 1 : 0, "refused while paused, and only then");
            if (paused && resumes[i]) {
                vault.resumeModule(address(this));
                ends[count - 1] = time;
                continue;
            }
            // Now and then longer than allowed.
            uint40 length = uint40(bound(lengths[i], 0, 8 days));
            try vault.pauseModule(address(this), length) {
                (starts[count], ends[count]) = (time, time + length);
                ++count;
                pausableFrom = time + length + 30 days;
            } catch {
                assertTrue(length == 0 || length > 7 days || time < pausableFrom, "a pause that is allowed");
            }
        }
        for (uint256 i = 0; i < count; ++i) {
            // The worst window begins where a pause does, or ends where one does.
            assertAtMost(_pausedFrom(starts[i], starts, ends), 7 days, "paused from the start");
            if (ends[i] > 37 days)
                assertAtMost(_pausedFrom(ends[i] - 37 days, starts, ends), 7 days, "paused to the end");
        }
    }

    /// @notice A penalty takes exactly its amount of what is locked, pays at most half, burns the rest, and is refused otherwise.
    function testFuzz_penalise_takesOnlyWhatIsLockedAndBurnsHalf(
        uint96 locked,
        uint256 amount,
        uint256 payout
    ) public {
        locked = uint96(bound(locked, 0, STAKE));
        amount = bound(amount, 0, (STAKE * 11) / 10);
        payout = bound(payout, 0, STAKE);
        vault.lockStake(address(this), locked);
        (uint256 supply, uint256 available) = (ath.totalSupply(), _available());
        try vault.penalise(address(this), amount, payout) {
            assertAtMost(amount, locked, "taken");
            assertAtMost(payout, amount / 2, "paid");
            IVault.Stake memory position = vault.stakeOf(address(this));
            assertEqual(position.staked, STAKE - amount, "staked");
            assertEqual(position.locked, locked - amount, "locked");
            assertTrue(!position.jailed, "jailed by nobody");
            assertEqual(supply - ath.totalSupply(), amount - payout, "burned");
            assertEqual(_available() - available, payout, "credited to the module");
            assertEqual(vault.slashedOf(address(this)), amount, "counted");
            (, uint256 ledger) = _tokenState();
            assertEqual(ledger, STAKE - (amount - payout), "ledger");
            assertEqual(ath.balanceOf(address(vault)), ledger, "covered by tokens");
        } catch {
            assertTrue(amount > locked || payout > amount / 2, "a penalty that is allowed");
        }
    }

    /// @dev Seconds of the 37 days from `from` that lie in a pause.
    function _pausedFrom(
        uint256 from,
        uint256[24] memory starts,
        uint256[24] memory ends
    ) private pure returns (uint256 sum) {
        uint256 to = from + 37 days;
        for (uint256 i = 0; i < starts.length; ++i) {
            uint256 start = starts[i] < from ? from : starts[i];
            uint256 end = ends[i] > to ? to : ends[i];
            if (end > start) sum += end - start;
        }
    }

    function _isRefused() private returns (bool) {
        try vault.openWork(address(this), address(ath), 0, address(this), 0) {
            return false;
        } catch {
            return true;
        }
    }

    function _available() private view returns (uint256) {
        return vault.accountOf(address(ath), address(this)).available;
    }

    function _tokenState() private view returns (bool accepted, uint256 ledger) {
        IVault.TokenState memory state = vault.tokenState(address(ath));
        return (state.accepted, state.ledger);
    }
}
