// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {Openings, Source} from "./Openings.sol";
import {OperatorSteps} from "./OperatorSteps.sol";
import {Rounding} from "./Rounding.sol";
import {Sections} from "./Sections.sol";
import {Step} from "./Step.sol";
import {Tile} from "./Tile.sol";
import {Reader} from "./Witness.sol";

/// @title Executes the operators on vectors: normalize, narrow, rotate, gate, add
contract VectorSteps is OperatorSteps {
    using Openings for Reader;
    using Openings for Step;
    using Sections for *;
    using Rounding for int256;

    uint256 private constant MAXIMA = 0;
    uint256 private constant EXPONENT = 1;
    uint256 private constant SQUARES = 2;
    uint256 private constant SCALE = 3;

    int256 private constant GAIN_FRACTION = 22;
    int256 private constant ROTARY_FRACTION = 20;
    int256 private constant SIGMOID_FRACTION = 20;
    /// @dev The sigmoid's table has a row for every 1,024 of x, and is 1 behind the last of its 1,024 rows.
    uint256 private constant SIGMOID_ROW_BITS = 10;
    uint256 private constant SIGMOID_ROWS = 1024;

    function _execute(
        uint8 opcode,
        Step memory step,
        Reader memory reader
    ) internal view override returns (int256) {
        if (opcode == Opcodes.NORMALIZE) return _normalize(step, reader);
        if (opcode == Opcodes.NARROW) return _narrow(step, reader);
        if (opcode == Opcodes.ROTATE) return _rotate(step, reader);
        if (opcode == Opcodes.GATE) return _gate(step, reader);
        if (opcode == Opcodes.ADD) return _add(step, reader);
        return _unknown(opcode);
    }

    /// @dev Root-mean-square normalisation of each group. |r · m| <= 2^47, |t · gain| < 2^53 for gains in range and below 2^62 for any.
    function _normalize(Step memory step, Reader memory reader) private view returns (int256) {
        Source memory input = step.inputOf(0);
        Source memory own = step.ownOf();
        uint256 size = step.operator.constantOf(1);
        uint256 index = step.index;
        if (step.section > SCALE) return _normalized(step, reader, size);
        uint256 start = step.group * size;
        bool chunked = size > Sections.WIDE_TILE;
        if (step.section == MAXIMA) {
            uint256 part = start + index * Sections.WIDE_TILE;
            return int256(_largestOf(step, reader, input, part, _partOf(size, index)));
        }
        if (step.section == EXPONENT) {
            uint256 largest =
                chunked
                    ? _largestOfMaxima(
                        reader.tile(step, own, MAXIMA, step.group, 0, step.position),
                        Math.ceilDiv(size, Sections.WIDE_TILE)
                    )
                    : _largestOf(step, reader, input, start, size);
            return int256(Rounding.narrowExponent(largest));
        }
        if (step.section == SQUARES) {
            (int256 part, ) = _squaresOf(
                step,
                reader,
                start + index * Sections.WIDE_TILE,
                _partOf(size, index)
            );
            return part;
        }
        int256 squares;
        int256 exponent;
        if (chunked) {
            Tile parts = reader.tile(step, own, SQUARES, step.group, 0, step.position);
            squares = _sum(parts, Math.ceilDiv(size, Sections.WIDE_TILE));
            exponent = reader.tile(step, own, EXPONENT, step.group, 0, step.position).int32At(0);
        } else {
            (squares, exponent) = _squaresOf(step, reader, start, size);
        }
        (int256 multiplier, int256 shift) = _inverseLength(
            squares,
            int256(step.operator.constantOf(2)),
            exponent
        );
        return index == 0 ? multiplier : shift;
    }

    /// @dev An element of the output: its direction times the gain of its channel.
    function _normalized(Step memory step, Reader memory reader, uint256 size) private view returns (int256) {
        uint256 index = step.index;
        int256 value = reader.output(step, step.inputOf(0), index / Sections.WIDE_TILE).int32At(
            index % Sections.WIDE_TILE
        );
        Tile scale = reader.tile(step, step.ownOf(), SCALE, index / size, 0, step.position);
        uint256 channel = index % size;
        int256 gain = reader.tensor(step, 0, 0, channel / Sections.WIDE_TILE).int32At(
            channel % Sections.WIDE_TILE
        );
        int256 direction = (value * scale.int32At(0)).shiftRound(scale.int32At(1)).saturate32();
        return (direction * gain).shiftRound(GAIN_FRACTION).saturate32();
    }

    /// @dev Opens the one or two tiles of the input that hold `count` elements from `start` on, and the group's exponent. Returns
    /// the sum of the elements' squares, and the exponent.
    function _squaresOf(
        Step memory step,
        Reader memory reader,
        uint256 start,
        uint256 count
    ) private view returns (int256 squares, int256 exponent) {
        uint256 tile = start / Sections.WIDE_TILE;
        uint256 within = start % Sections.WIDE_TILE;
        uint256 end = Math.min(within + count, Sections.WIDE_TILE);
        uint256 rest = within + count - end;
        Tile first = reader.output(step, step.inputOf(0), tile);
        Tile second = rest > 0 ? reader.output(step, step.inputOf(0), tile + 1) : first;
        exponent = reader.tile(step, step.ownOf(), EXPONENT, step.group, 0, step.position).int32At(0);
        squares = _sumOfSquares(first, within, end, exponent) + _sumOfSquares(second, 0, rest, exponent);
    }

    /// @dev int32 to int16 with an exponent a group: nothing is clipped.
    function _narrow(Step memory step, Reader memory reader) private view returns (int256) {
        Source memory input = step.inputOf(0);
        Source memory own = step.ownOf();
        uint256 size = step.operator.constantOf(1);
        uint256 start = step.group * size;
        if (step.section == MAXIMA) {
            uint256 part = step.index * Sections.WIDE_TILE;
            return int256(_largestOf(step, reader, input, start + part, _partOf(size, step.index)));
        }
        if (step.section == EXPONENT) {
            uint256 largest =
                size > Sections.WIDE_TILE
                    ? _largestOfMaxima(
                        reader.tile(step, own, MAXIMA, step.group, 0, step.position),
                        Math.ceilDiv(size, Sections.WIDE_TILE)
                    )
                    : _largestOf(step, reader, input, start, size);
            return int256(Rounding.narrowExponent(largest));
        }
        uint256 element = start + step.index;
        int256 value = reader.output(step, input, element / Sections.WIDE_TILE).int32At(
            element % Sections.WIDE_TILE
        );
        Tile exponents = reader.tile(step, own, EXPONENT, step.group, 0, step.position);
        return value.shiftRound(exponents.int32At(0));
    }

    /// @dev Rotary embedding of pairs (j, j + size / 2) of a head. |x1 · c - x2 · s| <= 2^52 for entries in range, below 2^63 for any.
    function _rotate(Step memory step, Reader memory reader) private view returns (int256) {
        Source memory input = step.inputOf(0);
        uint256 size = step.operator.constantOf(1);
        uint256 half = size / 2;
        uint256 pair = step.index % half;
        uint256 first = step.index - (step.index % size) + pair;
        uint256 second = first + half;
        uint256 tile = first / Sections.WIDE_TILE;
        Tile opened = reader.output(step, input, tile);
        int256 left = opened.int32At(first % Sections.WIDE_TILE);
        if (second / Sections.WIDE_TILE != tile) {
            opened = reader.output(step, input, second / Sections.WIDE_TILE);
        }
        int256 right = opened.int32At(second % Sections.WIDE_TILE);
        Tile row = reader.tensor(step, 0, step.position, 0);
        int256 cosine = row.int32At(pair);
        int256 sine = row.int32At(half + pair);
        int256 sum = step.index == first ? left * cosine - right * sine : right * cosine + left * sine;
        return sum.shiftRound(ROTARY_FRACTION).saturate32();
    }

    /// @dev silu(g) · u. |g · sigmoid| <= 2^51 and the last product is below 2^62, for entries in range; below 2^95 for any.
    function _gate(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 tile = step.index / Sections.WIDE_TILE;
        uint256 within = step.index % Sections.WIDE_TILE;
        int256 gate = reader.output(step, step.inputOf(0), tile).int32At(within);
        int256 up = reader.output(step, step.inputOf(1), tile).int32At(within);
        int256 x = gate.shiftRound(step.operator.constants[1]);
        uint256 row = Rounding.magnitude(x) >> SIGMOID_ROW_BITS;
        int256 one = int256(1) << uint256(SIGMOID_FRACTION);
        int256 sigmoid = one;
        if (row < SIGMOID_ROWS) {
            Tile entry = reader.tensor(step, 0, row, 0);
            int256 rest = int256(Rounding.magnitude(x) % (1 << SIGMOID_ROW_BITS));
            sigmoid = entry.int32At(0) + (entry.int32At(1) * rest).shiftRound(int256(SIGMOID_ROW_BITS));
        }
        if (x < 0) sigmoid = one - sigmoid;
        int256 silu = (gate * sigmoid).shiftRound(SIGMOID_FRACTION);
        return (silu * up).shiftRound(step.operator.constants[2]).saturate32();
    }

    function _add(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 tile = step.index / Sections.WIDE_TILE;
        uint256 within = step.index % Sections.WIDE_TILE;
        int256 left = reader.output(step, step.inputOf(0), tile).int32At(within);
        int256 right = reader.output(step, step.inputOf(1), tile).int32At(within);
        return (left + right).saturate32();
    }

    /// @dev (m, s) such that r · m / 2^s is r / |r| with 30 fraction bits.
    function _inverseLength(
        int256 squares,
        int256 epsilon,
        int256 exponent
    ) private pure returns (int256 multiplier, int256 shift) {
        int256 damping = exponent == 0 ? epsilon : epsilon.shiftRound(2 * exponent);
        uint256 mantissa = squares + damping < 1 ? 1 : uint256(squares + damping);
        int256 half = 0;
        for (; mantissa >= 1 << 32; ++half) mantissa >>= 2;
        for (; mantissa < 1 << 30; --half) mantissa <<= 2;
        return (int256((1 << 31) / Math.sqrt(mantissa)), 1 + half + exponent);
    }

    /// @dev Opens the tiles of a wide input that hold `count` elements from `start` on. Returns their largest magnitude.
    function _largestOf(
        Step memory step,
        Reader memory reader,
        Source memory input,
        uint256 start,
        uint256 count
    ) private pure returns (uint256 largest) {
        uint256 end = start + count;
        while (start < end) {
            uint256 tile = start / Sections.WIDE_TILE;
            uint256 tileStart = tile * Sections.WIDE_TILE;
            uint256 tileEnd = Math.min(end, tileStart + Sections.WIDE_TILE);
            Tile part = reader.output(step, input, tile);
            largest = _largest(part, start - tileStart, tileEnd - tileStart, largest);
            start = tileEnd;
        }
    }

    /// @dev Largest magnitude of elements `start` to `end` - 1, and `largest`.
    function _largest(Tile part, uint256 start, uint256 end, uint256 largest) private pure returns (uint256) {
        unchecked {
            for (uint256 i = start; i < end; ++i) {
                uint256 value = Rounding.magnitude(part.int32At(i));
                if (value > largest) largest = value;
            }
        }
        return largest;
    }

    function _largestOfMaxima(Tile maxima, uint256 count) private pure returns (uint256 largest) {
        for (uint256 i; i < count; ++i) largest = Math.max(largest, maxima.uint32At(i));
    }

    /// @dev Of elements `start` to `end` - 1: at most 1,024 squares below 2^62, for any exponent.
    function _sumOfSquares(
        Tile part,
        uint256 start,
        uint256 end,
        int256 exponent
    ) private pure returns (int256 squares) {
        unchecked {
            for (uint256 i = start; i < end; ++i) {
                int256 value = part.int32At(i).shiftRound(exponent);
                squares += value * value;
            }
        }
    }

    function _sum(Tile parts, uint256 count) private pure returns (int256 sum) {
        for (uint256 i; i < count; ++i) sum += parts.int64At(i);
    }

    /// @dev Elements of chunk `chunk` of a reduction over `size`.
    function _partOf(uint256 size, uint256 chunk) private pure returns (uint256) {
        return Math.min(Sections.WIDE_TILE, size - chunk * Sections.WIDE_TILE);
    }
}
