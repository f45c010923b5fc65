// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {Openings, Source} from "./Openings.sol";
import {OperatorSteps} from "./OperatorSteps.sol";
import {Products} from "./Products.sol";
import {Rounding} from "./Rounding.sol";
import {Sections} from "./Sections.sol";
import {Step} from "./Step.sol";
import {Tile} from "./Tile.sol";
import {Reader} from "./Witness.sol";

/// @title Executes the product of a matrix and a vector
contract LinearSteps is OperatorSteps {
    using Openings for Reader;
    using Openings for Source;
    using Openings for Step;
    using Sections for *;
    using Rounding for int256;

    uint256 private constant PARTIALS = 0;
    /// @dev Section of the exponents of the narrow input.
    uint256 private constant EXPONENTS = 1;
    /// @dev Bytes of a chunk of a row before its weights.
    uint256 private constant ROW_HEADER = 4;

    function _execute(
        uint8 opcode,
        Step memory step,
        Reader memory reader
    ) internal view override returns (int256) {
        if (opcode != Opcodes.LINEAR) return _unknown(opcode);
        uint256 columns = step.operator.constantOf(1);
        uint256 chunks = Math.ceilDiv(columns, Sections.NARROW_TILE);
        if (step.section != PARTIALS) return _output(step, reader, columns, chunks);
        uint256 chunk = step.index % chunks;
        Tile row = reader.tensor(step, 0, step.index / chunks, chunk);
        Tile values = reader.output(step, step.inputOf(0), chunk);
        uint256 count = Math.min(Sections.NARROW_TILE, columns - chunk * Sections.NARROW_TILE);
        return Products.dot(row.skip(ROW_HEADER), values, count);
    }

    /// @dev |sum| <= 65,536 · 2^22 = 2^38 for any weights and values, m < 2^16.
    function _output(
        Step memory step,
        Reader memory reader,
        uint256 columns,
        uint256 chunks
    ) private view returns (int256 value) {
        Source memory input = step.inputOf(0);
        Tile row;
        int256 sum;
        if (chunks > 1) {
            uint256 tile = step.index / Sections.PARTIAL_ROWS;
            Tile partials = reader.tile(step, step.ownOf(), PARTIALS, 0, tile, step.position);
            uint256 first = (step.index % Sections.PARTIAL_ROWS) * chunks;
            for (uint256 i; i < chunks; ++i) sum += partials.int64At(first + i);
            row = reader.tensor(step, 0, step.index, 0);
        } else {
            row = reader.tensor(step, 0, step.index, 0);
            Tile values = reader.output(step, input, 0);
            sum = Products.dot(row.skip(ROW_HEADER), values, columns);
        }
        int256 exponent = reader.tile(step, input, EXPONENTS, 0, 0, step.position).int32At(0);
        int256 multiplier = int256(row.uint32At(0) >> 16);
        int256 shift = row.int16At(1) + step.operator.constants[2] - exponent;
        value = (sum * multiplier).shiftRound(shift).saturate32();
        if (step.operator.tensorCount > 1) {
            Tile biases = reader.tensor(step, 1, 0, step.index / Sections.WIDE_TILE);
            value = (value + biases.int32At(step.index % Sections.WIDE_TILE)).saturate32();
        }
    }
}
