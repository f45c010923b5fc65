// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IDelegationPool} from "../interfaces/IDelegationPool.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";

/// @title What every part of a delegation pool reads
/// @dev A pool is a clone: what is the same for all pools is in the implementation, manager and label are in the clone's own code.
abstract contract PoolBase is IDelegationPool {
    uint256 internal constant BASIS_POINTS = 10_000;
    /// @dev Shares whose price is counted.
    uint256 internal constant ONE = 1e27;

    /// @inheritdoc IDelegationPool
    IVault public immutable vault;
    IProviderRegistry internal immutable _providers;
    address internal immutable _ath;
    address internal immutable _factory;

    constructor(IVault vault_, IProviderRegistry providers_) {
        vault = vault_;
        _providers = providers_;
        _ath = vault_.ath();
        _factory = msg.sender;
    }

    /// @inheritdoc IDelegationPool
    function manager() public view returns (address) {
        return address(bytes20(Clones.fetchCloneArgs(address(this))));
    }

    /// @inheritdoc IDelegationPool
    function label() public view returns (string memory) {
        bytes memory arguments = Clones.fetchCloneArgs(address(this));
        bytes memory text = new bytes(arguments.length - 20);
        for (uint256 i = 0; i < text.length; ++i) text[i] = arguments[20 + i];
        return string(text);
    }

    function _requireManager() internal view {
        address manager_ = manager();
        if (msg.sender != manager_) revert NotManager(msg.sender, manager_);
    }
}
