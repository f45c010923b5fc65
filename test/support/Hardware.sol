// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";

/// @dev GPUs of the classes 0 and 1; a class without any is left out.
function gpus(uint32 first, uint32 second) pure returns (IProviderRegistry.Hardware[] memory hardware) {
    hardware = new IProviderRegistry.Hardware[]((first == 0 ? 0 : 1) + (second == 0 ? 0 : 1));
    uint256 length = 0;
    if (first != 0) hardware[length++] = IProviderRegistry.Hardware(0, first);
    if (second != 0) hardware[length++] = IProviderRegistry.Hardware(1, second);
}
