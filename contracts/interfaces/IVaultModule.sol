// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A module that takes money for work of its own
/// @notice `IVault.entrust` calls it.
interface IVaultModule {
    /// @notice Called by the vault when an owner bound money to the module's work. Reverts to refuse it.
    /// @param owner Whose money it was.
    /// @param amount Token units, in the module's account now, as escrowed.
    /// @param data What the owner wants with it, as the module defines.
    /// @return provider Whose work it opens, as `IVault.openWork` does; zero if it opens none.
    /// @return stakeLock ATH units of that provider's stake that are locked until the module settles the work.
    function onEntrusted(
        address owner,
        address token,
        uint256 amount,
        bytes calldata data
    ) external returns (address provider, uint256 stakeLock);
}
