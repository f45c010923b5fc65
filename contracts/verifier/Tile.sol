// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Where in memory the bytes of an opened leaf begin. At least 32 zero bytes follow them.
type Tile is uint256;

using {int8At, int16At, int32At, int64At, uint32At, skip, word} for Tile global;

/// @notice Element `index` of a tile of int8.
function int8At(Tile tile, uint256 index) pure returns (int256 value) {
    assembly ("memory-safe") {
        value := sar(248, mload(add(tile, index)))
    }
}

/// @notice Element `index` of a tile of int16.
function int16At(Tile tile, uint256 index) pure returns (int256 value) {
    assembly ("memory-safe") {
        value := sar(240, mload(add(tile, shl(1, index))))
    }
}

/// @notice Element `index` of a tile of int32.
function int32At(Tile tile, uint256 index) pure returns (int256 value) {
    assembly ("memory-safe") {
        value := sar(224, mload(add(tile, shl(2, index))))
    }
}

/// @notice Element `index` of a tile of int64.
function int64At(Tile tile, uint256 index) pure returns (int256 value) {
    assembly ("memory-safe") {
        value := sar(192, mload(add(tile, shl(3, index))))
    }
}

/// @notice Element `index` of a tile of uint32.
function uint32At(Tile tile, uint256 index) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := shr(224, mload(add(tile, shl(2, index))))
    }
}

/// @notice The tile from byte `offset` on.
function skip(Tile tile, uint256 offset) pure returns (Tile) {
    unchecked {
        return Tile.wrap(Tile.unwrap(tile) + offset);
    }
}

/// @notice The first 32 bytes.
function word(Tile tile) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(tile)
    }
}
