// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Tile} from "./Tile.sol";

/// @title Products: sums of products of the elements of two tiles
library Products {
    uint256 private constant LOW_BYTES = 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
    uint256 private constant LOW_PAIRS = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant BYTE_BIAS = 0x0000008000000080000000800000008000000080000000800000008000000080;
    uint256 private constant PAIR_BIAS = 0x0000800000008000000080000000800000008000000080000000800000008000;
    uint256 private constant BYTE_SIGNS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant PAIR_SIGNS = 0x8000800080008000800080008000800080008000800080008000800080008000;
    uint256 private constant QUARTERS_2_1 =
        0x0000000000000000ffffffffffffffffffffffffffffffff0000000000000000;
    uint256 private constant LOW_OF_128 = 0x000000000000000000000000ffffffff000000000000000000000000ffffffff;
    uint256 private constant LOW_OF_64 = 0x000000000000ffff000000000000ffff000000000000ffff000000000000ffff;

    /// @notice Σ weights[k] · values[k], of int8 and int16, for any of them; about 12 gas a product.
    /// @param weights Zeros follow the last of them.
    ///
    /// Lanes of 32 bits: with w = Σ w[l] · 2^(32 l) and a = Σ a[7 - l] · 2^(32 l), lane 7 of w · a mod 2^256 is the sum of eight
    /// products, and the bits above it are cut off. Lanes are signed: w and a are integers, whatever borrows from lane to lane. Of the 32
    /// weights of a word every fourth goes into one w, so they are reordered once for four products: the byte of element 16 h + 2 l + q, which
    /// is byte 31 - 16 h - 2 l - q from the right, goes to byte 4 l + 2 h + 1 - q, sub-byte 2 h + 1 - q of lane l, where the
    /// elements of one parity q in word h of the values are in the opposite order. In bits of those indices from (s4 … s0) to
    /// (¬s3, ¬s2, ¬s1, ¬s4, s0): exchange (s4, s3), then the second and third, then the third and fourth, each negated.
    ///
    /// A lane of a product is at most 8 · 2^7 · 2^15 = 2^25. 32 products (256 weights) are added before lane 7 is read: 2^30, and what is below
    /// lane 7 is then less than 2^223, which is added so that it cannot borrow.
    function dot(Tile weights, Tile values, uint256 count) internal pure returns (int256 sum) {
        assembly ("memory-safe") {
            let end := add(weights, count)
            for {} lt(weights, end) {} {
                let lanes := 0
                let pause := add(weights, 256)
                if gt(pause, end) {
                    pause := end
                }
                for {} lt(weights, pause) {} {
                    let w := xor(mload(weights), BYTE_SIGNS)
                    w := or(and(w, QUARTERS_2_1), or(shr(192, w), shl(192, w)))
                    let exchange := and(xor(w, shr(96, w)), LOW_OF_128)
                    w := xor(w, xor(exchange, shl(96, exchange)))
                    exchange := and(xor(w, shr(48, w)), LOW_OF_64)
                    w := xor(w, xor(exchange, shl(48, exchange)))

                    let a := xor(mload(values), PAIR_SIGNS)
                    let odd := mul(sub(and(w, LOW_BYTES), BYTE_BIAS), sub(and(a, LOW_PAIRS), PAIR_BIAS))
                    let even := mul(
                        sub(and(shr(8, w), LOW_BYTES), BYTE_BIAS),
                        sub(and(shr(16, a), LOW_PAIRS), PAIR_BIAS)
                    )
                    lanes := add(lanes, add(odd, even))

                    a := xor(mload(add(values, 32)), PAIR_SIGNS)
                    odd := mul(sub(and(shr(16, w), LOW_BYTES), BYTE_BIAS), sub(and(a, LOW_PAIRS), PAIR_BIAS))
                    even := mul(
                        sub(and(shr(24, w), LOW_BYTES), BYTE_BIAS),
                        sub(and(shr(16, a), LOW_PAIRS), PAIR_BIAS)
                    )
                    lanes := add(lanes, add(odd, even))

                    weights := add(weights, 32)
                    values := add(values, 64)
                }
                sum := add(sum, sar(224, add(lanes, shl(223, 1))))
            }
        }
    }

    /// @notice Σ left[k] · right[k] of `count` int16 each.
    function dotNarrow(Tile left, Tile right, uint256 count) internal pure returns (int256 sum) {
        unchecked {
            for (uint256 k; k < count; ++k) sum += left.int16At(k) * right.int16At(k);
        }
    }
}
