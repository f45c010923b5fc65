// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Assertions of Solidity tests: a test fails by reverting, with what it found and what it wanted.
abstract contract Assert {
    error NotEqual(string what, uint256 found, uint256 wanted);
    error NotEqualBytes(string what, bytes32 found, bytes32 wanted);
    error Above(string what, uint256 found, uint256 limit);
    error NotTrue(string what);

    function assertEqual(uint256 found, uint256 wanted, string memory what) internal pure {
        if (found != wanted) revert NotEqual(what, found, wanted);
    }

    function assertEqual(bytes32 found, bytes32 wanted, string memory what) internal pure {
        if (found != wanted) revert NotEqualBytes(what, found, wanted);
    }

    function assertAtMost(uint256 found, uint256 limit, string memory what) internal pure {
        if (found > limit) revert Above(what, found, limit);
    }

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    /// @notice Folds any number into a range, both ends included.
    function bound(uint256 value, uint256 minimum, uint256 maximum) internal pure returns (uint256) {
        return minimum + (value % (maximum - minimum + 1));
    }
}
