// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TokenIds} from "../../contracts/libraries/TokenIds.sol";
import {CommitmentsHarness} from "../../contracts/mocks/CommitmentsHarness.sol";
import {Assert} from "../support/Assert.sol";
import {vm} from "../support/Vm.sol";

/// @notice The range check on eight ids at a time against one id at a time, and how both fail.
contract TokenIdsTest is Assert {
    CommitmentsHarness private harness;

    function setUp() public {
        harness = new CommitmentsHarness();
    }

    function testFuzz_requireInVocabulary_agreesWithOneByOne(
        uint32[] calldata ids,
        uint32 vocabularySize
    ) public {
        _check(ids, uint32(bound(vocabularySize, 1, 1 << 24)));
    }

    /// @notice All ids are inside but one, which is anything.
    function testFuzz_requireInVocabulary_findsOneOutside(
        uint256 length,
        uint256 position,
        uint32 outside,
        uint32 vocabularySize
    ) public {
        vocabularySize = uint32(bound(vocabularySize, 1, 1 << 24));
        uint32[] memory ids = new uint32[](bound(length, 1, 40));
        for (uint256 i = 0; i < ids.length; ++i)
            ids[i] = uint32(uint256(keccak256(abi.encode(i))) % vocabularySize);
        ids[position % ids.length] = outside;
        _check(ids, vocabularySize);
    }

    /// @notice Ids at the edges of lanes and of the range, in every position of two words and a tail.
    function test_requireInVocabulary_atEveryEdgeAndPosition() public {
        uint32[3] memory sizes = [uint32(1), 1_000, 1 << 24];
        for (uint256 s = 0; s < sizes.length; ++s) {
            uint32 size = sizes[s];
            uint32[7] memory edges = [
                size - 1,
                size,
                size + 1,
                uint32(0x7fffffff),
                uint32(0x80000000),
                uint32(0x80000000) + size,
                type(uint32).max
            ];
            for (uint256 e = 0; e < edges.length; ++e) {
                for (uint256 position = 0; position < 19; ++position) {
                    uint32[] memory ids = new uint32[](19);
                    ids[position] = edges[e];
                    _check(ids, size);
                }
            }
        }
    }

    /// @notice Neighbours of an id that overflows its lane must not be blamed: the first one outside is named.
    function test_requireInVocabulary_namesTheFirstOutside() public {
        uint32[] memory ids = new uint32[](16);
        (ids[9], ids[11]) = (type(uint32).max, 1_000);
        vm.expectRevert(
            abi.encodeWithSelector(TokenIds.TokenOutsideVocabulary.selector, 9, type(uint32).max, 1_000)
        );
        harness.requireInVocabulary(_pack(ids), 1_000);
    }

    /// @notice What follows a short tail in calldata is not looked at.
    function testFuzz_requireInVocabulary_ignoresWhatFollows(uint256 length) public view {
        length = bound(length, 0, 24);
        uint32[] memory ids = new uint32[](32);
        for (uint256 i = length; i < ids.length; ++i) ids[i] = type(uint32).max;
        harness.requirePartInVocabulary(_pack(ids), 0, 4 * length, 1);
    }

    function testFuzz_count_refusesWhatIsNotAligned(bytes calldata tokens) public {
        if (tokens.length % 4 != 0) {
            vm.expectRevert(abi.encodeWithSelector(TokenIds.TokenBytesNotAligned.selector, tokens.length));
            harness.countOf(tokens);
        } else {
            assertEqual(harness.countOf(tokens), tokens.length / 4, "count");
        }
    }

    function _check(uint32[] memory ids, uint32 vocabularySize) private {
        for (uint256 i = 0; i < ids.length; ++i) {
            if (ids[i] < vocabularySize) continue;
            vm.expectRevert(
                abi.encodeWithSelector(TokenIds.TokenOutsideVocabulary.selector, i, ids[i], vocabularySize)
            );
            break;
        }
        harness.requireInVocabulary(_pack(ids), vocabularySize);
    }

    function _pack(uint32[] memory ids) private pure returns (bytes memory packed) {
        packed = new bytes(4 * ids.length);
        for (uint256 i = 0; i < packed.length; ++i) packed[i] = bytes4(ids[i / 4])[i % 4];
    }
}
