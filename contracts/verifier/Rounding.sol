// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Rounding: the numbers of docs/engine.md, section 1
/// @notice Total for every magnitude below 2^199 and every shift, far beyond what any operator computes, whatever its inputs.
library Rounding {
    /// @notice Largest magnitude of a narrow element.
    int256 internal constant NARROW_MAXIMUM = 32_639;

    /// @notice Nearest int32.
    function saturate32(int256 x) internal pure returns (int256) {
        if (x > type(int32).max) return type(int32).max;
        return x < type(int32).min ? int256(type(int32).min) : x;
    }

    /// @notice Nearest integer in [-32,639, 32,639].
    function saturateNarrow(int256 x) internal pure returns (int256) {
        if (x > NARROW_MAXIMUM) return NARROW_MAXIMUM;
        return x < -NARROW_MAXIMUM ? -NARROW_MAXIMUM : x;
    }

    /// @notice x / 2^shift, rounded half up and not saturated for shift >= 1; saturate32(saturate32(x) · 2^-shift) for shift <= 0.
    function shiftRound(int256 x, int256 shift) internal pure returns (int256) {
        unchecked {
            if (shift > 200) return 0;
            if (shift > 0) return (x + int256(1 << (uint256(shift) - 1))) >> uint256(shift);
            // 32 places are as good as any larger number of them.
            uint256 left = shift < -32 ? 32 : uint256(-shift);
            return saturate32(saturate32(x) << left);
        }
    }

    /// @notice Number of binary digits of a positive integer.
    function bitLength(uint256 x) internal pure returns (uint256) {
        return Math.log2(x) + 1;
    }

    /// @notice Smallest e >= 0 with shiftRound(maximum, e) <= 32,639, not saturated at e = 0. At most 17 for a maximum of at most 2^31.
    function narrowExponent(uint256 maximum) internal pure returns (uint256 exponent) {
        unchecked {
            while (
                (exponent == 0 ? maximum : (maximum + (1 << (exponent - 1))) >> exponent) >
                uint256(NARROW_MAXIMUM)
            ) {
                ++exponent;
            }
        }
    }

    /// @notice |x|.
    function magnitude(int256 x) internal pure returns (uint256) {
        unchecked {
            return uint256(x < 0 ? -x : x);
        }
    }
}
