// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDelegationPool} from "../../../contracts/interfaces/IDelegationPool.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Beneficiary} from "../../../contracts/types/Beneficiary.sol";
import {vm} from "../../support/Vm.sol";
import {Cases} from "./Cases.sol";
import {Delegation} from "./Delegation.sol";
import {Governing} from "./Governing.sol";
import {Jobs} from "./Jobs.sol";
import {Providers} from "./Providers.sol";
import {World} from "./World.sol";

/// @notice Everything that anybody can do, as actions of the runner, and the way out of whatever became of it.
contract Economy is Jobs, Governing, Providers, Cases {
    /// @dev What waits for one another on the way out: retirement, channels, receipts, work, a round under way, the exit's.
    uint256 private constant STAGES = 8;

    /// @notice EXIT-2: the delegators leave, though the manager does nothing, within the time that the pool says. For the test alone.
    function delegatorsLeave() external {
        if (!_isTest()) return;
        for (uint256 i = 0; i < 2; ++i) {
            uint256 shares = pool.balanceOf(delegators[i]);
            if (shares != 0) _requestExit(delegators[i], shares);
        }
        uint256 longest = pool.longestExit();
        uint256 step = longest / 50;
        uint256 latest = _now() + longest + STAGES * step;
        // A case holds back what it froze until it ends.
        for (uint256 i = 0; i < _trials.length; ++i) {
            if (!_isPending(_trials[i]) || _trials[i].owner == PLAIN || _trials[i].decideUntil < _now())
                continue;
            latest += _trials[i].decideUntil - _now();
        }
        while (!_delegatorsAreOut()) {
            assertAtMost(_now(), latest, "EXIT-2: within the longest exit");
            vm.warp(_now() + step);
            _endWhatCanBe();
            (bool retired, ) = _try(STRANGER, address(pool), abi.encodeCall(IDelegationPool.retire, ()));
            retired = retired || pool.book().retiredAt != 0;
            if (retired && _vault.stakeOf(address(pool)).openWork == 0) _deregister(address(pool));
        }
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                _harvestWhatThereIs(_token(j == 0));
                _claimEarnings(delegators[i], _token(j == 0));
            }
        }
    }

    /// @notice EXIT-3: work, cases and claims end by anybody's calls; the provider without a pool leaves, and so do clients and beneficiaries. For the test alone.
    function othersLeave() external {
        if (!_isTest()) return;
        _endWhatCanBe();
        while (!_isAllOver()) {
            vm.warp(_now() + 2 days);
            _endWhatCanBe();
        }
        _deregister(PLAIN);
        uint256 staked = _vault.stakeOf(PLAIN).staked;
        if (staked != 0) _unbond(staked);
        vm.warp(_now() + ONE_YEAR);
        _endCases();
        vm.warp(_now() + 1);
        _endCases();
        if (_vault.unbondingOf(PLAIN).amount != 0) this.claimUnbonded();
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i == 0);
            _collect(true, token);
            _collect(false, token);
            this.distribute(i == 0);
            _claimFees(Beneficiary.Insurance, token);
            _claimFees(Beneficiary.Treasury, token);
            for (uint256 j = 0; j < _accounts.length; ++j) {
                if (_accounts[j].code.length == 0) _withdraw(_accounts[j], token);
            }
        }
    }

    /// @notice EXIT-4: the manager leaves last. For the test alone.
    function managerLeaves() external {
        if (!_isTest()) return;
        if (pool.book().retiredAt == 0)
            _do(MANAGER, address(pool), abi.encodeCall(IDelegationPool.retire, ()));
        _deregister(address(pool));
        for (uint256 i = 0; i < 3; ++i) {
            pool.upkeep();
            uint256 own = pool.book().own;
            if (own != 0) _do(MANAGER, address(pool), abi.encodeCall(IDelegationPool.withdrawOwn, (own)));
            vm.warp(_now() + 90 days);
        }
        pool.upkeep();
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i == 0);
            _harvestWhatThereIs(token);
            _claimEarnings(MANAGER, token);
            _withdraw(MANAGER, token);
        }
    }

    /// @dev A token that the vault does not take and that the pool never earned has nothing to harvest, and the pool says so.
    function _harvestWhatThereIs(address token) private {
        if (_vault.tokenState(token).accepted || _vault.accountOf(token, address(pool)).available != 0)
            pool.harvest(token);
    }

    function _withdraw(address owner, address token) private {
        uint256 amount = _vault.accountOf(token, owner).available;
        if (amount != 0) _do(owner, address(_vault), abi.encodeCall(IVault.withdraw, (token, amount, owner)));
    }

    /// @dev Everything that ends by anybody's call, and payments that wait.
    function _endWhatCanBe() private {
        _endCases();
        _endJobs();
        _endChannels();
        pool.upkeep();
        for (uint256 i = 0; i < _leavings.length; ++i) _claimExit(i);
    }

    function _delegatorsAreOut() private view returns (bool) {
        if (pool.totalSupply() != 0) return false;
        for (uint256 i = 0; i < _leavings.length; ++i) {
            IDelegationPool.Exit memory exit = pool.exitOf(i);
            if (exit.from != exit.to) return false;
        }
        return true;
    }

    function _isAllOver() private view returns (bool) {
        for (uint256 i = 0; i < 2; ++i) {
            (uint256 jobs, ) = jobsOf(provider(i));
            (uint256 channels, ) = channelsOf(provider(i));
            if (jobs + channels + frozenOf(provider(i)) != 0) return false;
        }
        return true;
    }

    /// @inheritdoc Delegation
    function _observe() internal override(World, Delegation) {
        Delegation._observe();
    }
}
