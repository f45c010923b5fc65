// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A contract that takes coin as its mood is
/// @notice Stands for a receiver that refuses, burns all gas it is given, or calls back when it is paid.
contract MoodyWallet {
    enum Mood {
        Grateful,
        Refusing,
        Wasteful,
        Reentrant
    }

    Mood public mood;
    address public target;
    bytes public callback;
    /// @notice What became of the last call back, as far as the gas allowed to note it.
    bool public reentered;

    error Refused();

    function setMood(Mood mood_, address target_, bytes calldata callback_) external {
        (mood, target, callback) = (mood_, target_, callback_);
    }

    /// @notice Makes one call in its own name, with the coin that was sent along.
    function execute(address to, bytes calldata data) external payable {
        (bool success, bytes memory result) = to.call{value: msg.value}(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    receive() external payable {
        _feel();
    }

    function _feel() private {
        if (mood == Mood.Refusing) revert Refused();
        // solhint-disable-next-line no-empty-blocks
        while (mood == Mood.Wasteful) {}
        if (mood == Mood.Reentrant) {
            (bool success, ) = target.call(callback);
            if (success) reentered = true;
        }
    }
}
