// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Generation} from "../libraries/Generation.sol";
import {OperatorRules} from "../libraries/OperatorRules.sol";
import {Merkle} from "./Merkle.sol";
import {Section, Sections} from "./Sections.sol";
import {Step} from "./Step.sol";
import {Tile} from "./Tile.sol";
import {Reader, Witness} from "./Witness.sol";

/// @notice An operator whose trace is read.
/// @param index Its index in the program.
/// @param sections Its sections; the last is its output.
/// @param depth Levels of the tree over its tiles.
struct Source {
    uint256 index;
    Section[] sections;
    uint256 depth;
}

/// @title Openings: what a witness shows, held against the roots
/// @notice Each opening is bytes and the siblings above them; see docs/dispute.md, "Witnesses". Anything that does not lead to its root reverts.
library Openings {
    using Witness for Reader;

    /// @dev What a leaf of a private prompt begins with.
    uint256 private constant BLIND_BYTES = 32;

    /// @notice Any operator of the program.
    function sourceOf(Step memory step, uint256 operatorIndex) internal view returns (Source memory source) {
        IProgramRegistry.Operator memory operator = step.programs.operatorAt(
            step.programRoot,
            uint32(operatorIndex)
        );
        return _source(operatorIndex, operator, step.program.contextLength);
    }

    /// @notice Input `index` of the step's operator.
    function inputOf(Step memory step, uint256 index) internal view returns (Source memory) {
        return sourceOf(step, step.operator.inputs[index]);
    }

    /// @notice The step's operator itself.
    function ownOf(Step memory step) internal pure returns (Source memory) {
        return _source(step.operatorIndex, step.operator, step.program.contextLength);
    }

    /// @notice Index of the output among a source's sections.
    function outputOf(Source memory source) internal pure returns (uint256) {
        return source.sections.length - 1;
    }

    /// @notice A tile of the trace that is not PAD.
    /// @param tileOfGroup Index of the tile in its group.
    function tile(
        Reader memory reader,
        Step memory step,
        Source memory source,
        uint256 section,
        uint256 group,
        uint256 tileOfGroup,
        uint256 position
    ) internal pure returns (Tile opened) {
        bool isPad;
        (opened, isPad) = tileOrPad(reader, step, source, section, group, tileOfGroup, position);
        if (isPad) revert IStepVerifier.InputMissing(position, source.index);
    }

    /// @notice A tile of the output at the step's position that is not PAD.
    function output(
        Reader memory reader,
        Step memory step,
        Source memory source,
        uint256 tileOfGroup
    ) internal pure returns (Tile) {
        return tile(reader, step, source, outputOf(source), 0, tileOfGroup, step.position);
    }

    /// @notice A tile of the trace.
    /// @return opened Nothing for PAD.
    function tileOrPad(
        Reader memory reader,
        Step memory step,
        Source memory source,
        uint256 section,
        uint256 group,
        uint256 tileOfGroup,
        uint256 position
    ) internal pure returns (Tile opened, bool isPad) {
        Section memory shape = source.sections[section];
        bytes32 hash;
        (opened, hash) = _tileBytes(reader, Sections.elementsOf(shape, tileOfGroup) * shape.width);
        isPad = hash == Commitments.PAD;
        uint256 index = shape.firstTile + group * Sections.tilesPerGroup(shape) + tileOfGroup;
        hash = _climb(reader, hash, index, source.depth);
        hash = _climb(reader, hash, source.index, Sections.depthOf(step.program.operatorCount));
        hash = _climb(reader, hash, position, Sections.depthOf(step.program.contextLength));
        _expect(step.positionsRoot, hash);
    }

    /// @notice A leaf of the step's tensor `index`: of a row of weights, uint16 multiplier ‖ int16 shift ‖ int8 each weight; of a row of a
    /// table, int32 each entry.
    function tensor(
        Reader memory reader,
        Step memory step,
        uint256 index,
        uint256 row,
        uint256 chunk
    ) internal view returns (Tile opened) {
        uint32 id = step.operator.tensors[index];
        IProgramRegistry.Tensor memory descriptor = step.programs.tensorAt(step.programRoot, id);
        bool isTable = descriptor.kind == OperatorRules.TABLE;
        Section memory shape = Section({
            groups: descriptor.rows,
            size: descriptor.columns,
            tile: isTable ? Sections.WIDE_TILE : Sections.NARROW_TILE,
            width: isTable ? 4 : 1,
            isUnsigned: false,
            isSampled: false,
            stride: 0,
            firstTile: 0
        });
        uint256 length = Sections.elementsOf(shape, chunk) * shape.width + (isTable ? 0 : 4);
        uint256 chunks = Sections.tilesPerGroup(shape);
        bytes32 hash;
        (opened, hash) = Merkle.leafAt(reader.take(length), length);
        hash = _climb(reader, hash, row * chunks + chunk, Sections.depthOf(shape.groups * chunks));
        hash = _climb(reader, hash, id, Sections.depthOf(step.program.tensorCount));
        _expect(step.weightsRoot, hash);
    }

    /// @notice Token `index` of a list of `count` tokens.
    function token(
        Reader memory reader,
        bytes32 root,
        uint256 count,
        uint256 index
    ) internal pure returns (uint256) {
        (Tile opened, bytes32 found) = _tokens(reader, Commitments.LEAF_TAG, 0, count, index);
        _expect(root, found);
        return opened.uint32At(index % Commitments.TOKENS_PER_TILE);
    }

    /// @notice Token `index` of the step's prompt. In a private request its leaf begins with a blind, and the root over the output's keys follows the siblings.
    function promptToken(
        Reader memory reader,
        Step memory step,
        uint256 index
    ) internal pure returns (uint256) {
        if (!Generation.isPrivate(step.generation))
            return token(reader, step.promptTokensRoot, step.promptCount, index);
        (Tile opened, bytes32 prompt) = _tokens(
            reader,
            Commitments.BLINDED_TAG,
            BLIND_BYTES,
            step.promptCount,
            index
        );
        bytes32 keys = bytes32(reader.number(32));
        _expect(step.promptTokensRoot, Commitments.privatePromptRoot(prompt, keys));
        return opened.skip(BLIND_BYTES).uint32At(index % Commitments.TOKENS_PER_TILE);
    }

    /// @notice What token `index` of the output is encrypted with in the step's request, a private one. Its key is opened; the root over the prompt follows
    /// the siblings.
    /// @param index Below 2^16, as every context is.
    function padOf(Reader memory reader, Step memory step, uint256 index) internal pure returns (uint256) {
        uint256 perKey = Commitments.TOKENS_PER_KEY;
        (Tile key, bytes32 hash) = Merkle.leafAt(reader.take(32), 32);
        bytes32 keys = _climb(reader, hash, index / perKey, Commitments.KEYS_DEPTH);
        bytes32 prompt = bytes32(reader.number(32));
        _expect(step.promptTokensRoot, Commitments.privatePromptRoot(prompt, keys));
        return Commitments.padOf(bytes32(key.word()), index % perKey);
    }

    /// @notice The token of the step's position: the prompt's, or the one that the position before chose.
    function ownToken(Reader memory reader, Step memory step) internal view returns (uint256 found) {
        if (step.position < step.promptCount) {
            found = promptToken(reader, step, step.position);
        } else {
            Source memory chosen = sourceOf(step, step.program.sampleOperator);
            found = tile(reader, step, chosen, outputOf(chosen), 0, 0, step.position - 1).uint32At(0);
        }
        if (found >= step.program.vocabularySize) {
            revert IStepVerifier.TokenOutOfVocabulary(found, step.program.vocabularySize);
        }
    }

    function _source(
        uint256 index,
        IProgramRegistry.Operator memory operator,
        uint256 contextLength
    ) private pure returns (Source memory) {
        Section[] memory sections = Sections.layoutOf(operator, contextLength);
        return Source(index, sections, Sections.depthOf(Sections.tilesOf(sections)));
    }

    function _tileBytes(
        Reader memory reader,
        uint256 length
    ) private pure returns (Tile opened, bytes32 hash) {
        uint256 kind = reader.number(1);
        if (kind == 0) return (opened, Commitments.PAD);
        if (kind != 1) revert IStepVerifier.InvalidOpening(kind);
        return Merkle.leafAt(reader.take(length), length);
    }

    /// @dev A leaf with token `index` of `count`, and the root to which it leads.
    function _tokens(
        Reader memory reader,
        uint256 tag,
        uint256 blindBytes,
        uint256 count,
        uint256 index
    ) private pure returns (Tile opened, bytes32 root) {
        uint256 perLeaf = Commitments.TOKENS_PER_TILE;
        uint256 length = blindBytes + 4 * perLeaf;
        (opened, root) = Merkle.taggedAt(tag, reader.take(length), length);
        uint256 leaves = (count + perLeaf - 1) / perLeaf;
        root = _climb(reader, root, index / perLeaf, Sections.depthOf(leaves));
    }

    function _climb(
        Reader memory reader,
        bytes32 hash,
        uint256 index,
        uint256 depth
    ) private pure returns (bytes32) {
        return Merkle.climb(hash, index, depth, reader.take(32 * depth));
    }

    function _expect(bytes32 root, bytes32 found) private pure {
        if (root != found) revert IStepVerifier.OpeningMismatch(root, found);
    }
}
