// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";
import {Opcodes} from "./Opcodes.sol";

/// @title Rules of operators
/// @notice What docs/engine.md, section 5, demands of each opcode: counts, ranges of constants, shapes of inputs, outputs and tensors.
/// The engine has the same rules in engine/src/operators.
library OperatorRules {
    uint8 internal constant ROWS = 0;
    uint8 internal constant TABLE = 1;

    // Byte n belongs to opcode n + 1.
    bytes13 private constant INPUTS = hex"00010101010102010202020101";
    bytes13 private constant FEWEST_TENSORS = hex"01010001010000010001000000";
    bytes13 private constant MOST_TENSORS = hex"01010002010000010001000001";
    bytes13 private constant CONSTANTS = hex"03030203020205010303010101";

    int64 private constant DIMENSION = 65_536;
    int64 private constant HEADS = 1_024;
    int64 private constant HEAD_SIZE = 256;
    int64 private constant MULTIPLIER = 32_767;
    int64 private constant SHIFT = 1_024;
    int64 private constant STOP_TOKENS = 1_024;

    /// @notice Reverts unless an operator of this opcode may have these numbers of inputs, tensors and constants.
    function requireCounts(
        uint32 index,
        uint8 opcode,
        uint8 inputs,
        uint8 tensors,
        uint8 constants
    ) internal pure {
        if (opcode < Opcodes.EMBED || opcode > Opcodes.STOP)
            revert IProgramRegistry.UnknownOpcode(index, opcode);
        uint256 row = opcode - 1;
        uint8 expected = uint8(INPUTS[row]);
        if (inputs != expected) revert IProgramRegistry.WrongInputCount(index, inputs, expected);
        uint8 fewest = uint8(FEWEST_TENSORS[row]);
        uint8 most = uint8(MOST_TENSORS[row]);
        if (tensors < fewest || tensors > most) {
            revert IProgramRegistry.WrongTensorCount(index, tensors, fewest, most);
        }
        expected = uint8(CONSTANTS[row]);
        if (constants != expected) revert IProgramRegistry.WrongConstantCount(index, constants, expected);
    }

    /// @notice Number of inputs of an operator with this opcode.
    function inputCount(uint8 opcode) internal pure returns (uint256) {
        return uint8(INPUTS[opcode - 1]);
    }

    /// @notice Whether this input is also read at all earlier positions.
    function isHistory(uint8 opcode, uint256 input) internal pure returns (bool) {
        return input == 1 && (opcode == Opcodes.SCORES || opcode == Opcodes.MIX);
    }

    /// @notice Reverts unless every constant is in its range and they fit each other and the program.
    function requireConstants(
        uint32 index,
        IProgramRegistry.Operator memory operator,
        uint32 vocabularySize
    ) internal pure {
        uint8 opcode = operator.opcode;
        int64[5] memory constants = operator.constants;
        if (opcode == Opcodes.EMBED || opcode == Opcodes.ARGMAX) {
            if (constants[0] != int64(uint64(vocabularySize))) {
                revert IProgramRegistry.WrongVocabulary(index, constants[0], vocabularySize);
            }
            if (opcode == Opcodes.ARGMAX) return;
            _within(index, constants, 1, 1, DIMENSION);
            _within(index, constants, 2, -SHIFT, SHIFT);
        } else if (opcode == Opcodes.NORMALIZE) {
            _within(index, constants, 0, 1, DIMENSION);
            _within(index, constants, 1, 1, DIMENSION);
            _within(index, constants, 2, 0, (1 << 52) - 1);
        } else if (opcode == Opcodes.NARROW) {
            _within(index, constants, 0, 1, DIMENSION);
            _within(index, constants, 1, 1, DIMENSION);
        } else if (opcode == Opcodes.LINEAR) {
            _within(index, constants, 0, 1, 1 << 24);
            _within(index, constants, 1, 1, DIMENSION);
            _within(index, constants, 2, -SHIFT, SHIFT);
        } else if (opcode == Opcodes.ROTATE) {
            _within(index, constants, 0, 1, HEADS);
            _within(index, constants, 1, 2, HEAD_SIZE);
            if (constants[1] % 2 != 0) revert IProgramRegistry.OddHeadSize(index, constants[1]);
        } else if (opcode == Opcodes.PAGE) {
            _within(index, constants, 0, 1, HEADS);
            _within(index, constants, 1, 1, HEAD_SIZE);
        } else if (opcode == Opcodes.SCORES) {
            _within(index, constants, 0, 1, HEADS);
            _within(index, constants, 1, 1, HEADS);
            _within(index, constants, 2, 1, HEAD_SIZE);
            _within(index, constants, 3, 1, MULTIPLIER);
            _within(index, constants, 4, -SHIFT, SHIFT);
        } else if (opcode == Opcodes.SOFTMAX) {
            _within(index, constants, 0, 1, HEADS);
        } else if (opcode == Opcodes.MIX) {
            _within(index, constants, 0, 1, HEADS);
            _within(index, constants, 1, 1, HEADS);
            _within(index, constants, 2, 1, HEAD_SIZE);
        } else if (opcode == Opcodes.GATE) {
            _within(index, constants, 0, 1, DIMENSION);
            _within(index, constants, 1, -SHIFT, SHIFT);
            _within(index, constants, 2, 17, 62);
        } else if (opcode == Opcodes.ADD) {
            _within(index, constants, 0, 1, DIMENSION);
        } else {
            _within(index, constants, 0, 0, STOP_TOKENS);
            // One list of stop tokens, or none if it would be empty.
            uint8 lists = constants[0] == 0 ? 0 : 1;
            if (operator.tensorCount != lists) {
                revert IProgramRegistry.WrongTensorCount(index, operator.tensorCount, lists, lists);
            }
        }
    }

    function _within(
        uint32 index,
        int64[5] memory constants,
        uint8 constant_,
        int64 minimum,
        int64 maximum
    ) private pure {
        int64 value = constants[constant_];
        if (value < minimum || value > maximum) {
            revert IProgramRegistry.ConstantOutOfRange(index, constant_, value, minimum, maximum);
        }
    }

    /// @notice Shape of the operator's output, whose constants are in range.
    function outputShape(
        IProgramRegistry.Operator memory operator
    ) internal pure returns (IProgramRegistry.Shape memory) {
        uint8 opcode = operator.opcode;
        uint64 first = uint64(operator.constants[0]);
        uint64 second = uint64(operator.constants[1]);
        if (opcode == Opcodes.EMBED) return _wide(second);
        if (opcode == Opcodes.NARROW) return _shape(IProgramRegistry.ShapeType.Narrow, first, second);
        if (opcode == Opcodes.NORMALIZE || opcode == Opcodes.ROTATE) return _wide(first * second);
        if (opcode == Opcodes.PAGE) return _shape(IProgramRegistry.ShapeType.Page, first, second);
        if (opcode == Opcodes.SCORES) return _shape(IProgramRegistry.ShapeType.Positions, first, 1);
        if (opcode == Opcodes.SOFTMAX) return _shape(IProgramRegistry.ShapeType.Weights, first, 1);
        if (opcode == Opcodes.MIX) return _wide(first * uint64(operator.constants[2]));
        if (opcode == Opcodes.ARGMAX) return _shape(IProgramRegistry.ShapeType.Token, 1, 1);
        if (opcode == Opcodes.STOP) return _shape(IProgramRegistry.ShapeType.Flag, 1, 1);
        return _wide(first);
    }

    /// @notice Shape that input `input` of the operator must have.
    function inputShape(
        IProgramRegistry.Operator memory operator,
        uint256 input
    ) internal pure returns (IProgramRegistry.Shape memory) {
        uint8 opcode = operator.opcode;
        uint64 first = uint64(operator.constants[0]);
        uint64 second = uint64(operator.constants[1]);
        if (
            opcode == Opcodes.NORMALIZE ||
            opcode == Opcodes.NARROW ||
            opcode == Opcodes.ROTATE ||
            opcode == Opcodes.PAGE
        ) return _wide(first * second);
        if (opcode == Opcodes.LINEAR) return _shape(IProgramRegistry.ShapeType.Narrow, 1, second);
        if (opcode == Opcodes.SCORES) {
            uint64 heads = input == 0 ? first : second;
            return _shape(IProgramRegistry.ShapeType.Narrow, heads, uint64(operator.constants[2]));
        }
        if (opcode == Opcodes.SOFTMAX) return _shape(IProgramRegistry.ShapeType.Positions, first, 1);
        if (opcode == Opcodes.MIX) {
            if (input == 0) return _shape(IProgramRegistry.ShapeType.Weights, first, 1);
            return _shape(IProgramRegistry.ShapeType.Page, second, uint64(operator.constants[2]));
        }
        if (opcode == Opcodes.STOP) return _shape(IProgramRegistry.ShapeType.Token, 1, 1);
        return _wide(first);
    }

    /// @notice Shape that tensor `tensor` of the operator must have.
    function tensorShape(
        IProgramRegistry.Operator memory operator,
        uint256 tensor,
        uint32 contextLength
    ) internal pure returns (IProgramRegistry.Tensor memory) {
        uint8 opcode = operator.opcode;
        uint32 first = uint32(uint64(operator.constants[0]));
        uint32 second = uint32(uint64(operator.constants[1]));
        if (opcode == Opcodes.EMBED || (opcode == Opcodes.LINEAR && tensor == 0)) {
            return IProgramRegistry.Tensor(ROWS, first, second);
        }
        if (opcode == Opcodes.ROTATE) return IProgramRegistry.Tensor(TABLE, contextLength, second);
        if (opcode == Opcodes.SOFTMAX) return IProgramRegistry.Tensor(TABLE, 256, 2);
        if (opcode == Opcodes.GATE) return IProgramRegistry.Tensor(TABLE, 1_024, 2);
        if (opcode == Opcodes.NORMALIZE) return IProgramRegistry.Tensor(TABLE, 1, second);
        // Biases and stop tokens.
        return IProgramRegistry.Tensor(TABLE, 1, first);
    }

    /// @notice Multiply-adds of the operator at one position, attention not counted.
    function work(IProgramRegistry.Operator memory operator) internal pure returns (uint256) {
        if (operator.opcode != Opcodes.LINEAR) return 0;
        return uint256(uint64(operator.constants[0])) * uint64(operator.constants[1]);
    }

    function _wide(uint64 size) private pure returns (IProgramRegistry.Shape memory) {
        return _shape(IProgramRegistry.ShapeType.Wide, 1, size);
    }

    function _shape(
        IProgramRegistry.ShapeType kind,
        uint64 groups,
        uint64 size
    ) private pure returns (IProgramRegistry.Shape memory) {
        return IProgramRegistry.Shape(kind, groups, size);
    }
}
