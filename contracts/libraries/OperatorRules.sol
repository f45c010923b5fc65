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
    bytes15 private constant INPUTS = hex"000101010101020102020202020000";
    bytes15 private constant FEWEST_TENSORS = hex"010100010100000100010001000000";
    bytes15 private constant MOST_TENSORS = hex"010100020100000100010002010000";
    bytes15 private constant CONSTANTS = hex"030302030202050103030102010100";

    int64 private constant DIMENSION = 65_536;
    int64 private constant HEADS = 1_024;
    int64 private constant HEAD_SIZE = 256;
    int64 private constant MULTIPLIER = 32_767;
    int64 private constant SHIFT = 1_024;
    int64 private constant STOP_TOKENS = 1_024;
    uint64 private constant TOKENS_PER_WORD = 32;
    uint64 private constant RECENT_TOKENS = 16;

    /// @notice Reverts unless an operator of this opcode may have these numbers of inputs, tensors and constants.
    function requireCounts(
        uint32 index,
        uint8 opcode,
        uint8 inputs,
        uint8 tensors,
        uint8 constants
    ) internal pure {
        if (opcode < Opcodes.EMBED || opcode > Opcodes.RECENT)
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

    /// @notice Reverts if the operator has to run everywhere, since it reads itself at the position before, or only where a token is generated,
    /// and does not.
    function requirePhase(uint32 index, IProgramRegistry.Operator memory operator) internal pure {
        uint8 opcode = operator.opcode;
        bool generating = opcode == Opcodes.SAMPLE || opcode == Opcodes.STOP;
        bool always = opcode == Opcodes.PAGE || opcode == Opcodes.SEEN || opcode == Opcodes.RECENT;
        if (operator.generating ? always : generating) {
            revert IProgramRegistry.WrongPhase(index, operator.generating ? 1 : 0, generating ? 1 : 0);
        }
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
        if (opcode == Opcodes.EMBED || opcode == Opcodes.SAMPLE || opcode == Opcodes.SEEN) {
            if (constants[0] != int64(uint64(vocabularySize))) {
                revert IProgramRegistry.WrongVocabulary(index, constants[0], vocabularySize);
            }
            if (opcode == Opcodes.EMBED) {
                _within(index, constants, 1, 1, DIMENSION);
                _within(index, constants, 2, -SHIFT, SHIFT);
            } else if (opcode == Opcodes.SAMPLE) {
                _within(index, constants, 1, 0, STOP_TOKENS);
                // The exponential table, then the list of stop tokens.
                _requireList(index, operator.tensorCount, constants[1], 1);
            }
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
        } else if (opcode == Opcodes.STOP) {
            _within(index, constants, 0, 0, STOP_TOKENS);
            _requireList(index, operator.tensorCount, constants[0], 0);
        }
    }

    /// @dev One list of stop tokens, or none if it would be empty.
    function _requireList(uint32 index, uint8 tensors, int64 stopTokens, uint8 others) private pure {
        uint8 expected = stopTokens == 0 ? others : others + 1;
        if (tensors != expected) revert IProgramRegistry.WrongTensorCount(index, tensors, expected, expected);
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
        if (opcode == Opcodes.SAMPLE) return _shape(IProgramRegistry.ShapeType.Token, 1, 1);
        if (opcode == Opcodes.STOP) return _shape(IProgramRegistry.ShapeType.Flag, 1, 1);
        if (opcode == Opcodes.SEEN) return _seen(first);
        if (opcode == Opcodes.RECENT) return _recent();
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
        if (opcode == Opcodes.SAMPLE && input == 1) return _seen(first);
        if (opcode == Opcodes.STOP) {
            return input == 0 ? _shape(IProgramRegistry.ShapeType.Token, 1, 1) : _recent();
        }
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
        if (opcode == Opcodes.SOFTMAX || (opcode == Opcodes.SAMPLE && tensor == 0)) {
            return IProgramRegistry.Tensor(TABLE, 256, 2);
        }
        if (opcode == Opcodes.SAMPLE) return IProgramRegistry.Tensor(TABLE, 1, second);
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

    function _seen(uint64 vocabulary) private pure returns (IProgramRegistry.Shape memory) {
        uint64 words = (vocabulary + TOKENS_PER_WORD - 1) / TOKENS_PER_WORD;
        return _shape(IProgramRegistry.ShapeType.Seen, 1, words);
    }

    function _recent() private pure returns (IProgramRegistry.Shape memory) {
        return _shape(IProgramRegistry.ShapeType.Recent, 1, RECENT_TOKENS);
    }

    function _shape(
        IProgramRegistry.ShapeType kind,
        uint64 groups,
        uint64 size
    ) private pure returns (IProgramRegistry.Shape memory) {
        return IProgramRegistry.Shape(kind, groups, size);
    }
}
