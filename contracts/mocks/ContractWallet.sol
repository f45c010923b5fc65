// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A contract that does what it is told
/// @notice Stands for a client, provider or module that is a contract: sends any calls, in one transaction, in its own name.
/// Everybody may tell it; never deploy it where money is real.
contract ContractWallet {
    struct Call {
        address target;
        bytes data;
    }

    /// @notice Makes the calls in their order; reverts with what the first failing one reverted with.
    function execute(Call[] calldata calls) external returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool success, bytes memory result) = calls[i].target.call(calls[i].data);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result))
                }
            }
            results[i] = result;
        }
    }
}
