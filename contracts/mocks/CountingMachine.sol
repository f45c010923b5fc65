// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Claim, ElementAddress, Part} from "../types/Claim.sol";

/// @title A machine that counts
/// @notice A step verifier for games without a model. The first twelve of its twenty positions exist; each has three operators, of 1, 3 and 70 tiles, of
/// four 32-bit elements. Each element is one more than the same element of the tile before; in the first tile it is its own index. An answer
/// has three tokens: token j is the first element of position j. It has no state, so its code can stand in for another's.
contract CountingMachine is IStepVerifier {
    uint32 public constant POSITIONS = 20;
    uint32 public constant EXISTING = 12;
    uint32 public constant OPERATORS = 3;
    uint32 public constant TILES = 1 + 3 + 70;
    uint256 private constant TILE_BYTES = 16;
    uint256 private constant TOKENS = 3;

    error WrongOpening(bytes32 expected, bytes32 found);

    /// @inheritdoc IStepVerifier
    function widths(bytes32, uint32 operator) external pure returns (uint32, uint32, uint32) {
        return (POSITIONS, OPERATORS, _tilesOf(operator));
    }

    /// @inheritdoc IStepVerifier
    /// @dev The witness: the tile's bytes (in the output all tokens), the bytes of the tile that it is compared with, that one's siblings upwards.
    function isCorrect(
        Claim calldata claim,
        ElementAddress calldata target,
        bytes32 leaf,
        bytes calldata witness
    ) external view returns (bool) {
        (bytes memory own, bytes memory other, bytes32[] memory path) = abi.decode(
            witness,
            (bytes, bytes, bytes32[])
        );
        if (target.part == Part.Output) {
            bytes32 root = this.tokensRoot(own);
            if (root != claim.outputTokensRoot) revert WrongOpening(claim.outputTokensRoot, root);
            if (target.element >= claim.outputCount) return claim.outputCount == TOKENS;
            _requireOpening(claim, target.element, 0, 0, other, path);
            return _elementOf(own, target.element) == _elementOf(other, 0);
        }
        if (
            target.position >= EXISTING ||
            target.operator >= OPERATORS ||
            target.tile >= _tilesOf(target.operator)
        ) return leaf == Commitments.PAD;
        if (leaf == Commitments.PAD) return false;
        if (_leafOf(own) != leaf) revert WrongOpening(leaf, _leafOf(own));
        if (own.length != TILE_BYTES) return false;
        if (target.element >= TILE_BYTES / 4) return true;
        uint256 number = target.position * TILES + _tilesBefore(target.operator) + target.tile;
        if (number == 0) return _elementOf(own, target.element) == target.element;

        uint256 before = (number - 1) % TILES;
        uint32 operator =
            before == 0
                ? 0
                : before < 4
                    ? 1
                    : 2;
        _requireOpening(claim, (number - 1) / TILES, operator, before - _tilesBefore(operator), other, path);
        return _elementOf(own, target.element) == _elementOf(other, target.element) + 1;
    }

    function tokensRoot(bytes calldata tokens) external pure returns (bytes32) {
        return Commitments.tokensRoot(tokens);
    }

    function _requireOpening(
        Claim calldata claim,
        uint256 position,
        uint32 operator,
        uint256 tile,
        bytes memory data,
        bytes32[] memory path
    ) private pure {
        bytes32 node = _leafOf(data);
        uint256 next;
        for (uint256 tree = 0; tree < 3; ++tree) {
            uint256 index =
                tree == 0
                    ? tile
                    : tree == 1
                        ? operator
                        : position;
            uint256 depth = _depth(
                tree == 0
                    ? _tilesOf(operator)
                    : tree == 1
                        ? OPERATORS
                        : POSITIONS
            );
            for (uint256 level = 1; level <= depth; ++level) {
                bytes32 sibling = path[next++];
                (bytes32 left, bytes32 right) = index & 1 == 0 ? (node, sibling) : (sibling, node);
                node = keccak256(abi.encodePacked(Commitments.NODE_TAG, uint8(level), left, right));
                index >>= 1;
            }
        }
        if (node != claim.positionsRoot) revert WrongOpening(claim.positionsRoot, node);
    }

    function _leafOf(bytes memory data) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(Commitments.LEAF_TAG, data));
    }

    /// @dev Big-endian element `index`; 0 beyond the end.
    function _elementOf(bytes memory data, uint256 index) private pure returns (uint256 value) {
        for (uint256 i = 4 * index; i < 4 * index + 4; ++i) {
            value = (value << 8) | (i < data.length ? uint8(data[i]) : 0);
        }
    }

    function _tilesOf(uint32 operator) private pure returns (uint32) {
        return
            operator == 0
                ? 1
                : operator == 1
                    ? 3
                    : operator == 2
                        ? 70
                        : 0;
    }

    function _tilesBefore(uint32 operator) private pure returns (uint256) {
        return
            operator == 0
                ? 0
                : operator == 1
                    ? 1
                    : 4;
    }

    function _depth(uint32 width) private pure returns (uint256 depth) {
        while (1 << depth < width) ++depth;
    }
}
