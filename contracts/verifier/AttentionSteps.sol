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

/// @title Executes the operators of attention: page, scores, softmax, mix
contract AttentionSteps is OperatorSteps {
    using Openings for Reader;
    using Openings for Source;
    using Openings for Step;
    using Sections for *;
    using Rounding for int256;

    /// @dev Section of the exponents of narrow inputs.
    uint256 private constant EXPONENTS = 1;

    uint256 private constant SOFTMAX_MAXIMA = 0;
    uint256 private constant SOFTMAX_MAXIMUM = 1;

    uint256 private constant MIX_PARTIAL_WEIGHTS = 0;
    uint256 private constant MIX_TOTAL_WEIGHT = 1;
    uint256 private constant MIX_PARTIALS = 2;
    /// @dev 31 less the fraction bits that the mean has beyond those of the values.
    int256 private constant MIX_SHIFT = 31 - 12;

    function _execute(
        uint8 opcode,
        Step memory step,
        Reader memory reader
    ) internal view override returns (int256) {
        if (opcode == Opcodes.PAGE) return _page(step, reader);
        if (opcode == Opcodes.SCORES) return _scores(step, reader);
        if (opcode == Opcodes.SOFTMAX) return _softmax(step, reader);
        if (opcode == Opcodes.MIX) return _mix(step, reader);
        return _unknown(opcode);
    }

    /// @dev A column of a page of values: this position's, the previous position's page, or nothing yet.
    function _page(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 column = step.position % Sections.PAGE;
        if (step.index > column) return 0;
        if (step.index < column) {
            Source memory own = step.ownOf();
            return reader.tile(step, own, 0, step.group, 0, step.position - 1).int16At(step.index);
        }
        Tile values = reader.output(step, step.inputOf(0), step.group / Sections.WIDE_TILE);
        return values.int32At(step.group % Sections.WIDE_TILE).saturateNarrow();
    }

    /// @dev |dot| <= 256 · 2^30 = 2^38 for any values, multiplier < 2^15.
    function _scores(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 keyHead = (step.group * step.operator.constantOf(1)) / step.operator.constantOf(0);
        Source memory queries = step.inputOf(0);
        Source memory keys = step.inputOf(1);
        uint256 output = queries.outputOf();
        Tile query = reader.tile(step, queries, output, step.group, 0, step.position);
        int256 exponents = reader.tile(step, queries, EXPONENTS, step.group, 0, step.position).int32At(0);
        Tile key = reader.tile(step, keys, output, keyHead, 0, step.index);
        exponents += reader.tile(step, keys, EXPONENTS, keyHead, 0, step.index).int32At(0);
        int256 product = Products.dotNarrow(query, key, step.operator.constantOf(2));
        return
            (product * step.operator.constants[3])
                .shiftRound(step.operator.constants[4] - exponents)
                .saturate32();
    }

    function _softmax(Step memory step, Reader memory reader) private view returns (int256) {
        Source memory own = step.ownOf();
        if (step.section == SOFTMAX_MAXIMUM) {
            uint256 spans = Sections.tilesPerGroup(own.sections[SOFTMAX_MAXIMA]);
            uint256 left = step.position / Sections.POSITION_TILE + 1;
            int256 maximum = type(int32).min;
            for (uint256 i; i < spans; ++i) {
                Tile maxima = reader.tile(step, own, SOFTMAX_MAXIMA, step.group, i, step.position);
                uint256 count = Math.min(left, own.sections[SOFTMAX_MAXIMA].tile);
                maximum = _maximum(maxima, count, maximum);
                left -= count;
            }
            return maximum;
        }
        Source memory scores = step.inputOf(0);
        if (step.section == SOFTMAX_MAXIMA) {
            Tile part = _positions(step, reader, scores, step.group, step.index);
            return _maximum(part, _activeIn(step, step.index), type(int32).min);
        }
        uint256 tile = step.index / Sections.POSITION_TILE;
        int256 score = _positions(step, reader, scores, step.group, tile).int32At(
            step.index % Sections.POSITION_TILE
        );
        Tile highest = reader.tile(step, own, SOFTMAX_MAXIMUM, step.group, 0, step.position);
        return _powerOfTwo(step, reader, highest.int32At(0) - score);
    }

    /// @dev 2^-x with 22 fraction bits, for x in [0, 2^32) with 16 fraction bits. For any entries below 2^41.
    function _powerOfTwo(Step memory step, Reader memory reader, int256 x) private view returns (int256) {
        Tile entry = reader.tensor(step, 0, uint256(x >> 8) % 256, 0);
        int256 value = entry.int32At(0) + (entry.int32At(1) * int256(uint256(x) % 256)).shiftRound(8);
        int256 halvings = x >> 16;
        return halvings == 0 ? value : value.shiftRound(halvings);
    }

    function _mix(Step memory step, Reader memory reader) private view returns (int256) {
        if (step.section == MIX_PARTIAL_WEIGHTS) {
            Tile part = _positions(step, reader, step.inputOf(0), step.group, step.index);
            return _sum32(part, _activeIn(step, step.index));
        }
        Source memory own = step.ownOf();
        uint256 spans = step.position / Sections.POSITION_TILE + 1;
        if (step.section == MIX_TOTAL_WEIGHT) {
            Tile parts = reader.tile(step, own, MIX_PARTIAL_WEIGHTS, step.group, 0, step.position);
            return _sum64(parts, spans);
        }
        if (step.section == MIX_PARTIALS) return _weighted(step, reader);
        uint256 head = step.index / step.operator.constantOf(2);
        Tile partials = reader.tile(step, own, MIX_PARTIALS, step.index, 0, step.position);
        Tile total = reader.tile(step, own, MIX_TOTAL_WEIGHT, head, 0, step.position);
        return _mean(_sum64(partials, spans), total.int64At(0));
    }

    /// @dev Sum over a span of 256 positions of weight times value: below 256 · 2^31 · 2^15 = 2^54 for any.
    function _weighted(Step memory step, Reader memory reader) private view returns (int256 sum) {
        uint256 size = step.operator.constantOf(2);
        uint256 head = step.group / size;
        uint256 valueHead = (head * step.operator.constantOf(1)) / step.operator.constantOf(0);
        Tile weights = _positions(step, reader, step.inputOf(0), head, step.index);
        Source memory pages = step.inputOf(1);
        uint256 channel = valueHead * size + (step.group % size);
        uint256 active = _activeIn(step, step.index);
        for (uint256 start; start < active; start += Sections.PAGE) {
            uint256 count = Math.min(Sections.PAGE, active - start);
            uint256 last = step.index * Sections.POSITION_TILE + start + count - 1;
            Tile page = reader.tile(step, pages, 0, channel, 0, last);
            unchecked {
                for (uint256 i; i < count; ++i) sum += weights.int32At(start + i) * page.int16At(i);
            }
        }
    }

    /// @dev S / P with 12 more fraction bits than the values. |S| <= 65,536 · 2^46 = 2^62 for any weights and values.
    function _mean(int256 sum, int256 total) private pure returns (int256) {
        uint256 divisor = total < 1 ? 1 : uint256(total);
        int256 spare = int256(Rounding.bitLength(divisor)) - 16;
        uint256 mantissa = spare < 0 ? divisor << uint256(-spare) : divisor >> uint256(spare);
        int256 reciprocal = int256((1 << 31) / mantissa);
        return (sum.shiftRound(spare) * reciprocal).shiftRound(MIX_SHIFT).saturate32();
    }

    /// @dev A tile over positions of a head, of an input at the step's position.
    function _positions(
        Step memory step,
        Reader memory reader,
        Source memory input,
        uint256 head,
        uint256 tile
    ) private pure returns (Tile) {
        return reader.tile(step, input, input.outputOf(), head, tile, step.position);
    }

    /// @dev Positions of a span of 256 up to the step's; the span begins at or before it.
    function _activeIn(Step memory step, uint256 span) private pure returns (uint256) {
        return Math.min(Sections.POSITION_TILE, step.position + 1 - span * Sections.POSITION_TILE);
    }

    function _maximum(Tile part, uint256 count, int256 maximum) private pure returns (int256) {
        unchecked {
            for (uint256 i; i < count; ++i) {
                int256 value = part.int32At(i);
                if (value > maximum) maximum = value;
            }
        }
        return maximum;
    }

    function _sum32(Tile part, uint256 count) private pure returns (int256 sum) {
        unchecked {
            for (uint256 i; i < count; ++i) sum += part.int32At(i);
        }
    }

    function _sum64(Tile part, uint256 count) private pure returns (int256 sum) {
        unchecked {
            for (uint256 i; i < count; ++i) sum += part.int64At(i);
        }
    }
}
