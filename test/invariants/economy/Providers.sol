// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDelegationPool} from "../../../contracts/interfaces/IDelegationPool.sol";
import {IProviderRegistry} from "../../../contracts/interfaces/IProviderRegistry.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {World} from "./World.sol";

/// @notice What both providers do with their registration, and one of them with its own stake.
abstract contract Providers is World {
    mapping(address owner => mapping(address token => bool)) private _offered;

    constructor() {
        for (uint256 i = 0; i < 4; ++i) _offered[provider(i / 2)][_token(i % 2 == 0)] = true;
    }

    function stake(uint256 amount) external {
        amount = _part(amount, _vault.accountOf(address(_ath), PLAIN).available);
        if (amount == 0) return;
        _do(PLAIN, address(_vault), abi.encodeCall(IVault.stake, (amount)));
        _count(msg.sig);
    }

    function unbond(uint256 amount) external {
        amount = _part(amount, _free(PLAIN));
        if (amount != 0) _unbond(amount);
    }

    function claimUnbonded() external {
        IVault.Unbonding memory unbonding = _vault.unbondingOf(PLAIN);
        if (unbonding.amount == 0 || _now() < unbonding.releaseAt) return;
        _do(STRANGER, address(_vault), abi.encodeCall(IVault.claimUnbonded, (PLAIN)));
        _count(msg.sig);
    }

    function register(uint256 which, uint256 count) external {
        address owner = provider(which);
        if (_isRegistered(owner) || _vault.isJailed(owner) || !_canAct(owner)) return;
        IProviderRegistry.HardwareClass memory terms = _providers.hardwareClassOf(0);
        count = bound(count, 1, 40);
        uint256 required = _providers.requiredStake(_profile(which, count).hardware);
        if (!terms.open || required > _free(owner)) return;
        _act(
            owner,
            address(_providers),
            abi.encodeCall(IProviderRegistry.register, (_profile(which, count)))
        );
        _count(msg.sig);
    }

    /// @notice A provider has more or fewer cards.
    function changeHardware(uint256 which, uint256 count) external {
        address owner = provider(which);
        if (!_isRegistered(owner) || _vault.isJailed(owner) || !_canAct(owner)) return;
        IProviderRegistry.HardwareClass memory terms = _providers.hardwareClassOf(0);
        IProviderRegistry.Provider memory state = _providers.providerOf(owner);
        count = bound(count, 1, 60);
        uint256 before = state.profile.hardware[0].count;
        if (count == before || (count > before && !terms.open)) return;
        uint256 required = terms.minimumStakePerGpu * count;
        uint256 deposit = _providers.fraudDepositFor(_profile(which, count).hardware);
        required += deposit > state.fraudDeposit ? deposit : state.fraudDeposit;
        if (required > _free(owner) + state.reserved) return;
        _act(owner, address(_providers), abi.encodeCall(IProviderRegistry.update, (_profile(which, count))));
        assertEqual(_providers.providerOf(owner).reserved, required, "STAKE-3: the lock is the hardware's");
        uint256 most = terms.minimumStakePerGpu * count * _providers.depositShare();
        assertAtMost(most / 10_000, _providers.fraudDepositOf(owner), "STAKE-4: the deposit grows with it");
        _count(msg.sig);
    }

    /// @notice Rarely, so that most runs keep providers that work.
    function deregister(uint256 which, uint256 dice) external {
        address owner = provider(which);
        if (dice % 4 == 0 && _vault.stakeOf(owner).openWork == 0) _deregister(owner);
    }

    function setOffer(uint256 which, bool inAth, uint256 input, uint256 output) external {
        address owner = provider(which);
        address token = _token(inAth);
        if (!_isRegistered(owner) || _vault.isJailed(owner) || !_canAct(owner)) return;
        if (!_vault.tokenState(token).accepted) return;
        _act(
            owner,
            address(_providers),
            abi.encodeCall(
                IProviderRegistry.setOffer,
                (_modelRoot, token, uint64(bound(input, 0, 1e12)), uint64(bound(output, 0, 1e12)))
            )
        );
        _offered[owner][token] = true;
        _count(msg.sig);
    }

    /// @notice A provider keeps itself from new work, or goes on.
    function rest(uint256 which, uint256 dice) external {
        bool resting = dice % 4 == 0;
        if (which % 2 == 0) _do(PLAIN, address(_vault), abi.encodeCall(IVault.setResting, (resting)));
        else _do(MANAGER, address(pool), abi.encodeCall(IDelegationPool.setResting, (resting)));
        _count(msg.sig);
    }

    /// @dev By the provider itself; for a pool that has retired by anyone.
    function _deregister(address owner) internal {
        if (!_isRegistered(owner)) return;
        bool jailed = _vault.isJailed(owner);
        bool alone = !_canAct(owner);
        // A conviction retires a pool when it looks.
        if (alone) pool.upkeep();
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i == 0);
            if (!_offered[owner][token] || jailed) continue;
            bytes memory data = abi.encodeCall(IProviderRegistry.removeOffer, (_modelRoot, token));
            if (alone) {
                data = abi.encodeCall(IDelegationPool.removeOffer, (_modelRoot, token));
                _do(STRANGER, owner, data);
            } else {
                _act(owner, address(_providers), data);
            }
            _offered[owner][token] = false;
        }
        if (alone) _do(STRANGER, owner, abi.encodeCall(IDelegationPool.deregister, ()));
        else _act(owner, address(_providers), abi.encodeCall(IProviderRegistry.deregister, ()));
        _count(this.deregister.selector);
    }

    function _unbond(uint256 amount) internal {
        _do(PLAIN, address(_vault), abi.encodeCall(IVault.unbond, (amount)));
        _count(this.unbond.selector);
    }
}
