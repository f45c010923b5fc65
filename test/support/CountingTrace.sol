// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Commitments} from "../../contracts/libraries/Commitments.sol";
import {ElementAddress} from "../../contracts/types/Claim.sol";

/// @notice Where a trace differs from the honest one: one tile whose elements count from 5,000. None if `lies` is false.
struct Lie {
    bool lies;
    uint32 position;
    uint32 operator;
    uint32 tile;
}

/// @notice Whole traces of `CountingMachine`: nodes, siblings, tiles, witnesses.
contract CountingTrace {
    uint32 public constant EXISTING = 12;
    uint256 private constant POSITIONS = 20;
    uint256 private constant OPERATORS = 3;
    uint256 private constant TILES = 74;

    /// @dev The leaves of the honest tree over positions, which takes long to hash.
    bytes32[32] private _positions;

    constructor() {
        Lie memory none;
        for (uint32 i = 0; i < 32; ++i) {
            _positions[i] = i < POSITIONS ? _root(operatorRow(i, none), 0) : Commitments.PAD;
        }
    }

    /// @notice Number of tiles of an operator; 0 if the machine does not have it.
    function tilesOf(uint32 operator) public pure returns (uint32) {
        return
            operator == 0
                ? 1
                : operator == 1
                    ? 3
                    : operator == 2
                        ? 70
                        : 0;
    }

    /// @notice The bytes of a tile; none where the trace has PAD.
    function tile(
        uint32 position,
        uint32 operator,
        uint32 index,
        Lie memory lie
    ) public pure returns (bytes memory) {
        if (position >= EXISTING || index >= tilesOf(operator)) return "";
        uint32 first = uint32(position * TILES + _tilesBefore(operator) + index);
        if (_isAt(lie, position, operator) && lie.tile == index) first = 5_000;
        return abi.encodePacked(first, first + 1, first + 2, first + 3);
    }

    /// @notice Descendants of a node, left to right; `index` counts the nodes of its level.
    function descendants(
        uint8 tree,
        ElementAddress memory place,
        uint8 level,
        uint256 levels,
        Lie memory lie
    ) external view returns (bytes32[] memory found) {
        bytes32[] memory row = _rowOf(tree, place, lie);
        for (uint256 height = 1; height <= level - levels; ++height) row = _parents(row, height);
        uint256 first = uint256(_indexIn(tree, place)) << levels;
        found = new bytes32[](1 << levels);
        for (uint256 i = 0; i < found.length; ++i) found[i] = row[first + i];
    }

    /// @notice The siblings from a descendant up to the node that `children` are all descendants of.
    /// @param height Levels from the children to the leaves.
    function siblings(
        bytes32[] memory children,
        uint256 index,
        uint256 height
    ) public pure returns (bytes32[] memory found) {
        uint256 levels = 0;
        while (children.length > uint256(1) << levels) ++levels;
        found = new bytes32[](levels);
        for (uint256 i = 0; i < levels; ++i) {
            found[i] = children[(index >> i) ^ 1];
            children = _parents(children, height + i + 1);
        }
    }

    /// @notice The root over positions.
    function rootOf(Lie memory lie) external view returns (bytes32) {
        return _root(_positionRow(lie), 0);
    }

    /// @notice What the step about an element needs, from a trace in which it is.
    function witness(ElementAddress memory place, Lie memory lie) external view returns (bytes memory) {
        uint256 number = place.position * TILES + _tilesBefore(place.operator) + place.tile;
        bool exists = place.position < EXISTING && place.tile < tilesOf(place.operator);
        bytes memory own = tile(place.position, place.operator, place.tile, lie);
        if (!exists || number == 0) return abi.encode(own, "", new bytes32[](0));
        uint32 position = uint32((number - 1) / TILES);
        uint32 before = uint32((number - 1) % TILES);
        uint32 operator =
            before == 0
                ? 0
                : before < 4
                    ? 1
                    : 2;
        before -= _tilesBefore(operator);
        return abi.encode(own, tile(position, operator, before, lie), _path(position, operator, before, lie));
    }

    /// @notice What the step about a token, or the ending, of an answer needs.
    function outputWitness(
        bytes memory tokens,
        uint32 element,
        Lie memory lie
    ) external view returns (bytes memory) {
        if (element >= tokens.length / 4) return abi.encode(tokens, "", new bytes32[](0));
        return abi.encode(tokens, tile(element, 0, 0, lie), _path(element, 0, 0, lie));
    }

    function _path(
        uint32 position,
        uint32 operator,
        uint32 index,
        Lie memory lie
    ) private view returns (bytes32[] memory path) {
        bytes32[] memory low = siblings(_tileRow(position, operator, lie), index, 0);
        bytes32[] memory middle = siblings(operatorRow(position, lie), operator, 0);
        bytes32[] memory high = siblings(_positionRow(lie), position, 0);
        path = new bytes32[](low.length + middle.length + high.length);
        for (uint256 i = 0; i < path.length; ++i) {
            path[i] =
                i < low.length
                    ? low[i]
                    : i < low.length + middle.length
                        ? middle[i - low.length]
                        : high[i - low.length - middle.length];
        }
    }

    function _rowOf(
        uint8 tree,
        ElementAddress memory place,
        Lie memory lie
    ) private view returns (bytes32[] memory) {
        if (tree == 0) return _positionRow(lie);
        return tree == 1 ? operatorRow(place.position, lie) : _tileRow(place.position, place.operator, lie);
    }

    function _positionRow(Lie memory lie) private view returns (bytes32[] memory row) {
        row = new bytes32[](32);
        for (uint256 i = 0; i < 32; ++i) row[i] = _positions[i];
        if (lie.lies) row[lie.position] = _root(operatorRow(lie.position, lie), 0);
    }

    /// @notice The leaves of a position's tree.
    function operatorRow(uint32 position, Lie memory lie) public pure returns (bytes32[] memory row) {
        row = new bytes32[](4);
        for (uint32 i = 0; i < 4; ++i) row[i] = _root(_tileRow(position, i, lie), 0);
    }

    function _tileRow(
        uint32 position,
        uint32 operator,
        Lie memory lie
    ) private pure returns (bytes32[] memory row) {
        uint256 width = 1;
        while (width < tilesOf(operator)) width *= 2;
        row = new bytes32[](width);
        for (uint32 i = 0; i < width; ++i) {
            bytes memory data = tile(position, operator, i, lie);
            row[i] =
                data.length == 0 ? Commitments.PAD : keccak256(abi.encodePacked(Commitments.LEAF_TAG, data));
        }
    }

    function _root(bytes32[] memory row, uint256 height) private pure returns (bytes32) {
        while (row.length > 1) row = _parents(row, ++height);
        return row[0];
    }

    function _parents(bytes32[] memory row, uint256 height) private pure returns (bytes32[] memory parents) {
        parents = new bytes32[](row.length / 2);
        for (uint256 i = 0; i < parents.length; ++i) {
            parents[i] = keccak256(
                abi.encodePacked(Commitments.NODE_TAG, uint8(height), row[2 * i], row[2 * i + 1])
            );
        }
    }

    function _indexIn(uint8 tree, ElementAddress memory place) private pure returns (uint32) {
        if (tree == 0) return place.position;
        return tree == 1 ? place.operator : place.tile;
    }

    function _isAt(Lie memory lie, uint32 position, uint32 operator) private pure returns (bool) {
        return lie.lies && lie.position == position && lie.operator == operator;
    }

    function _tilesBefore(uint32 operator) private pure returns (uint32) {
        return
            operator == 0
                ? 0
                : operator == 1
                    ? 1
                    : 4;
    }
}
