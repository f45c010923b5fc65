// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {Tile} from "./Tile.sol";

/// @notice One array of the trace: `groups` × `size` elements, each group cut into tiles.
/// @param groups 0 for a section that the operator does not have at its size.
/// @param size Elements of a group.
/// @param tile Elements of a tile; the last of a group may be shorter.
/// @param width Bytes of an element.
/// @param isUnsigned Whether elements are never negative; else they are two's complement.
/// @param isSampled Whether it exists only in requests that sample.
/// @param stride Positions that an element stands for in a group over positions, else 0.
/// @param firstTile Index in the operator of its first tile.
struct Section {
    uint256 groups;
    uint256 size;
    uint256 tile;
    uint256 width;
    bool isUnsigned;
    bool isSampled;
    uint256 stride;
    uint256 firstTile;
}

/// @title Sections: how the trace of an operator is laid out
/// @notice As docs/engine.md, section 5, lists them. Sections have the same index at every size: one that is "if chunked" and
/// is not there has no tiles.
library Sections {
    /// @notice Elements of the tiles of a wide output, and of one step of a reduction.
    uint256 internal constant WIDE_TILE = 1024;
    /// @notice Elements of the tiles of a narrow output, and weights in a chunk of a row.
    uint256 internal constant NARROW_TILE = 4096;
    /// @notice Positions in a tile, and in a step of a reduction, of attention.
    uint256 internal constant POSITION_TILE = 256;
    /// @notice Positions in a page.
    uint256 internal constant PAGE = 32;
    /// @notice Tokens in a word of the set of seen ones.
    uint256 internal constant TOKENS_PER_WORD = 32;
    /// @notice Tokens that `recent` has.
    uint256 internal constant RECENT_TOKENS = 16;
    /// @notice Bits of a weight of `sample`, each of which takes two sections to find the threshold.
    uint256 internal constant THRESHOLD_BITS = 29;
    /// @notice Rows whose partial sums share a tile.
    uint256 internal constant PARTIAL_ROWS = 64;

    /// @notice The sections of an operator, in the trace's order; the last is its output.
    function layoutOf(
        IProgramRegistry.Operator memory operator,
        uint256 contextLength
    ) internal pure returns (Section[] memory sections) {
        uint256 opcode = operator.opcode;
        uint256 first = constantOf(operator, 0);
        uint256 second = constantOf(operator, 1);
        uint256 third = constantOf(operator, 2);
        uint256 spans = Math.ceilDiv(contextLength, POSITION_TILE);
        if (opcode == Opcodes.EMBED) {
            sections = _only(_wide(second));
        } else if (opcode == Opcodes.NORMALIZE) {
            uint256 chunks = Math.ceilDiv(second, WIDE_TILE);
            sections = new Section[](5);
            sections[0] = _section(first * _ifChunked(chunks), chunks, 64, 4, 0);
            sections[0].isUnsigned = true;
            sections[1] = _section(first, 1, 1, 4, 0);
            sections[2] = _section(first * _ifChunked(chunks), chunks, 64, 8, 0);
            sections[3] = _section(first, 2, 2, 4, 0);
            sections[4] = _wide(first * second);
        } else if (opcode == Opcodes.NARROW) {
            uint256 chunks = Math.ceilDiv(second, WIDE_TILE);
            sections = new Section[](3);
            sections[0] = _section(first * _ifChunked(chunks), chunks, 64, 4, 0);
            sections[0].isUnsigned = true;
            sections[1] = _section(first, 1, 1, 4, 0);
            sections[2] = _section(first, second, NARROW_TILE, 2, 0);
        } else if (opcode == Opcodes.LINEAR) {
            uint256 chunks = Math.ceilDiv(second, NARROW_TILE);
            sections = new Section[](2);
            sections[0] = _section(_ifChunked(chunks), first * chunks, PARTIAL_ROWS * chunks, 8, 0);
            sections[1] = _wide(first);
        } else if (opcode == Opcodes.ROTATE) {
            sections = _only(_wide(first * second));
        } else if (opcode == Opcodes.PAGE) {
            sections = _only(_section(first * second, PAGE, PAGE, 2, 0));
        } else if (opcode == Opcodes.SCORES) {
            sections = _only(_section(first, contextLength, POSITION_TILE, 4, 1));
        } else if (opcode == Opcodes.SOFTMAX) {
            sections = new Section[](3);
            sections[0] = _section(first, spans, 256, 4, POSITION_TILE);
            sections[1] = _section(first, 1, 1, 4, 0);
            sections[2] = _section(first, contextLength, POSITION_TILE, 4, 1);
        } else if (opcode == Opcodes.MIX) {
            sections = new Section[](4);
            sections[0] = _section(first, spans, 256, 8, POSITION_TILE);
            sections[1] = _section(first, 1, 1, 8, 0);
            sections[2] = _section(first * third, spans, 256, 8, POSITION_TILE);
            sections[3] = _wide(first * third);
        } else if (opcode == Opcodes.GATE || opcode == Opcodes.ADD) {
            sections = _only(_wide(first));
        } else if (opcode == Opcodes.SAMPLE) {
            sections = _sampleSections(first);
        } else if (opcode == Opcodes.SEEN) {
            sections = _only(_wide(Math.ceilDiv(first, TOKENS_PER_WORD)));
        } else if (opcode == Opcodes.RECENT) {
            sections = _only(_section(1, RECENT_TOKENS, RECENT_TOKENS, 4, 0));
        } else if (opcode == Opcodes.STOP) {
            sections = _only(_section(1, 1, 1, 4, 0));
        } else {
            revert IStepVerifier.UnknownOpcode(operator.opcode);
        }
        uint256 tiles;
        for (uint256 i; i < sections.length; ++i) {
            sections[i].firstTile = tiles;
            tiles += sections[i].groups * tilesPerGroup(sections[i]);
        }
    }

    /// @notice Number of tiles of an operator.
    function tilesOf(Section[] memory sections) internal pure returns (uint256) {
        Section memory last = sections[sections.length - 1];
        return last.firstTile + last.groups * tilesPerGroup(last);
    }

    function tilesPerGroup(Section memory section) internal pure returns (uint256) {
        return Math.ceilDiv(section.size, section.tile);
    }

    /// @notice Elements of a tile of a group.
    function elementsOf(Section memory section, uint256 tileOfGroup) internal pure returns (uint256) {
        return Math.min(section.tile, section.size - tileOfGroup * section.tile);
    }

    /// @notice Section, group and tile of the group that tile `tile` of an operator is.
    function locate(
        Section[] memory sections,
        uint256 tile
    ) internal pure returns (uint256 index, uint256 group, uint256 tileOfGroup) {
        index = sections.length - 1;
        while (tile < sections[index].firstTile) --index;
        uint256 perGroup = tilesPerGroup(sections[index]);
        uint256 offset = tile - sections[index].firstTile;
        return (index, offset / perGroup, offset % perGroup);
    }

    /// @notice Element `index` of a tile, in the section's type.
    function elementAt(Section memory section, Tile tile, uint256 index) internal pure returns (int256) {
        uint256 word = tile.skip(index * section.width).word();
        uint256 surplus = 256 - 8 * section.width;
        return section.isUnsigned ? int256(word >> surplus) : int256(word) >> surplus;
    }

    /// @notice Levels of a tree over `leaves` leaves.
    function depthOf(uint256 leaves) internal pure returns (uint256) {
        return leaves < 2 ? 0 : Math.log2(leaves - 1) + 1;
    }

    /// @notice Constant `index`, one that is never negative.
    function constantOf(
        IProgramRegistry.Operator memory operator,
        uint256 index
    ) internal pure returns (uint256) {
        return uint64(operator.constants[index]);
    }

    /// @dev Winners and best; weights, masses and target; counted and threshold for each bit; kept and draw; the output.
    function _sampleSections(uint256 vocabulary) private pure returns (Section[] memory sections) {
        uint256 chunks = Math.ceilDiv(vocabulary, WIDE_TILE);
        uint256 kept = 5 + 2 * THRESHOLD_BITS;
        sections = new Section[](kept + 3);
        sections[0] = _section(1, 2 * chunks, 256, 4, 0);
        sections[1] = _section(1, 2, 2, 4, 0);
        sections[2] = _wide(vocabulary);
        sections[3] = _section(1, chunks, 256, 8, 0);
        sections[4] = _section(1, 1, 1, 8, 0);
        for (uint256 i = 5; i < kept; i += 2) {
            sections[i] = _section(1, 2 * chunks, 256, 8, 0);
            sections[i + 1] = _section(1, 1, 1, 4, 0);
        }
        sections[kept] = _section(1, chunks, 256, 8, 0);
        sections[kept + 1] = _section(1, 2, 2, 8, 0);
        sections[kept + 2] = _section(1, 1, 1, 4, 0);
        for (uint256 i = 2; i < kept + 2; ++i) sections[i].isSampled = true;
    }

    function _section(
        uint256 groups,
        uint256 size,
        uint256 tile,
        uint256 width,
        uint256 stride
    ) private pure returns (Section memory) {
        return Section(groups, size, tile, width, false, false, stride, 0);
    }

    function _wide(uint256 size) private pure returns (Section memory) {
        return _section(1, size, WIDE_TILE, 4, 0);
    }

    function _only(Section memory section) private pure returns (Section[] memory sections) {
        sections = new Section[](1);
        sections[0] = section;
    }

    /// @dev A reduction over one chunk leaves no partial results.
    function _ifChunked(uint256 chunks) private pure returns (uint256) {
        return chunks > 1 ? 1 : 0;
    }
}
