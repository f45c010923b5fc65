// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";
import {OperatorRules} from "./OperatorRules.sol";

/// @title Parts of a program
/// @notice Reads the canonical bytes of header, operators and tensors (docs/engine.md, "Canonical bytes") into records of 64 bytes:
/// operator: opcode ‖ phase ‖ tensors ‖ 2 × uint32 input ‖ 2 × uint32 tensor ‖ 5 zero bytes ‖ 5 × int64 constant;
/// tensor: kind ‖ uint32 rows ‖ uint32 columns, then zeros. What an operator does not have is 0.
library ProgramParts {
    bytes8 private constant MARK = "athanor\n";
    uint256 private constant HEADER_BYTES = 24;
    uint256 private constant TENSOR_BYTES = 9;

    uint256 private constant SPACES = 0x2020202020202020202020202020202020202020202020202020202020202020;
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// @notice Reads part 0.
    function header(
        bytes calldata part
    )
        internal
        pure
        returns (uint32 vocabularySize, uint32 contextLength, uint32 operatorCount, uint32 tensorCount)
    {
        _requireLength(0, part.length, HEADER_BYTES);
        uint256 word = _load(part, 0);
        if (bytes8(bytes32(word)) != MARK) revert IProgramRegistry.WrongMark(bytes8(bytes32(word)));
        vocabularySize = uint32(word >> 160);
        contextLength = uint32(word >> 128);
        operatorCount = uint32(word >> 96);
        tensorCount = uint32(word >> 64);
    }

    /// @notice Reads a tensor, which is part `number`.
    function encodeTensor(uint32 number, bytes calldata part) internal pure returns (uint256) {
        _requireLength(number, part.length, TENSOR_BYTES);
        uint256 word = _load(part, 0);
        if (word >> 248 > OperatorRules.TABLE) {
            revert IProgramRegistry.UnknownTensorKind(number, uint8(word >> 248));
        }
        return _first(word, TENSOR_BYTES);
    }

    /// @notice Reads an operator, which is part `number`; its counts are those of its opcode and its name is printable.
    function encodeOperator(
        uint32 number,
        bytes calldata part
    ) internal pure returns (uint256 high, uint256 low) {
        if (part.length < 6) revert IProgramRegistry.WrongPartLength(number, part.length, 6);
        uint256 word = _load(part, 0);
        uint8 phase = uint8(word >> 240);
        uint256 inputs = uint8(word >> 232);
        uint256 tensors = uint8(word >> 224);
        uint256 constants = uint8(word >> 216);
        uint256 name = uint8(word >> 208);
        uint32 index = number - 1;
        OperatorRules.requireCounts(
            index,
            uint8(word >> 248),
            uint8(inputs),
            uint8(tensors),
            uint8(constants)
        );
        if (phase > 1) revert IProgramRegistry.UnknownPhase(index, phase);
        uint256 constantsAt = 6 + 4 * (inputs + tensors);
        uint256 nameAt = constantsAt + 8 * constants;
        _requireLength(number, part.length, nameAt + name);
        _requirePrintable(index, part, nameAt);
        high =
            _first(word, 2) |
            (tensors << 232) |
            (_first(_load(part, 6), 4 * inputs) >> 24) |
            (_first(_load(part, 6 + 4 * inputs), 4 * tensors) >> 88) |
            (_first(_load(part, constantsAt), 8 * constants) >> 192);
        low = constants < 2 ? 0 : _first(_load(part, constantsAt + 8), 8 * (constants - 1));
    }

    /// @notice The operator of a record.
    function decodeOperator(
        uint256 high,
        uint256 low
    ) internal pure returns (IProgramRegistry.Operator memory operator) {
        operator.opcode = uint8(high >> 248);
        operator.generating = uint8(high >> 240) == 1;
        operator.tensorCount = uint8(high >> 232);
        operator.inputs[0] = uint32(high >> 200);
        operator.inputs[1] = uint32(high >> 168);
        operator.tensors[0] = uint32(high >> 136);
        operator.tensors[1] = uint32(high >> 104);
        operator.constants[0] = int64(uint64(high));
        operator.constants[1] = int64(uint64(low >> 192));
        operator.constants[2] = int64(uint64(low >> 128));
        operator.constants[3] = int64(uint64(low >> 64));
        operator.constants[4] = int64(uint64(low));
    }

    /// @notice The tensor of a record.
    function decodeTensor(uint256 high) internal pure returns (IProgramRegistry.Tensor memory) {
        return IProgramRegistry.Tensor(uint8(high >> 248), uint32(high >> 216), uint32(high >> 184));
    }

    /// @dev Printable is 0x20 to 0x7e. With every byte below 0x80, byte + 0x60 has its top bit set from 0x20 on and byte + 1 only at 0x7f.
    function _requirePrintable(uint32 index, bytes calldata part, uint256 offset) private pure {
        uint256 wrong;
        for (; offset < part.length; offset += 32) {
            uint256 length = part.length - offset;
            uint256 word = _load(part, offset);
            if (length < 32) word = _first(word, length) | (SPACES >> (8 * length));
            unchecked {
                wrong |= word | ~(word + ONES * 0x60) | (word + ONES);
            }
        }
        if (wrong & (ONES << 7) != 0) revert IProgramRegistry.NameNotPrintable(index);
    }

    function _requireLength(uint32 number, uint256 length, uint256 expected) private pure {
        if (length != expected) revert IProgramRegistry.WrongPartLength(number, length, expected);
    }

    /// @dev 32 bytes of the part from `offset` on; those beyond its end are something else.
    function _load(bytes calldata part, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(part.offset, offset))
        }
    }

    /// @dev The word with all but its first `count` bytes set to 0.
    function _first(uint256 word, uint256 count) private pure returns (uint256) {
        return word & ~(type(uint256).max >> (8 * count));
    }
}
