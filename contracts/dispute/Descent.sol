// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Commitments} from "../libraries/Commitments.sol";

/// @title Walking down complete binary trees
/// @notice See docs/dispute.md, section 2.
library Descent {
    /// @notice Most levels that a reveal shows: 64 descendants.
    uint256 private constant MAX_LEVELS = 6;

    error TreeTooNarrow(uint256 index, uint256 width);

    /// @notice Levels that the reveal of a node shows that is `level` levels above the leaves: as even as can be, at most 6.
    function levels(uint256 level) internal pure returns (uint256) {
        if (level == 0) return 0;
        uint256 reveals = (level + MAX_LEVELS - 1) / MAX_LEVELS;
        return (level + reveals - 1) / reveals;
    }

    /// @notice Levels of a tree of `width` leaves: its binary logarithm, rounded up.
    function depth(uint32 width) internal pure returns (uint8 result) {
        while (uint256(1) << result < width) ++result;
    }

    /// @notice The node above these descendants.
    /// @param children Left to right; their number is a power of two.
    /// @param height Levels from the children to the leaves.
    function rootOf(bytes32[] calldata children, uint256 height) internal pure returns (bytes32 root) {
        uint256 tag = Commitments.NODE_TAG;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let nodes := add(buffer, 0x60)
            let count := children.length
            calldatacopy(nodes, children.offset, shl(5, count))
            mstore8(buffer, tag)
            for {} gt(count, 1) {} {
                height := add(height, 1)
                mstore8(add(buffer, 1), height)
                count := shr(1, count)
                for {
                    let i := 0
                } lt(i, count) {
                    i := add(i, 1)
                } {
                    mcopy(add(buffer, 2), add(nodes, shl(6, i)), 0x40)
                    mstore(add(nodes, shl(5, i)), keccak256(buffer, 0x42))
                }
            }
            root := mload(nodes)
        }
    }

    /// @notice The node to which a descendant leads.
    /// @param node The descendant's hash.
    /// @param index The descendant's index among its equals, from the left.
    /// @param siblings From the descendant upwards.
    /// @param height Levels from the descendant to the leaves.
    function ancestorOf(
        bytes32 node,
        uint256 index,
        bytes32[] calldata siblings,
        uint256 height
    ) internal pure returns (bytes32 root) {
        if (index >> siblings.length != 0) revert TreeTooNarrow(index, 1 << siblings.length);
        uint256 tag = Commitments.NODE_TAG;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, tag)
            root := node
            for {
                let i := 0
            } lt(i, siblings.length) {
                i := add(i, 1)
            } {
                mstore8(add(buffer, 1), add(add(height, i), 1))
                // An odd node is the right child of its parent.
                let odd := and(shr(i, index), 1)
                mstore(add(add(buffer, 2), shl(5, odd)), root)
                mstore(
                    add(add(buffer, 2), shl(5, xor(odd, 1))),
                    calldataload(add(siblings.offset, shl(5, i)))
                )
                root := keccak256(buffer, 0x42)
            }
        }
    }
}
