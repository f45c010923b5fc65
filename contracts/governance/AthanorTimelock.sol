// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Timelock
/// @notice OpenZeppelin's, the only administrator of the AccessManager. Proposals come from the governor alone, which may also cancel them; whoever wants to executes
/// what is due. Nobody administers its roles but itself. Its delay never leaves the bounds below, so that a vote cannot take users by surprise.
contract AthanorTimelock is TimelockController {
    /// @notice Seconds between the decision and the earliest execution, at least.
    uint256 public constant MINIMUM_DELAY = 2 days;
    /// @notice Seconds between the decision and the earliest execution, at most.
    uint256 public constant MAXIMUM_DELAY = 30 days;

    /// @notice The delay would leave its bounds; seconds.
    error DelayOutOfBounds(uint256 delay, uint256 minimum, uint256 maximum);

    /// @param delay Seconds.
    /// @param administrator Names the governor as proposer and canceller, then renounces; see ignition/modules/GovernedAthanor.ts.
    constructor(
        uint256 delay,
        address administrator
    ) TimelockController(delay, new address[](0), _anyone(), administrator) {
        _requireInBounds(delay);
    }

    /// @inheritdoc TimelockController
    function updateDelay(uint256 delay) public override {
        _requireInBounds(delay);
        super.updateDelay(delay);
    }

    function _requireInBounds(uint256 delay) private pure {
        if (delay < MINIMUM_DELAY || delay > MAXIMUM_DELAY)
            revert DelayOutOfBounds(delay, MINIMUM_DELAY, MAXIMUM_DELAY);
    }

    /// @dev The zero address as executor means everybody.
    function _anyone() private pure returns (address[] memory executors) {
        executors = new address[](1);
    }
}
