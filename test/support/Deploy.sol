// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {vm} from "./Vm.sol";

error NotDeployed(string artifact);

/// @notice Deploys a compiled contract by its name, so that nothing that uses it compiles it once more. Hardhat has no `deployCode`.
function deploy(string memory artifact, bytes memory constructorArguments) returns (address deployed) {
    bytes memory code = abi.encodePacked(vm.getCode(artifact), constructorArguments);
    assembly ("memory-safe") {
        deployed := create(0, add(code, 0x20), mload(code))
    }
    if (deployed == address(0)) revert NotDeployed(artifact);
}
