// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommitmentsHarness} from "../../contracts/mocks/CommitmentsHarness.sol";
import {Assert} from "../support/Assert.sol";

/// @notice The assembly of `Commitments.tokensRoot` against the definition, written for reading.
contract CommitmentsTest is Assert {
    CommitmentsHarness private harness;
    bytes32 private constant PAD = keccak256(hex"02");

    function setUp() public {
        harness = new CommitmentsHarness();
    }

    function testFuzz_tokensRoot_equalsTheDefinition(bytes calldata tokens) public view {
        assertEqual(harness.tokensRoot(tokens), _naiveRoot(tokens), "root");
    }

    /// @notice Up to 21 tiles: every shape of tree up to five levels.
    function testFuzz_tokensRoot_ofManyTilesEqualsTheDefinition(bytes32 seed, uint256 length) public view {
        bytes memory tokens = _randomBytes(seed, bound(length, 1, 21 * 128));
        assertEqual(harness.tokensRoot(tokens), _naiveRoot(tokens), "root");
    }

    function testFuzz_tokensRoot_ignoresCalldataAroundTheTokens(
        bytes calldata before,
        bytes calldata tokens,
        bytes calldata afterwards
    ) public view {
        assertEqual(harness.tokensRootBetween(before, tokens, afterwards), _naiveRoot(tokens), "root");
    }

    function testFuzz_tokensRoot_ofAPartIgnoresTheRest(bytes32 seed, uint256 start, uint256 end) public view {
        bytes memory tokens = _randomBytes(seed, 700);
        start = bound(start, 0, 700);
        end = bound(end, start, 700);
        bytes memory part = new bytes(end - start);
        for (uint256 i = 0; i < part.length; ++i) part[i] = tokens[start + i];
        assertEqual(harness.tokensRootOfPart(tokens, start, end), _naiveRoot(part), "root");
    }

    function testFuzz_tokensRoot_leavesTheFreeMemoryPointer(bytes calldata tokens) public view {
        (uint256 before, uint256 afterwards, bytes32 root) = harness.memoryAfterRoot(tokens);
        assertEqual(afterwards, before, "free memory");
        assertEqual(root, _naiveRoot(tokens), "root");
    }

    function test_tokensRoot_ofEveryNumberOfTilesUpTo70() public view {
        for (uint256 tiles = 0; tiles <= 70; ++tiles) {
            bytes memory tokens = _randomBytes(bytes32(tiles), tiles * 128);
            assertEqual(harness.tokensRoot(tokens), _naiveRoot(tokens), "root");
        }
    }

    function _naiveRoot(bytes memory tokens) private pure returns (bytes32) {
        uint256 tiles = (tokens.length + 127) / 128;
        if (tiles == 0) return PAD;
        uint256 width = 1;
        uint256 height = 0;
        while (width < tiles) (width, height) = (2 * width, height + 1);
        return _naiveNode(tokens, 0, height);
    }

    /// @dev The node above the leaves `first` … `first + 2^height - 1`.
    function _naiveNode(bytes memory tokens, uint256 first, uint256 height) private pure returns (bytes32) {
        if (height == 0) {
            if (first * 128 >= tokens.length) return PAD;
            bytes memory tile = new bytes(128);
            for (uint256 i = 0; i < 128 && first * 128 + i < tokens.length; ++i)
                tile[i] = tokens[first * 128 + i];
            return keccak256(abi.encodePacked(uint8(0), tile));
        }
        bytes32 left = _naiveNode(tokens, first, height - 1);
        bytes32 right = _naiveNode(tokens, first + (1 << (height - 1)), height - 1);
        return keccak256(abi.encodePacked(uint8(1), uint8(height), left, right));
    }

    function _randomBytes(bytes32 seed, uint256 length) private pure returns (bytes memory result) {
        result = new bytes(length);
        for (uint256 i = 0; i < length; ++i) result[i] = keccak256(abi.encode(seed, i / 32))[i % 32];
    }
}
