// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IVault} from "./IVault.sol";

/// @title The factory of delegation pools
/// @notice Makes pools, and knows which addresses are pools. Nobody governs it.
interface IDelegationPools {
    /// @notice A pool exists: the provider `manager` is this pool.
    event PoolCreated(address indexed pool, address indexed manager, string label, uint16 commission);

    /// @notice The label has to have 3 to 24 characters: small letters, digits, and hyphens between them.
    error InvalidLabel(string label);
    /// @notice Another pool has this label. Choose another one.
    error LabelTaken(string label, address pool);
    /// @notice A pool's stake can only be locked by modules of the vault.
    error UnknownModule(address module);

    /// @notice Makes the pool whose manager is the caller.
    /// @param label Name of the provider; unique, 3 to 24 characters. The shares are called after it.
    /// @param commission Basis points of the delegators' earnings, at most 5,000.
    function create(string calldata label, uint16 commission) external returns (address pool);

    /// @notice Where the pool of this manager and label is, or would be.
    function addressOf(address manager, string calldata label) external view returns (address);

    /// @notice Whether this factory made the pool.
    function isPool(address pool) external view returns (bool);

    /// @notice The pool with this label; zero if there is none.
    function poolOf(string calldata label) external view returns (address);

    /// @notice Number of pools; their indices are below it.
    function poolCount() external view returns (uint256);

    /// @notice A pool by its index, oldest first.
    function poolAt(uint256 index) external view returns (address);

    /// @notice Whether managers may call this contract as the provider.
    function isTarget(address target) external view returns (bool);

    /// @notice The approval bits of the modules that may lock the stake of every pool.
    function stakeModules() external view returns (uint32);

    /// @notice Where the money of all pools is.
    function vault() external view returns (IVault);
}
