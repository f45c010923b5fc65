// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {OperatorRules} from "../libraries/OperatorRules.sol";
import {ProgramParts} from "../libraries/ProgramParts.sol";

/// @title Program registry
/// @notice See `IProgramRegistry`, which is the specification. Records of fixed size lie in the code of contracts, one for each chunk.
contract ProgramRegistry is IProgramRegistry {
    // ------------------------------------------------------------------------------------------ constants

    /// @inheritdoc IProgramRegistry
    uint32 public constant PARTS_PER_CHUNK = 256;

    /// @dev Levels of the tree below the node of a chunk.
    uint256 private constant CHUNK_DEPTH = 8;
    uint256 private constant RECORD_BYTES = 64;
    /// @dev Of `seen` and `sample`, whose steps stay below 3,000,000 gas up to it; docs/cost-sheet.md.
    uint32 private constant MAX_VOCABULARY = 1 << 20;
    uint32 private constant MAX_CONTEXT = 65_536;
    uint256 private constant MAX_PARTS = 65_536;
    uint256 private constant MAX_WORK = type(uint48).max;
    /// @dev Init code that returns what follows it: PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    uint256 private constant INIT_CODE = 0x61000080600a5f395ff3;
    uint256 private constant INIT_CODE_BYTES = 10;

    // -------------------------------------------------------------------------------------------- storage

    /// @dev The first slot is all that a valid program needs; the second holds how far adding and checking have come.
    struct Entry {
        uint32 vocabularySize;
        uint32 contextLength;
        uint32 operatorCount;
        uint32 tensorCount;
        uint48 workPerPosition;
        uint32 sampleOperator;
        uint32 stopOperator;
        bool valid;
        uint32 chunksAdded;
        uint32 operatorsChecked;
        bool embeds;
        bool seen;
        bool recent;
        uint48 workSoFar;
    }

    mapping(bytes32 programRoot => Entry) private _entries;
    mapping(bytes32 programRoot => mapping(uint256 chunk => address)) private _chunks;

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IProgramRegistry
    function addChunk(
        bytes32 programRoot,
        uint32 chunk,
        bytes[] calldata parts,
        bytes32[] calldata path
    ) external {
        if (_chunks[programRoot][chunk] != address(0)) return;
        Entry storage entry = _entries[programRoot];
        if (chunk == 0) _readHeader(entry, parts);
        else if (entry.vocabularySize == 0) revert UnknownProgram(programRoot);
        uint256 total = _partCount(entry);
        uint256 first = uint256(chunk) * PARTS_PER_CHUNK;
        if (first >= total) revert NoSuchChunk(chunk, uint32(_chunkCount(total)));
        uint256 expected = total - first < PARTS_PER_CHUNK ? total - first : PARTS_PER_CHUNK;
        if (parts.length != expected) revert WrongPartCount(parts.length, expected);
        _requireMember(programRoot, chunk, parts, path, total);
        _chunks[programRoot][chunk] = _store(parts, first, entry.operatorCount);
        entry.chunksAdded += 1;
        emit ProgramChunkAdded(programRoot, chunk, uint32(parts.length));
    }

    /// @inheritdoc IProgramRegistry
    function validate(bytes32 programRoot, uint32 limit) external returns (bool) {
        Entry memory entry = _entryOf(programRoot);
        if (entry.valid) return true;
        uint256 chunkCount = _chunkCount(_partCount(entry));
        if (entry.chunksAdded != chunkCount) revert ChunksMissing(entry.chunksAdded, uint32(chunkCount));
        uint256 work = entry.workSoFar;
        uint32 index = entry.operatorsChecked;
        uint32 end = entry.operatorCount - index > limit ? index + limit : entry.operatorCount;
        for (; index < end; ++index) work += _check(programRoot, entry, index);
        if (work > MAX_WORK) revert WorkOutOfBounds(work, MAX_WORK);
        entry.workSoFar = uint48(work);
        entry.operatorsChecked = index;
        if (index == entry.operatorCount) _complete(programRoot, entry);
        _entries[programRoot] = entry;
        return entry.valid;
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IProgramRegistry
    function programOf(bytes32 programRoot) external view returns (Program memory) {
        return _programOf(_entryOf(programRoot));
    }

    /// @inheritdoc IProgramRegistry
    function hasChunk(bytes32 programRoot, uint32 chunk) external view returns (bool) {
        return _chunks[programRoot][chunk] != address(0);
    }

    /// @inheritdoc IProgramRegistry
    function operatorsChecked(bytes32 programRoot) external view returns (uint32) {
        return _entries[programRoot].operatorsChecked;
    }

    /// @inheritdoc IProgramRegistry
    function operatorAt(bytes32 programRoot, uint32 index) external view returns (Operator memory) {
        Entry storage entry = _entries[programRoot];
        if (index >= entry.operatorCount) revert NoSuchOperator(index, entry.operatorCount);
        return _operatorAt(programRoot, index);
    }

    /// @inheritdoc IProgramRegistry
    function tensorAt(bytes32 programRoot, uint32 index) external view returns (Tensor memory) {
        Entry storage entry = _entries[programRoot];
        if (index >= entry.tensorCount) revert NoSuchTensor(index, entry.tensorCount);
        return _tensorAt(programRoot, entry.operatorCount, index);
    }

    // --------------------------------------------------------------------------------------------- chunks

    function _readHeader(Entry storage entry, bytes[] calldata parts) private {
        if (parts.length == 0) revert WrongPartCount(0, 1);
        (uint32 vocabularySize, uint32 contextLength, uint32 operatorCount, uint32 tensorCount) = ProgramParts
            .header(parts[0]);
        if (vocabularySize == 0 || vocabularySize > MAX_VOCABULARY) {
            revert VocabularyOutOfBounds(vocabularySize, MAX_VOCABULARY);
        }
        if (contextLength == 0 || contextLength > MAX_CONTEXT) {
            revert ContextOutOfBounds(contextLength, MAX_CONTEXT);
        }
        uint256 total = 1 + uint256(operatorCount) + tensorCount;
        if (total > MAX_PARTS) revert TooManyParts(total, MAX_PARTS);
        entry.vocabularySize = vocabularySize;
        entry.contextLength = contextLength;
        entry.operatorCount = operatorCount;
        entry.tensorCount = tensorCount;
    }

    /// @dev Reverts unless the parts are those of the chunk under the root, and nothing stands behind the program's last part.
    function _requireMember(
        bytes32 programRoot,
        uint256 chunk,
        bytes[] calldata parts,
        bytes32[] calldata path,
        uint256 total
    ) private pure {
        uint256 depth = _depth(total);
        uint256 levels = depth > CHUNK_DEPTH ? CHUNK_DEPTH : depth;
        if (path.length != depth - levels) revert WrongPathLength(path.length, depth - levels);
        (bytes32 node, bytes32 pad) = _subtree(parts, levels);
        bool last = chunk + 1 == _chunkCount(total);
        for (uint256 i = 0; i < path.length; ++i) {
            uint256 level = levels + i + 1;
            bool isRight = (chunk >> i) & 1 == 1;
            if (last && !isRight && path[i] != pad) revert DecoyBehindProgram(uint32(level), path[i]);
            node = isRight ? _node(level, path[i], node) : _node(level, node, path[i]);
            pad = _node(level, pad, pad);
        }
        if (node != programRoot) revert WrongProgramRoot(node, programRoot);
    }

    /// @dev The root over the parts, filled up with `PAD` to 2^levels leaves, and the node that has nothing but `PAD` below it.
    function _subtree(
        bytes[] calldata parts,
        uint256 levels
    ) private pure returns (bytes32 node, bytes32 pad) {
        uint256 count = parts.length;
        bytes32[] memory nodes = new bytes32[](count + 1);
        for (uint256 i = 0; i < count; ++i) nodes[i] = _leaf(parts[i]);
        pad = Commitments.PAD;
        for (uint256 level = 1; level <= levels; ++level) {
            if (count % 2 == 1) nodes[count] = pad;
            count = (count + 1) / 2;
            for (uint256 i = 0; i < count; ++i) nodes[i] = _node(level, nodes[2 * i], nodes[2 * i + 1]);
            pad = _node(level, pad, pad);
        }
        node = nodes[0];
    }

    /// @dev Puts the chunk's records into the code of a new contract, behind a zero byte (STOP).
    function _store(
        bytes[] calldata parts,
        uint256 first,
        uint256 operatorCount
    ) private returns (address code) {
        uint256 length = 1 + parts.length * RECORD_BYTES;
        bytes memory init = new bytes(INIT_CODE_BYTES + length);
        uint256 cursor;
        assembly ("memory-safe") {
            mstore(add(init, 32), shl(176, or(INIT_CODE, shl(56, length))))
            cursor := add(init, 43)
        }
        for (uint256 i = 0; i < parts.length; ++i) {
            uint256 high;
            uint256 low;
            uint32 number = uint32(first + i);
            if (number > operatorCount) high = ProgramParts.encodeTensor(number, parts[i]);
            else if (number > 0) (high, low) = ProgramParts.encodeOperator(number, parts[i]);
            assembly ("memory-safe") {
                mstore(cursor, high)
                mstore(add(cursor, 32), low)
                cursor := add(cursor, RECORD_BYTES)
            }
        }
        assembly ("memory-safe") {
            code := create(0, add(init, 32), mload(init))
        }
        if (code == address(0)) revert CodeNotStored();
    }

    // ----------------------------------------------------------------------------------------- validation

    /// @dev Checks one operator, notes what must exist once, and returns its work.
    function _check(
        bytes32 programRoot,
        Entry memory entry,
        uint32 index
    ) private view returns (uint256 work) {
        Operator memory operator = _operatorAt(programRoot, index);
        OperatorRules.requirePhase(index, operator);
        OperatorRules.requireConstants(index, operator, entry.vocabularySize);
        for (uint256 i = 0; i < OperatorRules.inputCount(operator.opcode); ++i) {
            _checkInput(programRoot, index, operator, i);
        }
        for (uint256 i = 0; i < operator.tensorCount; ++i) {
            _checkTensor(programRoot, entry, index, operator, i);
        }
        uint8 opcode = operator.opcode;
        if (opcode == Opcodes.EMBED) {
            if (entry.embeds) revert SecondOperator(index, opcode);
            entry.embeds = true;
        } else if (opcode == Opcodes.SEEN) {
            if (entry.seen) revert SecondOperator(index, opcode);
            entry.seen = true;
        } else if (opcode == Opcodes.RECENT) {
            if (entry.recent) revert SecondOperator(index, opcode);
            entry.recent = true;
        } else if (opcode == Opcodes.SAMPLE) {
            // It and `stop` read an earlier operator, so their index is not 0.
            if (entry.sampleOperator != 0) revert SecondOperator(index, opcode);
            entry.sampleOperator = index;
        } else if (opcode == Opcodes.STOP) {
            if (entry.stopOperator != 0) revert SecondOperator(index, opcode);
            entry.stopOperator = index;
        }
        return OperatorRules.work(operator);
    }

    function _checkInput(
        bytes32 programRoot,
        uint32 index,
        Operator memory operator,
        uint256 which
    ) private view {
        uint32 input = operator.inputs[which];
        if (input >= index) revert InputNotEarlier(index, input);
        Operator memory source = _operatorAt(programRoot, input);
        if (source.generating && (!operator.generating || OperatorRules.isHistory(operator.opcode, which))) {
            revert InputNotAlwaysThere(index, input);
        }
        Shape memory found = OperatorRules.outputShape(source);
        Shape memory expected = OperatorRules.inputShape(operator, which);
        if (found.kind != expected.kind || found.groups != expected.groups || found.size != expected.size) {
            revert WrongInputShape(index, input, found, expected);
        }
    }

    function _checkTensor(
        bytes32 programRoot,
        Entry memory entry,
        uint32 index,
        Operator memory operator,
        uint256 which
    ) private view {
        uint32 tensor = operator.tensors[which];
        if (tensor >= entry.tensorCount) revert NoSuchTensor(tensor, entry.tensorCount);
        Tensor memory found = _tensorAt(programRoot, entry.operatorCount, tensor);
        Tensor memory expected = OperatorRules.tensorShape(operator, which, entry.contextLength);
        if (found.kind != expected.kind || found.rows != expected.rows || found.columns != expected.columns) {
            revert WrongTensorShape(index, tensor, found, expected);
        }
    }

    function _complete(bytes32 programRoot, Entry memory entry) private {
        if (!entry.embeds) revert OperatorMissing(Opcodes.EMBED);
        if (!entry.seen) revert OperatorMissing(Opcodes.SEEN);
        if (!entry.recent) revert OperatorMissing(Opcodes.RECENT);
        if (entry.sampleOperator == 0) revert OperatorMissing(Opcodes.SAMPLE);
        if (entry.stopOperator == 0) revert OperatorMissing(Opcodes.STOP);
        if (entry.workSoFar == 0) revert WorkOutOfBounds(0, MAX_WORK);
        entry.workPerPosition = entry.workSoFar;
        entry.valid = true;
        emit ProgramValidated(programRoot, _programOf(entry));
    }

    // -------------------------------------------------------------------------------------------- reading

    function _entryOf(bytes32 programRoot) private view returns (Entry memory entry) {
        entry = _entries[programRoot];
        if (entry.vocabularySize == 0) revert UnknownProgram(programRoot);
    }

    function _programOf(Entry memory entry) private pure returns (Program memory) {
        return
            Program({
                vocabularySize: entry.vocabularySize,
                contextLength: entry.contextLength,
                operatorCount: entry.operatorCount,
                tensorCount: entry.tensorCount,
                workPerPosition: entry.workPerPosition,
                sampleOperator: entry.sampleOperator,
                stopOperator: entry.stopOperator,
                valid: entry.valid
            });
    }

    function _operatorAt(bytes32 programRoot, uint256 index) private view returns (Operator memory) {
        (uint256 high, uint256 low) = _record(programRoot, 1 + index);
        return ProgramParts.decodeOperator(high, low);
    }

    function _tensorAt(
        bytes32 programRoot,
        uint256 operatorCount,
        uint256 index
    ) private view returns (Tensor memory) {
        (uint256 high, ) = _record(programRoot, 1 + operatorCount + index);
        return ProgramParts.decodeTensor(high);
    }

    /// @dev Both halves of a part's record.
    function _record(bytes32 programRoot, uint256 part) private view returns (uint256 high, uint256 low) {
        uint256 chunk = part / PARTS_PER_CHUNK;
        address code = _chunks[programRoot][chunk];
        if (code == address(0)) revert ChunkMissing(programRoot, uint32(chunk));
        uint256 offset = 1 + (part % PARTS_PER_CHUNK) * RECORD_BYTES;
        assembly ("memory-safe") {
            extcodecopy(code, 0, offset, RECORD_BYTES)
            high := mload(0)
            low := mload(32)
        }
    }

    // -------------------------------------------------------------------------------------------- numbers

    function _partCount(Entry memory entry) private pure returns (uint256) {
        return 1 + uint256(entry.operatorCount) + entry.tensorCount;
    }

    function _chunkCount(uint256 parts) private pure returns (uint256) {
        return (parts + PARTS_PER_CHUNK - 1) / PARTS_PER_CHUNK;
    }

    /// @dev Levels of a tree over so many leaves.
    function _depth(uint256 leaves) private pure returns (uint256 depth) {
        while (1 << depth < leaves) ++depth;
    }

    function _leaf(bytes calldata part) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 0)
            calldatacopy(add(buffer, 1), part.offset, part.length)
            hash := keccak256(buffer, add(part.length, 1))
        }
    }

    function _node(uint256 level, bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(Commitments.NODE_TAG, uint8(level), left, right));
    }
}
