// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Commitments} from "../libraries/Commitments.sol";
import {Tile} from "./Tile.sol";

/// @title Merkle: hashes of leaves and paths that lie in the calldata
/// @notice `leaf = keccak(0x00 ‖ data)`, `node = keccak(0x01 ‖ uint8 level ‖ left ‖ right)`, level 1 above the leaves.
library Merkle {
    /// @notice Copies a leaf's bytes into memory.
    function leafAt(uint256 offset, uint256 length) internal pure returns (Tile tile, bytes32 hash) {
        return taggedAt(Commitments.LEAF_TAG, offset, length);
    }

    /// @notice The same of a leaf with a tag of its own.
    function taggedAt(
        uint256 tag,
        uint256 offset,
        uint256 length
    ) internal pure returns (Tile tile, bytes32 hash) {
        assembly ("memory-safe") {
            // The tag is the last byte of the word before the data.
            let buffer := mload(0x40)
            mstore(buffer, tag)
            tile := add(buffer, 0x20)
            calldatacopy(tile, offset, length)
            hash := keccak256(add(buffer, 0x1f), add(length, 1))
            let end := add(tile, length)
            mstore(end, 0)
            mstore(0x40, and(add(end, 0x3f), not(0x1f)))
        }
    }

    /// @notice The root above node `index` of a level, `depth` levels further up.
    /// @param offset Where in the calldata its siblings are, from the node upwards.
    function climb(
        bytes32 hash,
        uint256 index,
        uint256 depth,
        uint256 offset
    ) internal pure returns (bytes32 root) {
        root = hash;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 1)
            for {
                let level := 1
            } iszero(gt(level, depth)) {
                level := add(level, 1)
            } {
                mstore8(add(buffer, 1), level)
                let own := shl(5, and(index, 1))
                mstore(add(add(buffer, 2), own), root)
                mstore(sub(add(buffer, 0x22), own), calldataload(offset))
                root := keccak256(buffer, 0x42)
                index := shr(1, index)
                offset := add(offset, 0x20)
            }
        }
    }
}
