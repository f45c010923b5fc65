// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {vm} from "./Vm.sol";

/// @notice A signature of 65 bytes: r, s, v.
function sign(uint256 key, bytes32 digest) pure returns (bytes memory) {
    (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
    return abi.encodePacked(r, s, v);
}

/// @notice The same in two words, by ERC-2098: r, and s with the parity of v in its highest bit.
function signCompactly(uint256 key, bytes32 digest) pure returns (bytes32 r, bytes32 vs) {
    uint8 v;
    bytes32 s;
    (v, r, s) = vm.sign(key, digest);
    vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
}
